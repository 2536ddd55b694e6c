"""Any window of the past: the state at its start, then its events, in parts."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import orjson

from services.admin_models import Checkpoint
from services.checkpoints import Checkpoints
from services.errors import ValidationFailed
from services.log_places import oldest, place_at
from services.past import PastEvent, ReplayPage, Thing, Things, follow, key_of, shown, tells
from services.ports import LogRecord
from services.world import World

MOST_FOLDED: Final = 300_000
"""Events between a checkpoint and the moment; where there are more, the state is not told."""

AT_ONCE: Final = 500  # records of the log; others get their turn between two such reads
EVENT: Final = "event:"  # begins the cursor of an event; others are the keys of things


@dataclass(frozen=True, slots=True)
class _Window:
    """Records after `first` up to `last`; the state at its start is told from `base`."""

    first: int
    last: int
    is_whole: bool  # is every event of it kept?
    events_from: datetime | None
    base: Checkpoint | None


class Replay:
    """Reads the event log and checkpoints; changes nothing."""

    def __init__(self, world: World, checkpoints: Checkpoints) -> None:
        self._world = world
        self._checkpoints = checkpoints

    async def page(self, start: datetime, end: datetime, *, limit: int, cursor: str | None) -> ReplayPage:
        """A part of a window. Raises ValidationFailed for one that ends before it begins, or begins later."""
        self._check(start, end)
        window = await self._window(start, end)
        state: list[Thing] = []
        items: list[PastEvent] = []
        following = None if cursor is not None and cursor.startswith(EVENT) else cursor or ""
        if window.base is not None and following is not None:
            state, following = await self._state(window, window.base, following, limit)
        if window.base is None or following is None:
            items, following = await self._events(window, cursor or "", limit - len(state))
        return ReplayPage(
            complete=window.is_whole and window.base is not None,
            events_from=window.events_from,
            state_from=await self._checkpoints.told_from(),
            state_at=start if window.base is not None else None,
            state=state,
            items=items,
            next_cursor=following,
        )

    def _check(self, start: datetime, end: datetime) -> None:
        if start > self._world.clock():
            raise ValidationFailed([{"path": "from", "message": "should not be in the future"}])
        if end < start:
            raise ValidationFailed([{"path": "to", "message": "should not be before from"}])

    async def _window(self, start: datetime, end: datetime) -> _Window:
        log = self._world.log
        first, newest = await oldest(log), await log.last()
        before = newest if first is None else first.seq - 1  # what is not kept any more, or never was there
        begin = max(before, await place_at(log, start))
        is_whole = before == 0 or (first is not None and first.at <= start)
        return _Window(
            first=begin,
            last=max(begin, await place_at(log, end)),
            is_whole=is_whole,
            events_from=None if first is None else first.at,
            base=await self._base(start, kept_after=before, place=begin),
        )

    async def _base(self, start: datetime, *, kept_after: int, place: int) -> Checkpoint | None:
        """A checkpoint since which every event is kept, and not too many of them."""
        taken = await self._checkpoints.before(start)
        if taken is None or taken.seq < kept_after or place - taken.seq > MOST_FOLDED:
            return None
        return taken

    async def _state(
        self, window: _Window, base: Checkpoint, after: str, limit: int
    ) -> tuple[list[Thing], str | None]:
        """Things with greater keys, and the key after which there are more."""
        things, until = await self._checkpoints.things(base, after=after, count=limit)
        await self._fold(things, base.seq, window.first, after, until)
        keys = sorted(things)
        following = keys[limit - 1] if len(keys) > limit else until
        return shown(things, keys[:limit]), following

    async def _fold(self, things: Things, after: int, upto: int, low: str, high: str | None) -> None:
        """Follow the events in (after, upto] about things with keys in (low, high]."""
        while records := await self._read(after, upto, AT_ONCE):
            for record in filter(lambda record: tells(record.name), records):
                payload = orjson.loads(record.payload)
                key = key_of(record.name, payload)
                if key is not None and low < key and (high is None or key <= high):
                    follow(things, record.name, payload)
            after = records[-1].seq
            await asyncio.sleep(0)

    async def _events(self, window: _Window, cursor: str, limit: int) -> tuple[list[PastEvent], str | None]:
        """Events after the cursor, or the first ones; and the cursor of those that follow."""
        number = cursor.removeprefix(EVENT)
        after = max(window.first, int(number)) if number != cursor else window.first
        records = await self._read(after, window.last, limit) if limit else []
        last = records[-1].seq if records else after
        following = f"{EVENT}{last}" if last < window.last and (records or not limit) else None
        return [_event(record) for record in records], following

    async def _read(self, after: int, upto: int, limit: int) -> list[LogRecord]:
        if after >= upto:
            return []
        found = await self._world.log.read(after=after, limit=limit)
        return [record for record in found if record.seq <= upto]


def _event(record: LogRecord) -> PastEvent:
    return PastEvent(
        seq=record.seq,
        id=record.id,
        event=record.name,
        type=record.type,
        key=record.key,
        at=record.at,
        data=orjson.loads(record.payload),
    )
