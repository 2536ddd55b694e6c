"""The queue as its riders use it: take a place, keep it, leave it, look at it."""

from __future__ import annotations

from services.admission import Admission, Guest
from services.answers import (
    QueueEntryForStaff,
    QueueLeftAnswer,
    QueuePlace,
    QueueSlots,
    QueueStatus,
    RenewedQr,
)
from services.base import Location
from services.boards import Boards
from services.entries import Entries
from services.errors import Conflict, NotFound, raise_
from services.holds import Holds
from services.models import BoardEntry
from services.states import OPEN, EntryState
from services.world import World


class QueueService:
    """The rider's own entry, from the way in to the way out; and the queue as anybody sees it."""

    def __init__(
        self, world: World, boards: Boards, entries: Entries, holds: Holds, admission: Admission
    ) -> None:
        self._world = world
        self._admission = admission
        self._boards = boards
        self._entries = entries
        self._holds = holds

    async def confirm(
        self, user_id: str, station_id: str, *, near: Location | None = None, battery_level: int | None = None
    ) -> QueuePlace:
        """Give a rider a place, and the promise of a pack that is charged when they are there.

        Raises NotFound, AlreadyQueued, StationClosed, QueueFull, NoBattery.
        """
        async with self._world.records.transaction() as tx:
            station = await self._entries.station(tx, station_id)
            user = await tx.users.get(user_id) or raise_(NotFound(user_id=user_id))
            guest = Guest(user, user.vehicle, near=near, battery_level=battery_level)
            admitted = await self._admission.admit(tx, station, guest)
            return self._entries.place(admitted.entry, station, admitted.token)

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
        expires_at = self._world.rules.qr_expires_at(renewed.qr_issued_at, walk_in=renewed.walk_in)
        return RenewedQr(qr_token=signed, qr_expires_at=expires_at)

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
