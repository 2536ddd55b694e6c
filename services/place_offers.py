"""Places on offer: one that falls free is kept a while for who waits for it, then for the next.

`Boards` serves a station's waitlist with every change of its queue or stock, so that nothing that
falls free is forgotten. An offer keeps a place, and a promise of a pack as an entry does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final

from services.models import Entry, Station
from services.ports import Snapshot, Transaction
from services.promises import Promises
from services.states import OPEN, WAITING_MOVES, WAITLISTED, WaitingState, moved
from services.timers import clear_timers, set_timer, timer
from services.waiting_facts import QueueOffered, WaitlistEnded, WaitlistUpdated
from services.waiting_models import Waiting
from services.world import World

OFFER_TIMER: Final = "waitlist.offer"
STANDS_FOR: Final = timedelta(seconds=120)
ELSEWHERE: Final = "confirmed elsewhere"  # why a turn is over
ON_THE_ROAD: Final = timedelta(seconds=300)
"""How long an offer stands for somebody who was sent away: they may be riding, and must stop to read it."""


class PlaceOffers:
    """Steps on turns, each inside its caller's transaction; the caller publishes their station."""

    def __init__(self, world: World, promises: Promises) -> None:
        self._world = world
        self._promises = promises

    async def serve(
        self, tx: Transaction, station: Station, entries: Sequence[Entry], turns: Sequence[Waiting]
    ) -> list[Waiting]:
        """Offer what is free to who is first of those it fits, and tell the others where they stand.

        `entries` and `turns` are all open ones of the station; answers the turns that are open then. One is
        over when its rider is found to have a place: they confirmed elsewhere at the moment of joining here.
        """
        free = station.capacity - len(entries) - offered(turns) if station.is_active else 0
        served, exhausted, position = list[Waiting](), set[str](), 0
        for turn in turns:
            if not turn.is_offered and free > 0 and turn.battery_type not in exhausted:
                if await tx.queues.first({"user_id": turn.user_id, "state": OPEN}) is not None:
                    await self.end(tx, turn, WaitingState.LEFT, ELSEWHERE)
                    continue
                if await self._has_pack(tx, turn, entries):
                    turn, free = await self._keep(tx, turn, STANDS_FOR), free - 1
                else:
                    exhausted.add(turn.battery_type)
            if not turn.is_offered:
                position += 1
                turn = await self._tell(tx, turn, position)
            served.append(turn)
        return served

    async def _has_pack(self, tx: Transaction, turn: Waiting, entries: Sequence[Entry] | None = None) -> bool:
        return await self._promises.spare(tx, turn.station_id, turn.battery_type, entries=entries) > 0

    async def _keep(self, tx: Transaction, turn: Waiting, stands_for: timedelta) -> Waiting:
        now = self._world.clock()
        kept = turn.changed(
            state=moved(WAITING_MOVES, turn.state, WaitingState.OFFERED),
            position=None,
            offered_at=now,
            offered_until=now + stands_for,
        )
        await tx.waitlist.replace(kept)
        await set_timer(tx, timer(OFFER_TIMER, kept.id, now + stands_for))
        tx.log(QueueOffered.of(kept, self._world.stamp()))
        return kept

    async def _tell(self, tx: Transaction, turn: Waiting, position: int) -> Waiting:
        """Tell a rider whose position is no longer what they were told."""
        if turn.position == position:
            return turn
        told = turn.changed(position=position)
        await tx.waitlist.replace(told)
        tx.log(WaitlistUpdated.of(told, self._world.stamp()))
        return told

    async def offer(self, tx: Transaction, station: Station, turn: Waiting) -> Waiting | None:
        """Keep a free place here for a rider who was sent away; none when there is none to spare.

        `turn` is new. Who waits here already for a pack of the same type comes first.
        """
        turns = await open_turns(tx, station)
        is_behind = any(one.battery_type == turn.battery_type and not one.is_offered for one in turns)
        taken = await tx.queues.count({"station_id": station.id, "state": OPEN})
        free = station.capacity - taken - offered(turns)
        if is_behind or free < 1 or not station.is_active or not await self._has_pack(tx, turn):
            return None
        await tx.waitlist.insert(turn)
        return await self._keep(tx, turn, ON_THE_ROAD)

    async def open_of(self, tx: Transaction, user_id: str) -> Waiting | None:
        """The rider's one open turn."""
        return await tx.waitlist.first({"user_id": user_id, "state": WAITLISTED})

    def stands(self, turn: Waiting | None, station_id: str) -> bool:
        """Is a place at the station kept by the turn, and its time not up?"""
        if turn is None or turn.offered_until is None or turn.station_id != station_id:
            return False
        return turn.is_offered and self._world.clock() < turn.offered_until

    async def end(self, tx: Transaction, turn: Waiting, state: WaitingState, reason: str) -> Waiting:
        """End a turn; what it kept is free. Raises Conflict when the table does not allow it."""
        ended = turn.changed(
            state=moved(WAITING_MOVES, turn.state, state),
            position=None,
            offered_until=None,
            ended_at=self._world.clock(),
            end_reason=reason,
        )
        await tx.waitlist.replace(ended)
        await clear_timers(tx, turn.id, OFFER_TIMER)
        tx.log(WaitlistEnded.of(ended, self._world.stamp()))
        return ended


async def open_turns(reads: Snapshot | Transaction, station: Station) -> list[Waiting]:
    """The open turns of a station, who came first first; the station knows when there is none."""
    if not station.waitlisted:
        return []
    return await reads.waitlist.find({"station_id": station.id, "state": WAITLISTED})


def offered(turns: Iterable[Waiting]) -> int:
    """How many places are on offer."""
    return sum(turn.is_offered for turn in turns)
