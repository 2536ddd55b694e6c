"""What the hub's records say of a station, for the models: bounded queries, each by an index."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from mlmodels.catalog import MICRO_TRAFFIC
from mlmodels.heuristics.staff import needed
from mlmodels.history import Demand, Faults, History, Neighbour, Place, Roads, Storage
from mlmodels.spec import Need, Spec
from services.board import StationBoard
from services.cells import cell_of, disk, ring
from services.diagnosis import reading_of
from services.fault_models import Incident
from services.geo import distance_m, travel_s
from services.job_models import EndKind
from services.models import Battery, HolderKind, Partner, Station
from services.near import Away, look_around
from services.past_faults import faults_of
from services.past_swaps import PastSwaps
from services.states import OPEN_JOB, EntryState
from services.wait import SWAP_MEAN_MINUTES
from services.world import World

ON_THE_WAY: Final = (EntryState.CONFIRMED, EntryState.APPROACHING)
ROADS_AROUND: Final = 2  # steps of cells around a station's own
MEASURED_LATELY: Final = timedelta(minutes=20)
HELP_WITHIN_M: Final = 15_000.0
MOST_PARTNERS: Final = 500
NEAREST_PARTNERS: Final = 5  # whose room is counted
MOST_PACKS: Final = 500  # of a station


@dataclass(frozen=True, slots=True)
class Subject:
    """What is asked about, all of it found."""

    board: StationBoard
    station: Station
    pack: Battery | None = None
    incident: Incident | None = None
    partner: Partner | None = None
    cell: str | None = None


class Found(NamedTuple):
    """A history, and the names of what was looked at besides the station."""

    history: History
    partner_id: str | None = None
    neighbour_id: str | None = None
    cells: int = 0


class Histories:
    """Gathers histories. Counts are of instants that everybody sees alike: they begin on whole minutes."""

    def __init__(self, world: World, swaps: PastSwaps) -> None:
        self._world = world
        self._swaps = swaps

    async def of(self, spec: Spec, subject: Subject, horizon_minutes: int) -> Found:
        """All that the model needs to know."""
        at = self._world.clock().replace(second=0, microsecond=0)
        place = await self._place(subject)
        found = Found(History(at=at, horizon_minutes=horizon_minutes, place=place))
        found = await self._with_past(found, spec.needs, subject)
        if Need.ROADS in spec.needs:
            found = await self._with_roads(found, spec, subject)
        if Need.STORES in spec.needs:
            found = await self._with_partner(found, subject)
        if Need.NEIGHBOURS in spec.needs:
            found = await self._with_neighbour(found, subject)
        return found

    async def _place(self, subject: Subject) -> Place:
        inbound = await self._world.records.now.transport_jobs.find(
            {"target.id": subject.board.station_id, "state": OPEN_JOB}
        )
        packs = sum(len(job.battery_ids) for job in inbound if job.target.kind is EndKind.STATION)
        return place_of(subject.board, inbound=packs, slots=subject.station.slots, bays=subject.station.bays)

    async def _with_past(self, found: Found, needs: frozenset[Need], subject: Subject) -> Found:
        history, id = found.history, subject.board.station_id
        demand, faults, packs = Demand(), Faults(), history.packs
        if Need.DEMAND in needs:
            demand = await self._swaps.demand(id, history.at, history.window_minutes)
        if Need.DAYS in needs:
            demand = replace(demand, daily=await self._swaps.daily(id, history.at))
        if Need.FAULTS in needs:
            faults = await self._faults(history.at, subject)
        if Need.PACKS in needs:
            packs = tuple(reading_of(pack) for pack in await self._packs(id))
        pack = reading_of(subject.pack) if subject.pack else None
        return found._replace(history=replace(history, demand=demand, faults=faults, packs=packs, pack=pack))

    async def _faults(self, at: datetime, subject: Subject) -> Faults:
        id = subject.board.station_id
        since = await self._swaps.first(id)
        reads, incident = self._world.records.now, subject.incident
        return await faults_of(reads, id, at, in_service_since=since, incident=incident)

    async def _packs(self, station_id: str) -> list[Battery]:
        here = {"holder.kind": HolderKind.SLOT, "holder.id": station_id}
        return await self._world.records.now.batteries.find(here, limit=MOST_PACKS)

    # -- around the station

    async def _with_roads(self, found: Found, spec: Spec, subject: Subject) -> Found:
        """Of one cell: it, and the ring around it. Of an area: the cells around its middle, all alike."""
        here, history = subject.board.location, found.history
        inner, outer = _cells(subject, is_one=spec is MICRO_TRAFFIC)
        vehicles, speed, free = await self._measured(inner, history.at)
        around, speed_around, _ = await self._measured(outer, history.at)
        roads = Roads(vehicles, speed, around, speed_around, free, _hour_by_sun(history.at, here.lng))
        cells = len(inner) + len(outer)
        return found._replace(history=replace(history, roads=roads), cells=cells)

    async def _measured(self, cells: list[str], at: datetime) -> tuple[int, float | None, float | None]:
        """Vehicles of the newest window, their mean speed, and the free one, m/s."""
        traffic = self._world.records.now.traffic
        known = [cell for id in cells if (cell := await traffic.get(id)) is not None]
        fresh = [cell for cell in known if cell.until > at - MEASURED_LATELY and cell.time_s > 0]
        free = [cell.free_flow_mps for cell in known if cell.free_flow_mps is not None]
        took_s = sum(cell.time_s for cell in fresh)
        speed = sum(cell.distance_m for cell in fresh) / took_s if took_s else None
        return sum(cell.vehicles for cell in fresh), speed, sum(free) / len(free) if free else None

    async def _with_partner(self, found: Found, subject: Subject) -> Found:
        partner = subject.partner or await self._partner_with_room(subject.board)
        if partner is None:
            return found
        free = await self._room(partner)
        away_m = distance_m(subject.board.location, partner.location)
        storage = Storage(free=free, capacity=partner.capacity, distance_m=away_m)
        return found._replace(history=replace(found.history, storage=storage), partner_id=partner.id)

    async def _partner_with_room(self, board: StationBoard) -> Partner | None:
        """The nearest; when the nearest few are full, the nearest of all."""
        partners = await self._world.records.now.partner_shops.find({}, limit=MOST_PARTNERS)
        near = sorted(partners, key=lambda one: distance_m(board.location, one.location))
        for partner in near[:NEAREST_PARTNERS]:
            if await self._room(partner) > 0:
                return partner
        return near[0] if near else None

    async def _room(self, partner: Partner) -> int:
        stored = {"holder.kind": HolderKind.PARTNER, "holder.id": partner.id}
        return max(0, partner.capacity - await self._world.records.now.batteries.count(stored))

    async def _with_neighbour(self, found: Found, subject: Subject) -> Found:
        """The nearest station that can spare somebody."""
        here, mine = subject.board.location, subject.board.station_id
        least = self._world.rules.staff_minimum

        def can_help(board: StationBoard) -> bool:
            return board.station_id != mine and spare_staff(board, least) > 0

        def choose(away: Away, known_m: float) -> list[tuple[float, str, StationBoard]] | None:
            within = ((metres, board) for metres, board in away if metres <= HELP_WITHIN_M)
            helpers = sorted((metres, board.station_id, board) for metres, board in within if can_help(board))
            is_sure = known_m >= HELP_WITHIN_M or (helpers and helpers[0][0] <= known_m)
            return helpers if is_sure else None

        near = await look_around(self._world.live, here, choose)
        if not near:
            return found
        away_m, id, board = near[0]
        help_near = Neighbour(bays_spare=spare_staff(board, least), travel_minutes=travel_s(away_m) / 60)
        return found._replace(history=replace(found.history, neighbour=help_near), neighbour_id=id)


def place_of(board: StationBoard, *, inbound: int, slots: int, bays: int) -> Place:
    """A station as its board shows it; slots and bays as they were built."""
    counts = board.stock.counts
    return Place(
        capacity=board.capacity,
        bays=board.bays,
        staffable_bays=bays,
        slots=slots,
        waiting=board.length,
        active=board.active,
        on_the_way=sum(entry.state in ON_THE_WAY for entry in board.entries),
        packs=counts.total,
        charged=board.charged_batteries,
        charging=counts.charging,
        quarantined=counts.quarantined,
        staff=board.staff_on_duty,
        open_tickets=board.open_tickets,
        inbound=inbound,
    )


def spare_staff(board: StationBoard, least: int) -> int:
    """People whom a station could do without, its queue as it is."""
    wanted = needed(len(board.entries), SWAP_MEAN_MINUTES, board.bays)
    return max(0, board.staff_on_duty - max(least, wanted))


def _cells(subject: Subject, *, is_one: bool) -> tuple[list[str], list[str]]:
    """The cells asked about, and those around them."""
    cell = subject.cell or cell_of(subject.board.location)
    return ([cell], ring(cell, 1)) if is_one else (disk(cell, ROADS_AROUND), [])


def _hour_by_sun(at: datetime, lng: float) -> float:
    """Hour of the day at a longitude, to whole quarters: no border and no law is asked."""
    hours = at.hour + at.minute / 60 + lng / 15
    return round(hours * 4) / 4 % 24
