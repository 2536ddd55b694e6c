"""How long a place is kept: the no-show and call timers, and the rider's ETA that moves them."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from services.base import Location
from services.boards import Boards
from services.entries import Entries
from services.events import QueueStillComing
from services.geo import distance_m, travel_s
from services.models import Entry, Station
from services.ports import Transaction
from services.states import EntryState
from services.timers import set_timer
from services.world import World

ETA_P90_RATIO: Final = 1.5
"""Nine of ten city trips take at most this many times their mean."""

ETA_GRACE: Final = timedelta(minutes=2)
FRESH_FIX: Final = timedelta(seconds=120)  # an older fix says nothing about where somebody is
LEAST_GAIN: Final = timedelta(minutes=1)  # a hold is not moved for less

ON_THE_WAY: Final = (EntryState.CONFIRMED, EntryState.APPROACHING)


class Holds:
    """Keeps, moves and ends the holds of entries. Each step is in its caller's transaction."""

    def __init__(self, world: World, boards: Boards, entries: Entries) -> None:
        self._world = world
        self._boards = boards
        self._entries = entries

    async def extend_by_eta(self, tx: Transaction, entry: Entry, station: Station, here: Location) -> Entry:
        """Keep the place until the rider can be there, within the most that a hold may last."""
        eta = timedelta(seconds=travel_s(distance_m(here, station.location)) * ETA_P90_RATIO)
        most = entry.confirmed_at + self._world.rules.queue_hold_most
        until = min(most, self._world.clock() + eta + ETA_GRACE)
        if until < entry.hold_until + LEAST_GAIN:
            return entry
        moved = entry.changed(hold_until=until, asked_at=None)
        await tx.queues.replace(moved)
        await set_timer(tx, self._entries.hold_timer(moved))
        tx.log(self._boards.queue_updated(moved))
        return moved

    async def promise_again(self, tx: Transaction, entry: Entry) -> Entry:
        """The rider says they come: believed as far as a fresh fix shows it."""
        fix = await self._world.live.position(entry.user_id)
        if fix is None or self._world.clock() - fix.at > FRESH_FIX:
            return entry
        station = await self._entries.station(tx, entry.station_id)
        return await self.extend_by_eta(tx, entry, station, fix.location)

    async def on_hold_due(self, tx: Transaction, entry_id: str) -> None:
        """Timer: ask who is on the way whether they still come; later, who has not arrived is a no-show."""
        entry = await tx.queues.get(entry_id)
        if entry is None or entry.state not in ON_THE_WAY:
            return
        if entry.asked_at is None and entry.hold_until > self._world.clock():
            await self._ask(tx, entry)
            return
        await self._entries.end(tx, entry, EntryState.NO_SHOW, "did not arrive in time")
        await self._entries.publish(tx, entry.station_id)

    async def _ask(self, tx: Transaction, entry: Entry) -> None:
        asked = entry.changed(asked_at=self._world.clock())
        await tx.queues.replace(asked)
        await set_timer(tx, self._entries.hold_timer(asked))
        if asked.state is EntryState.APPROACHING:  # near enough: no question
            return
        tx.log(
            QueueStillComing(
                **self._world.stamp(),
                version=asked.version,
                station_id=asked.station_id,
                user_id=asked.user_id,
                entry_id=asked.id,
                hold_until=asked.hold_until,
            )
        )

    async def on_call_end(self, tx: Transaction, entry_id: str) -> None:
        """Timer: who was called and did not come to the bay has lost the place."""
        entry = await tx.queues.get(entry_id)
        if entry is None or entry.state is not EntryState.ARRIVED or entry.called_at is None:
            return
        await self._entries.end(tx, entry, EntryState.EXPIRED, "did not come when called")
        await self._entries.publish(tx, entry.station_id)
