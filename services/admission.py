"""The one way into a queue, for riders with a phone and without: a place, the promise of a pack, a token."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.base import Location
from services.board_saves import publish_all
from services.boards import Boards, open_entries
from services.entries import Entries
from services.errors import AlreadyQueued, NoBattery, NotFound, QueueFull, StationClosed, raise_
from services.events import QueueConfirmed
from services.holds import Holds
from services.models import Entry, Station, Swap, User, Vehicle, battery_type_of
from services.place_offers import ELSEWHERE, PlaceOffers, offered, open_turns
from services.ports import Transaction
from services.states import OPEN, EntryState, SwapState, WaitingState
from services.tokens import SignedToken
from services.waiting_models import Waiting
from services.world import World


@dataclass(frozen=True, slots=True)
class Guest:
    """Who wants a place, and what they say of themselves."""

    user: User
    vehicle: Vehicle | None
    near: Location | None = None
    battery_level: int | None = None  # %
    walk_in: bool = False  # they are here, and have no phone

    @property
    def battery_type(self) -> str:
        return battery_type_of(self.vehicle)


@dataclass(frozen=True, slots=True)
class Admitted:
    """A new entry as it was told, with its token."""

    entry: Entry
    token: SignedToken


class Admission:
    """Decides who gets a place, inside its caller's transaction. One open entry per user in the network."""

    def __init__(
        self, world: World, boards: Boards, entries: Entries, holds: Holds, offers: PlaceOffers
    ) -> None:
        self._world = world
        self._boards = boards
        self._entries = entries
        self._holds = holds
        self._offers = offers

    async def admit(self, tx: Transaction, station: Station, guest: Guest) -> Admitted:
        """Give a guest a place; one that is kept for them is taken, and what they had elsewhere is given up.

        Raises AlreadyQueued, StationClosed, QueueFull, NoBattery.
        """
        turn = await self._offers.open_of(tx, guest.user.id)
        fits = turn is not None and turn.battery_type == guest.battery_type
        is_kept = fits and self._offers.stands(turn, station.id)
        await self._require_no_entry(tx, guest.user, turn if is_kept else None)
        if not station.is_active:
            raise StationClosed(station_id=station.id)
        entries = await open_entries(tx, station.id)
        if not is_kept:
            await self._require_place(tx, station, len(entries), guest, turn)
        if turn is not None:
            await self._end_turn(tx, turn, station.id)
        needed_by = await self._needed_by(guest, station)
        if not is_kept:
            await self._require_pack(tx, station, guest, needed_by, entries)
        return await self._enter(tx, station, entries, self._entry(station, guest, needed_by))

    async def _require_no_entry(self, tx: Transaction, user: User, kept: Waiting | None) -> None:
        """A place that was offered instead of another one ends that one. Raises AlreadyQueued."""
        present = await tx.queues.first({"user_id": user.id, "state": OPEN})
        if present is None:
            return
        if kept is None or kept.from_station_id != present.station_id or not present.is_waiting:
            raise AlreadyQueued(entry_id=present.id, station_id=present.station_id)
        await self._entries.end(tx, present, EntryState.CANCELLED, kept.reason)
        await self._entries.publish(tx, present.station_id)

    async def _require_place(
        self, tx: Transaction, station: Station, taken: int, guest: Guest, own: Waiting | None
    ) -> None:
        """Raises QueueFull unless there is a place that nobody has, is offered or waits for before them."""
        turns = await open_turns(tx, station)
        is_behind = any(_is_before(turn, own, guest.battery_type) for turn in turns)
        if is_behind or taken + offered(turns) >= station.capacity:
            raise QueueFull(station_id=station.id, capacity=station.capacity)

    async def _end_turn(self, tx: Transaction, turn: Waiting, station_id: str) -> None:
        """Who has a place waits for none; what was kept for them is free."""
        if turn.station_id == station_id:
            await self._offers.end(tx, turn, WaitingState.TAKEN, "confirmed")
        else:
            await self._offers.end(tx, turn, WaitingState.LEFT, ELSEWHERE)
            await publish_all(tx, self._boards, [turn.station_id])

    async def _needed_by(self, guest: Guest, station: Station) -> datetime | None:
        """When the guest needs a pack; null for at once."""
        if guest.walk_in:
            return None
        return await self._holds.expected_at(guest.user.id, station, guest.near)

    async def _require_pack(
        self,
        tx: Transaction,
        station: Station,
        guest: Guest,
        needed_by: datetime | None,
        entries: list[Entry],
    ) -> None:
        """Raises NoBattery unless one more can be promised for then."""
        wanted = guest.battery_type
        if not await self._entries.spare(tx, station.id, wanted, needed_by=needed_by, entries=entries):
            raise NoBattery(station_id=station.id)

    def _entry(self, station: Station, guest: Guest, needed_by: datetime | None) -> Entry:
        now = self._world.clock()
        return Entry(
            id=self._world.ids(),
            station_id=station.id,
            user_id=guest.user.id,
            user_name=guest.user.name,
            vehicle=guest.vehicle,
            swap_id=self._world.ids(),
            state=EntryState.ARRIVED if guest.walk_in else EntryState.CONFIRMED,
            order=station.next_order,
            battery_level=guest.battery_level,
            confirmed_from=guest.near,
            confirmed_at=now,
            needed_by=needed_by,
            arrived_at=now if guest.walk_in else None,
            walk_in=guest.walk_in,
            hold_until=now + self._world.rules.queue_hold,
            qr_nonce=self._world.secrets(),
            qr_issued_at=now,
        )

    async def _enter(self, tx: Transaction, station: Station, entries: list[Entry], entry: Entry) -> Admitted:
        """Write everything that a place consists of, and tell it."""
        await tx.swaps.insert(_swap(entry))
        token = await self._entries.issue_token(tx, entry)
        following = station.model_copy(update={"next_order": station.next_order + 1})
        if not entry.walk_in:
            await tx.timers.insert(self._entries.hold_timer(entry))
        told = await self._boards.join(tx, following, entries, entry)
        tx.log(self._confirmed(told))
        return Admitted(await self._served(tx, told) if entry.walk_in else told, token)

    async def _served(self, tx: Transaction, entry: Entry) -> Entry:
        """Who is there gets a pack, and is called if a bay is free: once everybody has heard who they are."""
        await self._entries.publish(tx, entry.station_id)
        return await tx.queues.get(entry.id) or raise_(NotFound(entry_id=entry.id))

    def _confirmed(self, entry: Entry) -> QueueConfirmed:
        return QueueConfirmed(
            **self._world.stamp(),
            version=entry.version,
            station_id=entry.station_id,
            entry_id=entry.id,
            swap_id=entry.swap_id,
            user_id=entry.user_id,
            user_name=entry.user_name,
            vehicle=entry.vehicle,
            state=entry.state,
            position=entry.position,
            estimated_wait_minutes=entry.told_wait,
            battery_id=entry.battery_id,
            pack=entry.pack,
            needed_by=entry.needed_by,
            hold_until=entry.hold_until,
        )


def _is_before(turn: Waiting, own: Waiting | None, battery_type: str) -> bool:
    """Does somebody else wait here for such a pack, who came before?"""
    waits_here = own is not None and own.station_id == turn.station_id and not own.is_offered
    comes_first = own is None or not waits_here or turn.id < own.id
    return comes_first and not turn.is_offered and turn.battery_type == battery_type


def _swap(entry: Entry) -> Swap:
    return Swap(
        id=entry.swap_id,
        entry_id=entry.id,
        user_id=entry.user_id,
        station_id=entry.station_id,
        state=SwapState.PENDING,
        assigned_battery_id=None,
        created_at=entry.confirmed_at,
    )
