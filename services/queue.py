"""The queue as its riders use it: take a place, keep it, leave it, look at it."""

from __future__ import annotations

from services.answers import (
    QueueEntryForStaff,
    QueueLeftAnswer,
    QueuePlace,
    QueueSlots,
    QueueStatus,
    RenewedQr,
)
from services.base import Location
from services.boards import Boards, open_entries
from services.entries import Entries
from services.errors import (
    AlreadyQueued,
    Conflict,
    NoBattery,
    NotFound,
    QueueFull,
    StationClosed,
    raise_,
)
from services.events import QueueConfirmed
from services.holds import Holds
from services.models import Battery, BoardEntry, Entry, Station, Swap, User, battery_type_of
from services.ports import Transaction
from services.states import OPEN, EntryState, SwapState
from services.tokens import SignedToken
from services.world import World


class QueueService:
    """Admission and the rider's own entry. One open entry per user in the whole network."""

    def __init__(self, world: World, boards: Boards, entries: Entries, holds: Holds) -> None:
        self._world = world
        self._boards = boards
        self._entries = entries
        self._holds = holds

    async def confirm(
        self, user_id: str, station_id: str, *, near: Location | None = None, battery_level: int | None = None
    ) -> QueuePlace:
        """Give a rider a place and a promised pack.

        Raises NotFound, AlreadyQueued, StationClosed, QueueFull, NoBattery.
        """
        async with self._world.records.transaction() as tx:
            station = await self._entries.station(tx, station_id)
            user = await tx.users.get(user_id) or raise_(NotFound(user_id=user_id))
            await self._require_no_entry(tx, user)
            entries = await open_entries(tx, station_id)
            _require_place(station, len(entries))
            pack = await self._entries.choose_pack(tx, station_id, battery_type_of(user.vehicle))
            if pack is None:
                raise NoBattery(station_id=station_id)
            entry = self._entry(station, user, pack).model_copy(
                update={"battery_level": battery_level, "confirmed_from": near}
            )
            signed = await self._admit(tx, entry, pack)
            following = station.model_copy(update={"next_order": station.next_order + 1})
            told = await self._boards.join(tx, following, entries, entry)
            tx.log(self._confirmed(told))
            return self._entries.place(told, station, signed)

    async def _require_no_entry(self, tx: Transaction, user: User) -> None:
        present = await tx.queues.first({"user_id": user.id, "state": OPEN})
        if present is not None:
            raise AlreadyQueued(entry_id=present.id, station_id=present.station_id)

    def _entry(self, station: Station, user: User, pack: Battery) -> Entry:
        now = self._world.clock()
        return Entry(
            id=self._world.ids(),
            station_id=station.id,
            user_id=user.id,
            user_name=user.name,
            vehicle=user.vehicle,
            swap_id=self._world.ids(),
            state=EntryState.CONFIRMED,
            order=station.next_order,
            battery_id=pack.id,
            confirmed_at=now,
            hold_until=now + self._world.rules.queue_hold,
            qr_nonce=self._world.secrets(),
            qr_issued_at=now,
        )

    async def _admit(self, tx: Transaction, entry: Entry, pack: Battery) -> SignedToken:
        """Write everything that a place consists of, but for the entry, which still lacks its position."""
        await tx.swaps.insert(
            Swap(
                id=entry.swap_id,
                entry_id=entry.id,
                user_id=entry.user_id,
                station_id=entry.station_id,
                state=SwapState.PENDING,
                assigned_battery_id=pack.id,
                created_at=entry.confirmed_at,
            )
        )
        await self._entries.hold(tx, pack, entry.id)
        await tx.timers.insert(self._entries.hold_timer(entry))
        return await self._entries.issue_token(tx, entry)

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
            hold_until=entry.hold_until,
        )

    async def leave(self, user_id: str, reason: str | None) -> QueueLeftAnswer:
        """Give the place back. Raises NotFound without an open entry, Conflict once the swap has begun."""
        async with self._world.records.transaction() as tx:
            entry = await self._entries.open_of(tx, user_id)
            if entry.state is EntryState.ACTIVE:
                raise Conflict(state=entry.state, wanted=EntryState.CANCELLED)
            ended = await self._entries.end(tx, entry, EntryState.CANCELLED, reason or "left")
            await self._entries.publish(tx, entry.station_id)
        return QueueLeftAnswer(entry_id=ended.id, state=ended.state)

    async def mine(self, user_id: str) -> QueuePlace | None:
        """The rider's open entry, if there is one."""
        reads = self._world.records.now
        entry = await reads.queues.first({"user_id": user_id, "state": OPEN})
        if entry is None:
            return None
        station = await reads.stations.get(entry.station_id) or raise_(NotFound(station_id=entry.station_id))
        return self._entries.place(entry, station)

    async def renew_qr(self, user_id: str) -> RenewedQr:
        """Give the waiting entry a new token; every old one is dead. Raises NotFound, Conflict."""
        async with self._world.records.transaction() as tx:
            entry = await self._entries.open_of(tx, user_id)
            if entry.state is EntryState.ACTIVE:
                raise Conflict(state=entry.state, wanted="a new token")
            await self._entries.kill_tokens(tx, entry)
            renewed = entry.changed(qr_nonce=self._world.secrets(), qr_issued_at=self._world.clock())
            await tx.queues.replace(renewed)
            signed = await self._entries.issue_token(tx, renewed)
            tx.log(self._boards.queue_updated(renewed))
        return RenewedQr(qr_token=signed, qr_expires_at=self._world.rules.qr_expires_at(renewed.qr_issued_at))

    async def still_coming(self, user_id: str, *, coming: bool) -> QueuePlace | QueueLeftAnswer:
        """Answer the question; `False` leaves. Raises NotFound without an open entry."""
        if not coming:
            return await self.leave(user_id, "not_coming")
        async with self._world.records.transaction() as tx:
            entry = await self._entries.open_of(tx, user_id)
            if entry.state in (EntryState.CONFIRMED, EntryState.APPROACHING):
                entry = await self._holds.promise_again(tx, entry)
            return self._entries.place(entry, await self._entries.station(tx, entry.station_id))

    async def status(self, station_id: str, *, with_persons: bool) -> QueueStatus:
        """A station's queue now. Raises NotFound."""
        board = await self._boards.get(station_id)
        return QueueStatus(
            station_id=board.station_id,
            version=board.version,
            length=board.length,
            active=board.active,
            capacity=board.capacity,
            available_slots=board.available_slots,
            estimated_wait_minutes=board.newcomer_wait,
            entries=tuple(_for_staff(entry) if with_persons else entry.public for entry in board.entries),
        )

    async def slots(self, station_id: str) -> QueueSlots:
        """Free places and packs of a station. Raises NotFound."""
        board = await self._boards.get(station_id)
        return QueueSlots(
            available_slots=board.available_slots,
            length=board.length,
            capacity=board.capacity,
            charged_batteries=board.charged_batteries,
        )


def _require_place(station: Station, taken: int) -> None:
    if not station.is_active:
        raise StationClosed(station_id=station.id)
    if taken >= station.capacity:
        raise QueueFull(station_id=station.id, capacity=station.capacity)


def _for_staff(entry: BoardEntry) -> QueueEntryForStaff:
    return QueueEntryForStaff(
        position=entry.position,
        state=entry.state,
        estimated_wait_minutes=entry.estimated_wait_minutes,
        entry_id=entry.entry_id,
        user_id=entry.user_id,
        user_name=entry.user_name,
        vehicle=entry.vehicle,
    )
