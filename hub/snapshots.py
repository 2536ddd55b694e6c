"""What a room shows to who joins it: this, and the events that follow, are complete."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import Self

from services.answers import QueueEntryForStaff, QueuePlace, QueueStatus, RiderCard, StationStatus
from services.base import Instant, Location, Model
from services.fault_views import IncidentView, TicketView
from services.fixes import GpsFix
from services.job_figures import JobVan, JobView, OfferView, VanPosition
from services.models import Battery, Entry, HolderKind, PackPromise, Role
from services.network import Services
from services.ports import Where
from services.staff_views import DiversionCard, RosterRow, ShiftView, StationCrew
from services.states import OPEN, BatteryState
from services.stations import status_of
from services.waiting_models import WaitingView


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
    trust: float  # 0 to 1
    trust_reasons: tuple[str, ...]

    @classmethod
    def of(cls, fix: GpsFix) -> Self:
        return cls(
            user_id=fix.user_id,
            location=fix.location,
            accuracy_m=fix.accuracy_m,
            speed_mps=fix.speed_mps,
            heading=fix.heading,
            fix_at=fix.at,
            trust=fix.trust,
            trust_reasons=fix.trust_reasons,
        )


class OpenEntry(QueueEntryForStaff):
    """An open entry with its person."""

    station_id: str
    swap_id: str
    battery_id: str | None
    pack: PackPromise
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
            pack=entry.pack,
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
            held=pack.is_held,
            version=pack.version,
        )


class UserRoom(Model):
    """A rider has an entry; a transporter jobs, and offers pushed to them by name; staff a shift."""

    user: RiderCard
    entry: QueuePlace | None
    waiting: WaitingView | None  # the open turn on a waitlist, or the place on offer
    credits: int
    jobs: list[JobView]
    offers: list[OfferView]
    shift: ShiftView | None  # the running record of duty
    diversions: list[DiversionCard]  # what they are asked, and where they have been sent


class StationRoom(Model):
    station: StationStatus
    queue: QueueStatus


class StaffRoom(StationRoom):
    entries: list[OpenEntry]
    batteries: list[PackInSlot]
    incidents: list[IncidentView]  # open ones, as are the tickets
    tickets: list[TicketView]
    jobs: list[JobView]
    staff: list[RosterRow]  # on duty


class AdminRoom(Model):
    """`at`: when it was read; every event made after that moment follows."""

    at: Instant
    stations: list[StationStatus]
    entries: list[OpenEntry]
    waitlist: list[WaitingView]  # open turns, places on offer among them
    jobs: list[JobView]  # open ones
    vans: list[JobVan]  # of those jobs that are underway
    incidents: list[IncidentView]  # open ones, as are the tickets
    tickets: list[TicketView]
    staff: list[StationCrew]  # on duty; a station where nobody is is left out
    diversions: list[DiversionCard]  # open ones
    positions: list[Position]
    stats: Stats


class TransportersRoom(Model):
    """What is pushed to every transporter by now."""

    offers: list[OfferView]


class JobRoom(Model):
    """A job, and where its van is; null when nobody knows, and before and after its way."""

    job: JobView
    van: VanPosition | None


class Snapshots:
    """Reads rooms from the same boards and records that their events come from."""

    def __init__(self, services: Services, stats: Callable[[], Awaitable[Stats]]) -> None:
        self._services = services
        self._world = services.world
        self._stats = stats

    async def user(self, user_id: str) -> UserRoom:
        user, jobs = await self._services.people.get(user_id), self._services.jobs
        carries, works = user.role is Role.TRANSPORTER, user.role is Role.STAFF
        return UserRoom(
            user=RiderCard(id=user.id, name=user.name, vehicle=user.vehicle),
            entry=await self._services.queue.mine(user_id),
            waiting=await self._services.waitlist.mine(user_id),
            credits=await self._services.credits.balance(self._world.records.now, user_id),
            jobs=await jobs.underway_of(user_id) if carries else [],
            offers=await jobs.offered_to(user_id) if carries else [],
            shift=await self._services.staff.running(user_id) if works else None,
            diversions=await self._services.staff.open_diversions(user_id) if works else [],
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
            incidents=await self._services.faults.open_of(station_id),
            tickets=await self._services.tickets.open_of(station_id),
            jobs=await self._services.jobs.underway_at(station_id),
            staff=await self._services.staff.on_duty(station_id),
        )

    async def admin(self) -> AdminRoom:
        at: datetime = self._world.clock()
        boards, jobs = await self._world.live.boards(), await self._services.jobs.open()
        return AdminRoom(
            at=at,
            stations=[status_of(board) for board in boards],
            entries=await self._open({"state": OPEN}),
            waitlist=await self._services.waitlist.all_open(),
            jobs=jobs,
            vans=await self._services.jobs.vans(jobs),
            incidents=await self._services.faults.open_of(None),
            tickets=await self._services.tickets.open_of(None),
            staff=await self._services.staff.crews(board.station_id for board in boards),
            diversions=await self._services.staff.open_diversions(),
            positions=_positions(await self._world.live.positions()),
            stats=await self._stats(),
        )

    async def transporters(self) -> TransportersRoom:
        return TransportersRoom(offers=await self._services.jobs.open_to_all())

    async def job(self, job_id: str) -> JobRoom:
        job = await self._services.jobs.get(job_id)
        return JobRoom(job=JobView.of(job), van=await self._services.jobs.van(job))

    async def _open(self, where: Where) -> list[OpenEntry]:
        found = await self._world.records.now.queues.find(where, order=("station_id", "order"))
        return [OpenEntry.of(entry) for entry in found]


def _positions(fixes: Iterable[GpsFix]) -> list[Position]:
    return [Position.of(fix) for fix in fixes]
