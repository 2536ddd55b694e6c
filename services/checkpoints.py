"""The network's state, kept now and then, so that the state at any moment is a short fold of events away."""

from __future__ import annotations

import zlib
from base64 import b64decode, b64encode
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import orjson

from services.admin_models import Checkpoint, CheckpointPart
from services.base import rfc3339
from services.past import Things, present
from services.ports import Range
from services.world import World

EVERY: Final = timedelta(hours=1)  # while anything happens
LONGEST_APART: Final = timedelta(days=1)
SHORTEST_APART: Final = timedelta(minutes=10)
MOST_EVENTS: Final = 20_000  # between two that are not too near to each other
KEPT: Final = timedelta(days=8)  # a day longer than the log
SETTLED: Final = timedelta(seconds=10)
"""What a checkpoint has seen is in the log by then: numbers follow commits within seconds, on every node."""

PART: Final = 100  # things
DELETED_AT_ONCE: Final = 200


class Checkpoints:
    """Takes, finds and drops checkpoints."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def is_due(self) -> bool:
        newest = await self._world.records.now.checkpoints.first({"id": Range(gt="")}, order=("-id",))
        if newest is None:
            return True
        age = self._world.clock() - newest.taken_at
        events = await self._world.log.last() - newest.seq
        is_busy = events >= MOST_EVENTS and age >= SHORTEST_APART
        return is_busy or (events > 0 and age >= EVERY) or age >= LONGEST_APART

    async def take(self) -> Checkpoint:
        """Keep the present state. Events that come meanwhile may be in it or not: each tells a whole."""
        id, seq = rfc3339(self._world.clock()), await self._world.log.last()
        count, things = 0, Things()
        async for key, thing in present(self._world.records.now, self._world.live):
            things[key], count = thing, count + 1
            if len(things) == PART:
                await self._keep(id, count, things)
                things = Things()
        if things:
            await self._keep(id, count, things)
        taken = Checkpoint(id=id, taken_at=self._world.clock(), seq=seq, things=count)
        async with self._world.records.transaction() as tx:
            await tx.checkpoints.insert(taken)
        return taken

    async def _keep(self, checkpoint_id: str, number: int, things: Things) -> None:
        packed = b64encode(zlib.compress(orjson.dumps(things))).decode()
        part = CheckpointPart(
            id=f"{checkpoint_id}/{number:08}",
            checkpoint_id=checkpoint_id,
            last_key=max(things),
            things=packed,
        )
        async with self._world.records.transaction() as tx:
            await tx.checkpoint_parts.insert(part)

    async def before(self, at: datetime) -> Checkpoint | None:
        """The newest one from which the state at a moment can be told."""
        settled = at - SETTLED
        found = await self._world.records.now.checkpoints.find(
            {"id": Range(lte=rfc3339(settled))}, order=("-id",), limit=2
        )
        return next((one for one in found if one.taken_at <= settled), None)

    async def told_from(self) -> datetime | None:
        """Since when the state of a moment can be told; none without checkpoints."""
        oldest = await self._world.records.now.checkpoints.first({"id": Range(gt="")})
        return None if oldest is None else oldest.taken_at + SETTLED

    async def things(self, taken: Checkpoint, *, after: str, count: int) -> tuple[Things, str | None]:
        """At least `count` of its things with greater keys, and the last key of these; none at the end."""
        found = await self._world.records.now.checkpoint_parts.find(
            {"checkpoint_id": taken.id, "last_key": Range(gt=after)},
            order=("last_key",),
            limit=count // PART + 3,
        )
        parts = found[: count // PART + 2]
        things = {key: thing for part in parts for key, thing in _opened(part).items() if key > after}
        return things, parts[-1].last_key if len(found) > len(parts) else None

    async def drop_old(self) -> int:
        """Forget what is past its time, and parts of one that was never finished; answers how many."""
        old = {"id": Range(lt=rfc3339(self._world.clock() - KEPT))}
        heads = await self._world.records.now.checkpoints.find(old, limit=DELETED_AT_ONCE)
        async with self._world.records.transaction() as tx:
            for head in heads:
                await tx.checkpoints.delete(head.id)
        return len(heads) + await self._drop_parts()

    async def _drop_parts(self) -> int:
        """Of checkpoints older than the oldest one that is there."""
        oldest = await self._world.records.now.checkpoints.first({"id": Range(gt="")})
        if oldest is None:
            return 0
        old = {"id": Range(lt=oldest.id)}  # parts have their checkpoint's id, and more
        total, parts = 0, await self._some(old)
        while parts:
            async with self._world.records.transaction() as tx:
                for part in parts:
                    await tx.checkpoint_parts.delete(part.id)
            total, parts = total + len(parts), await self._some(old)
        return total

    async def _some(self, where: dict[str, Range]) -> Sequence[CheckpointPart]:
        return await self._world.records.now.checkpoint_parts.find(where, limit=DELETED_AT_ONCE)


def _opened(part: CheckpointPart) -> Things:
    things: Things = orjson.loads(zlib.decompress(b64decode(part.things)))
    return things
