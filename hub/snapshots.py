"""What a room shows to who joins it: this, and the events that follow, are complete."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import Self

from services.answers import QueueEntryForStaff, QueuePlace, QueueStatus, RiderCard, StationStatus
from services.base import Instant, Location, Model
from services.models import Battery, Entry, GpsFix, HolderKind
from services.network import Services
from services.ports import Where
from services.states import OPEN, BatteryState
from services.stations import status_of


class Stats(Model):
    """The hub at a glance, as `stats:tick` carries it."""

    connections: int
    events_per_s: float
    commands_per_s: float
    open_entries: int
    swaps_today: int  # since midnight UTC


class Position(Model):
    """Where somebody is now."""

    user_id: str
    location: Location
    accuracy_m: float | None
    speed_mps: float | None
    heading: float | None
    fix_at: Instant

    @classmethod
    def of(cls, fix: GpsFix) -> Self:
        return cls(
            user_id=fix.user_id,
            location=fix.location,
            accuracy_m=fix.accuracy_m,
            speed_mps=fix.speed_mps,
            heading=fix.heading,
            fix_at=fix.at,
        )


class OpenEntry(QueueEntryForStaff):
    """An open entry with its person."""

    station_id: str
    swap_id: str
    battery_id: str | None
    hold_until: Instant
    called_at: Instant | None
    call_until: Instant | None
    version: int

    @classmethod
    def of(cls, entry: Entry) -> Self:
        return cls(
            position=entry.position,
            state=entry.state,
            estimated_wait_minutes=entry.told_wait,
            entry_id=entry.id,
            user_id=entry.user_id,
            user_name=entry.user_name,
            vehicle=entry.vehicle,
            station_id=entry.station_id,
            swap_id=entry.swap_id,
            battery_id=entry.battery_id,
            hold_until=entry.hold_until,
            called_at=entry.called_at,
            call_until=entry.call_until,
            version=entry.version,
        )


class PackInSlot(Model):
    """A pack of the station."""

    battery_id: str
    slot: int | None
    state: BatteryState
    soc: float
    soh: float
    held: bool
    version: int

    @classmethod
    def of(cls, pack: Battery) -> Self:
        return cls(
            battery_id=pack.id,
            slot=pack.holder.slot,
            state=pack.state,
            soc=pack.soc,
            soh=pack.soh,
            held=pack.held_for is not None,
            version=pack.version,
        )


class UserRoom(Model):
    user: RiderCard
    entry: QueuePlace | None
    credits: int


class StationRoom(Model):
    station: StationStatus
    queue: QueueStatus


class StaffRoom(StationRoom):
    entries: list[OpenEntry]
    batteries: list[PackInSlot]


class AdminRoom(Model):
    """`at`: when it was read; every event made after that moment follows."""

    at: Instant
    stations: list[StationStatus]
    entries: list[OpenEntry]
    positions: list[Position]
    stats: Stats


class TransportersRoom(Model):
    """Open offers will be here."""


class Snapshots:
    """Reads rooms from the same boards and records that their events come from."""

    def __init__(self, services: Services, stats: Callable[[], Awaitable[Stats]]) -> None:
        self._services = services
        self._world = services.world
        self._stats = stats

    async def user(self, user_id: str) -> UserRoom:
        user = await self._services.people.get(user_id)
        return UserRoom(
            user=RiderCard(id=user.id, name=user.name, vehicle=user.vehicle),
            entry=await self._services.queue.mine(user_id),
            credits=await self._services.credits.balance(self._world.records.now, user_id),
        )

    async def station(self, station_id: str) -> StationRoom:
        return StationRoom(
            station=await self._services.stations.status(station_id),
            queue=await self._services.queue.status(station_id, with_persons=False),
        )

    async def staff(self, station_id: str) -> StaffRoom:
        packs = await self._world.records.now.batteries.find(
            {"holder.kind": HolderKind.SLOT, "holder.id": station_id}, order=("holder.slot",)
        )
        return StaffRoom(
            station=await self._services.stations.status(station_id),
            queue=await self._services.queue.status(station_id, with_persons=True),
            entries=await self._open({"station_id": station_id, "state": OPEN}),
            batteries=[PackInSlot.of(pack) for pack in packs],
        )

    async def admin(self) -> AdminRoom:
        at: datetime = self._world.clock()
        return AdminRoom(
            at=at,
            stations=[status_of(board) for board in await self._world.live.boards()],
            entries=await self._open({"state": OPEN}),
            positions=_positions(await self._world.live.positions()),
            stats=await self._stats(),
        )

    async def _open(self, where: Where) -> list[OpenEntry]:
        found = await self._world.records.now.queues.find(where, order=("station_id", "order"))
        return [OpenEntry.of(entry) for entry in found]


def _positions(fixes: Iterable[GpsFix]) -> list[Position]:
    return [Position.of(fix) for fix in fixes]
