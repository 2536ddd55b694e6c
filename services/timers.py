"""Due times as rows: they survive a restart and fire in the transaction that removes them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

from services.again import insist
from services.errors import Unavailable
from services.ports import Range, Transaction
from services.upkeep_models import Timer
from services.world import World

Step = Callable[[Transaction, str], Awaitable[None]]
"""What a timer does with its subject; it looks at the subject's state itself."""

BATCH: Final = 100
PUT_OFF: Final = timedelta(seconds=30)


def timer(kind: str, subject: str, due_at: datetime) -> Timer:
    """A new timer; there is one of a kind for each subject."""
    return Timer(id=f"{kind}:{subject}", kind=kind, subject=subject, due_at=due_at)


async def set_timer(tx: Transaction, wanted: Timer) -> None:
    """Let a timer fire at its time, instead of any earlier arrangement."""
    present = await tx.timers.get(wanted.id)
    if present is None:
        await tx.timers.insert(wanted)
    elif present.due_at != wanted.due_at:
        await tx.timers.replace(present.changed(due_at=wanted.due_at))


async def clear_timers(tx: Transaction, subject: str, *kinds: str) -> None:
    for kind in kinds:
        await tx.timers.delete(f"{kind}:{subject}")


class TimerService:
    """Fires what is due. Its owner calls it again at the time that it answers."""

    def __init__(self, world: World, steps: Mapping[str, Step]) -> None:
        self._world = world
        self._steps = steps

    async def run_due(self, now: datetime) -> datetime | None:
        """Fire every timer due by `now`, oldest first; answers when the next one is due.

        A timer whose step fails is put off and does not hold up the others; the failures are raised
        together at the end, for the owner to report.
        """
        failures: list[Exception] = []
        while due := await self._due(now):
            failures += [failure for one in due if (failure := await self._fire(one, now))]
        if failures:
            raise ExceptionGroup("timers failed and were put off", failures)
        following = await self._world.records.now.timers.first({}, order=("due_at",))
        return following.due_at if following else None

    async def _due(self, now: datetime) -> list[Timer]:
        timers = self._world.records.now.timers
        return await timers.find({"due_at": Range(lte=now)}, order=("due_at", "id"), limit=BATCH)

    async def _fire(self, due: Timer, now: datetime) -> Exception | None:
        try:
            await insist(lambda: self._run_step(due, now))
        except Unavailable:
            raise
        except Exception as failure:
            await insist(lambda: self._put_off(due, now))
            return failure
        return None

    async def _run_step(self, due: Timer, now: datetime) -> None:
        async with self._world.records.transaction() as tx:
            present = await tx.timers.get(due.id)
            if present is None or present.due_at > now:  # cleared or moved since it was read
                return
            await tx.timers.delete(due.id)
            await self._steps[due.kind](tx, due.subject)

    async def _put_off(self, due: Timer, now: datetime) -> None:
        async with self._world.records.transaction() as tx:
            if await tx.timers.get(due.id) is not None:
                await set_timer(tx, due.model_copy(update={"due_at": now + PUT_OFF}))
