"""The waitlist as its riders use it: wait for a place at a station that has none, or wait no more."""

from __future__ import annotations

from typing import Final

from services.base import Instant, Model
from services.boards import Boards, open_entries
from services.entries import Entries
from services.errors import AlreadyQueued, Conflict, NotFound, QueueFull, StationClosed, raise_
from services.models import Station, User, battery_type_of
from services.place_offers import PlaceOffers, open_turns
from services.ports import Transaction
from services.promises import Promises
from services.states import OPEN, WAITLISTED, WaitingState
from services.waiting_facts import WaitlistJoined
from services.waiting_models import Waiting, WaitingView, waiting_view
from services.world import World

LONGEST: Final = 100  # turns of a station: more would wait for hours
LAPSED: Final = "not taken in time"


class Turn(Model):
    """A rider's turn as they are answered: `position` 1 is next; an offer has none, but an end."""

    waiting_id: str
    station_id: str
    state: WaitingState
    position: int | None
    offered_until: Instant | None
    version: int

    @classmethod
    def of(cls, turn: Waiting) -> Turn:
        return cls(waiting_id=turn.id, **dict(turn))


class WaitlistService:
    """Turns in the order of time; each rider has one in the whole network."""

    def __init__(
        self, world: World, boards: Boards, entries: Entries, offers: PlaceOffers, promises: Promises
    ) -> None:
        self._world = world
        self._boards = boards
        self._entries = entries
        self._offers = offers
        self._promises = promises

    async def join(self, user_id: str, station_id: str) -> Turn:
        """Wait for a place; who waits there already is answered their turn.

        Raises NotFound, StationClosed, AlreadyQueued with an open entry anywhere, Conflict while waiting
        elsewhere or while there is a place and a pack, QueueFull when too many wait.
        """
        async with self._world.records.transaction() as tx:
            station = await self._entries.station(tx, station_id)
            user = await tx.users.get(user_id) or raise_(NotFound(user_id=user_id))
            own = await self._offers.open_of(tx, user_id)
            if own is not None and own.station_id == station_id:
                return Turn.of(own)
            await self._require_free(tx, user, own)
            turn = self._turn(station, user, await self._last(tx, station, user))
            await tx.waitlist.insert(turn)
            tx.log(WaitlistJoined.of(turn, self._world.stamp()))
            await self._boards.publish(tx, station.model_copy(update={"waitlisted": station.waitlisted + 1}))
        return Turn.of(turn)

    async def _require_free(self, tx: Transaction, user: User, own: Waiting | None) -> None:
        entry = await tx.queues.first({"user_id": user.id, "state": OPEN})
        if entry is not None:
            raise AlreadyQueued(entry_id=entry.id, station_id=entry.station_id)
        if own is not None:
            raise Conflict(waiting_id=own.id, station_id=own.station_id)

    async def _last(self, tx: Transaction, station: Station, user: User) -> int:
        """The position behind all who wait. Raises StationClosed, Conflict, QueueFull."""
        if not station.is_active:
            raise StationClosed(station_id=station.id)
        turns = await open_turns(tx, station)
        waiting = [turn for turn in turns if not turn.is_offered]
        wanted = battery_type_of(user.vehicle)
        entries = await open_entries(tx, station.id)
        free = station.capacity - len(entries) - (len(turns) - len(waiting))
        is_behind = any(turn.battery_type == wanted for turn in waiting)
        if free > 0 and not is_behind and await self._promises.spare(tx, station.id, wanted, entries=entries):
            raise Conflict(station_id=station.id, available_slots=free)
        if len(turns) >= LONGEST:
            raise QueueFull(station_id=station.id, waiting=len(turns))
        return len(waiting) + 1

    def _turn(self, station: Station, user: User, position: int) -> Waiting:
        return Waiting(
            id=self._world.ids(),
            station_id=station.id,
            user_id=user.id,
            user_name=user.name,
            vehicle=user.vehicle,
            battery_type=battery_type_of(user.vehicle),
            state=WaitingState.WAITING,
            position=position,
            since=self._world.clock(),
        )

    async def leave(self, user_id: str, station_id: str | None) -> Turn:
        """Wait no more; who has an offer gives it back. Raises NotFound without a turn (there)."""
        async with self._world.records.transaction() as tx:
            turn = await self._offers.open_of(tx, user_id)
            if turn is None or station_id not in (None, turn.station_id):
                raise NotFound(user_id=user_id, station_id=station_id)
            ended = await self._offers.end(tx, turn, WaitingState.LEFT, "left")
            await self._entries.publish(tx, turn.station_id)
        return Turn.of(ended)

    async def on_offer_due(self, tx: Transaction, waiting_id: str) -> None:
        """Timer: an offer that was not taken is the next rider's."""
        turn = await tx.waitlist.get(waiting_id)
        if turn is not None and turn.is_offered:
            await self._offers.end(tx, turn, WaitingState.LAPSED, LAPSED)
            await self._entries.publish(tx, turn.station_id)

    async def mine(self, user_id: str) -> WaitingView | None:
        """The rider's open turn, if there is one."""
        turn = await self._world.records.now.waitlist.first({"user_id": user_id, "state": WAITLISTED})
        return waiting_view(turn) if turn else None

    async def all_open(self) -> list[WaitingView]:
        """Every open turn of the network."""
        return [
            waiting_view(turn) for turn in await self._world.records.now.waitlist.find({"state": WAITLISTED})
        ]
