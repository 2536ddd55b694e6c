"""How long a place is kept: the no-show and call timers, and the rider's ETA that moves them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from services.base import Location
from services.boards import Boards
from services.entries import ASK_BEFORE, Entries
from services.events import QueueStillComing
from services.fixes import GpsFix
from services.geo import distance_m, travel_s
from services.models import Entry, Station
from services.ports import Transaction
from services.states import EntryState
from services.timers import set_timer
from services.trust import is_trusted
from services.ways import Doubt
from services.world import World

ETA_P90_RATIO: Final = 1.5
"""Nine of ten city trips take at most this many times their mean."""

ETA_GRACE: Final = timedelta(minutes=2)
FRESH_FIX: Final = timedelta(seconds=120)  # an older fix says nothing about where somebody is
BLURRED_M: Final = 100.0  # a fix that may be farther off does not tell coming from going
ANSWER_WITHIN: Final = timedelta(minutes=3)  # of who is parked or leaves
LEAST_GAIN: Final = timedelta(minutes=1)  # a hold is not moved for less

ON_THE_WAY: Final = (EntryState.CONFIRMED, EntryState.APPROACHING)


class Holds:
    """Keeps, moves and ends the holds of entries. Each step is in its caller's transaction."""

    def __init__(self, world: World, boards: Boards, entries: Entries) -> None:
        self._world = world
        self._boards = boards
        self._entries = entries

    async def trusted_fix(self, user_id: str) -> GpsFix | None:
        """Where somebody is, if their phone has just said so and is believed."""
        fix = await self._world.live.position(user_id)
        is_fresh = fix is not None and self._world.clock() - fix.at <= FRESH_FIX
        return fix if is_fresh and fix is not None and says_where(fix) else None

    async def expected_at(self, user_id: str, station: Station, near: Location | None) -> datetime | None:
        """When a rider will be there, by what they or their phone say; null when nobody knows."""
        if near is None:
            fix = await self.trusted_fix(user_id)
            near = fix.location if fix else None
        if near is None:
            return None
        way = timedelta(seconds=travel_s(distance_m(near, station.location)))
        return self._world.clock() + min(way, self._world.rules.queue_hold_most)

    async def extend_by_eta(self, tx: Transaction, entry: Entry, station: Station, here: Location) -> Entry:
        """Keep the place until the rider can be there, within the most that a hold may last."""
        eta = timedelta(seconds=travel_s(distance_m(here, station.location)) * ETA_P90_RATIO)
        most = entry.confirmed_at + self._world.rules.queue_hold_most
        until = min(most, self._world.clock() + eta + ETA_GRACE)
        gains = until >= entry.hold_until + LEAST_GAIN
        if not gains and not _is_doubted(entry):
            return entry
        until = until if gains else entry.hold_until
        return await self._keep(tx, entry.changed(hold_until=until, answer_by=None, coming_at=None))

    async def _keep(self, tx: Transaction, kept: Entry) -> Entry:
        """Store a hold that was moved or confirmed, and tell its rider."""
        await tx.queues.replace(kept)
        await set_timer(tx, self._entries.hold_timer(kept))
        tx.log(self._boards.queue_updated(kept))
        return kept

    async def promise_again(self, tx: Transaction, entry: Entry) -> Entry:
        """The rider says they come: the place is kept to the end of its hold; longer if they are seen to."""
        entry = await self._keep(tx, entry.changed(answer_by=None, coming_at=self._world.clock()))
        track, fix = await self._world.live.fences(entry.user_id), await self.trusted_fix(entry.user_id)
        way = track.way if track is not None and track.station_id == entry.station_id else None
        if fix is None or way is None or way.nearer_at is None:
            return entry
        if self._world.clock() - way.nearer_at > FRESH_FIX:
            return entry
        station = await self._entries.station(tx, entry.station_id)
        return await self.extend_by_eta(tx, entry, station, fix.location)

    async def ask_about(self, tx: Transaction, entry: Entry, doubt: Doubt) -> Entry:
        """Ask a rider who is parked or leaves, once; an answer stands until they come nearer."""
        now = self._world.clock()
        is_near = doubt is Doubt.PARKED and entry.state is EntryState.APPROACHING
        is_asked = entry.answer_by is not None or entry.coming_at is not None
        if is_near or is_asked or now >= entry.hold_until - ASK_BEFORE:  # then they are asked anyway
            return entry
        return await self._ask(tx, entry, doubt, answer_by=now + ANSWER_WITHIN)

    async def on_hold_due(self, tx: Transaction, entry_id: str) -> None:
        """Timer: an answer, the question before the end of a hold, or its end is due."""
        entry = await tx.queues.get(entry_id)
        if entry is None or entry.state not in ON_THE_WAY:
            return
        now = self._world.clock()
        if now >= entry.hold_until:
            await self._give_up(tx, entry, "did not arrive in time")
        elif entry.answer_by is not None and now >= entry.answer_by:
            await self._give_up(tx, entry, "did not say that they still come")
        elif entry.state is EntryState.APPROACHING:  # near enough: no question
            await self._note_asked(tx, entry, None)
        else:
            await self._ask(tx, entry, Doubt.LATE, answer_by=entry.hold_until)

    async def _give_up(self, tx: Transaction, entry: Entry, reason: str) -> None:
        await self._entries.end(tx, entry, EntryState.NO_SHOW, reason)
        await self._entries.publish(tx, entry.station_id)

    async def _note_asked(self, tx: Transaction, entry: Entry, answer_by: datetime | None) -> Entry:
        asked = entry.changed(asked_at=self._world.clock(), answer_by=answer_by)
        await tx.queues.replace(asked)
        await set_timer(tx, self._entries.hold_timer(asked))
        return asked

    async def _ask(self, tx: Transaction, entry: Entry, reason: Doubt, *, answer_by: datetime) -> Entry:
        asked = await self._note_asked(tx, entry, answer_by)
        tx.log(
            QueueStillComing(
                **self._world.stamp(),
                version=asked.version,
                station_id=asked.station_id,
                user_id=asked.user_id,
                entry_id=asked.id,
                reason=reason,
                answer_by=answer_by,
                hold_until=asked.hold_until,
            )
        )
        return asked

    async def on_call_end(self, tx: Transaction, entry_id: str) -> None:
        """Timer: who was called and did not come to the bay has lost the place."""
        entry = await tx.queues.get(entry_id)
        if entry is None or entry.state is not EntryState.ARRIVED or entry.called_at is None:
            return
        await self._entries.end(tx, entry, EntryState.EXPIRED, "did not come when called")
        await self._entries.publish(tx, entry.station_id)


def _is_doubted(entry: Entry) -> bool:
    """Is an answer awaited before the hold ends, or does only the rider's word keep the place?"""
    is_asked = entry.answer_by is not None and entry.answer_by < entry.hold_until
    return is_asked or entry.coming_at is not None


def says_where(fix: GpsFix) -> bool:
    """Is a fix believed, and so exact that it tells coming from going?"""
    return is_trusted(fix) and (fix.accuracy_m or 0.0) <= BLURRED_M
