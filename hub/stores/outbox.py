"""A reader of the event log that keeps its place: fan-out to rooms, the relay to Kafka."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

import structlog

from hub.cancelled import asked_to_end
from services.base import Clock
from services.errors import Unavailable
from services.ports import Log, LogRecord

_log: Any = structlog.get_logger("hub.stores.outbox")

BATCH: Final = 500  # records per delivery
IDLE_S: Final = 5.0  # longest wait for news before it looks again
KEEP_EVERY_S: Final = 0.2  # the place is stored at most this often, where the reader does not say otherwise
FIRST_PAUSE_S: Final = 0.1  # after a failure; doubled up to
LONGEST_PAUSE_S: Final = 10.0

Deliver = Callable[[Sequence[LogRecord]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Lag:
    """How far a reader is behind: records not delivered yet, and the age of the oldest of them."""

    records: int
    age_s: float


class OutboxReader:
    """Delivers committed records in order, each at least once, while its `async with` block runs.

    The place moves only after `deliver` has returned. A delivery that fails is tried again, the same
    records first, after a growing pause: nothing is skipped.
    """

    def __init__(
        self,
        log: Log,
        name: str,
        deliver: Deliver,
        *,
        clock: Clock,
        from_newest: bool = False,
        keep_every_s: float | None = None,
    ) -> None:
        """`from_newest`: begin at the end of the log, for a reader whose clients take snapshots first.

        `keep_every_s`: the place is stored at most so often, KEEP_EVERY_S if not given.
        """
        self._log = log
        self._name = name
        self._deliver = deliver
        self._clock = clock
        self._from_newest = from_newest
        self._keep_every_s = KEEP_EVERY_S if keep_every_s is None else keep_every_s
        self._at = self._kept = 0
        self._kept_at_s = 0.0
        self._behind: LogRecord | None = None
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._kept = await self._log.position(self._name) or 0
        self._at = await self._log.last() if self._from_newest else self._kept
        self._task = asyncio.create_task(self._run(), name=f"outbox reader {self._name}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop after or in the middle of a delivery, and keep the place of the last whole one."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._keep()

    @property
    def at(self) -> int:
        """The number of the newest record that was delivered."""
        return self._at

    async def lag(self) -> Lag:
        behind = max(0, await self._log.last() - self._at)
        oldest = self._behind
        age_s = (self._clock() - oldest.at).total_seconds() if behind and oldest else 0.0
        return Lag(behind, max(0.0, age_s))

    async def _run(self) -> None:
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                await self._step()
                pause_s = FIRST_PAUSE_S
            except (Exception, asyncio.CancelledError) as error:
                if isinstance(error, asyncio.CancelledError) and asked_to_end():
                    raise
                first = pause_s == FIRST_PAUSE_S  # of an outage: the others need no traceback
                _log.warning(
                    "delivery failed, trying again",
                    reader=self._name,
                    after=self._at,
                    why=str(error) or type(error).__name__,
                    exc_info=first,
                )
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, LONGEST_PAUSE_S)

    async def _step(self) -> None:
        """Deliver what is next, or wait for it; keep the place when it is time."""
        records = await self._log.read(after=self._at, limit=BATCH)
        if records:
            self._behind = records[0]
            await self._deliver(records)
            self._at = records[-1].seq
            self._behind = None
            await self._keep_in_time()
        else:
            await self._wait()

    async def _wait(self) -> None:
        """Until there is news; a place that is not stored yet is stored meanwhile."""
        timeout_s = IDLE_S if self._at == self._kept else self._keep_every_s
        if not await self._log.wait(after=self._at, timeout_s=timeout_s):
            await self._keep()

    async def _keep_in_time(self) -> None:
        if asyncio.get_running_loop().time() - self._kept_at_s >= self._keep_every_s:
            await self._keep()

    async def _keep(self) -> None:
        """Store the place. When the store is down it stays where it was: records come once more."""
        self._kept_at_s = asyncio.get_running_loop().time()
        if self._at == self._kept:
            return
        try:
            await self._log.keep_position(self._name, self._at)
            self._kept = self._at
        except Unavailable:
            _log.warning("place not kept", reader=self._name, at=self._at)
