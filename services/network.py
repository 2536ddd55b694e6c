"""All services of one hub, wired to its ports."""

from __future__ import annotations

from dataclasses import dataclass

from mlmodels.runtime import Runtime
from services.admin_side import AdminSide
from services.admission import Admission
from services.arrivals import Arrivals
from services.base import Clock, Ids, Secrets
from services.batteries import BatteryService
from services.boards import Boards
from services.cargo import Cargo
from services.carriage import Carriage
from services.credit_history import CreditHistory
from services.credits import CreditService
from services.custody import CustodyService
from services.differences import Differences
from services.diversions import LAPSE, DiversionService
from services.duty_records import DutyRecords
from services.entries import Entries
from services.fault_side import FaultSide
from services.faults import FaultService
from services.forecast_side import ForecastSide
from services.forecasts import ForecastService
from services.foresight import Foresight
from services.holds import Holds
from services.imports import ImportService
from services.job_ends import JobEnds
from services.job_reads import JobReads
from services.offers import EXPIRY, WAVE, Offers
from services.pack_search import LOOK
from services.pack_signs import DUE
from services.partners import PartnerService
from services.people import PeopleService
from services.people_saves import PeopleSaves
from services.place_offers import OFFER_TIMER, PlaceOffers
from services.ports import Live, Log, Records
from services.positions import PositionService
from services.promises import LATE, SHORT, Promises
from services.qr import QrService
from services.queue import QueueService
from services.rebalancing import Rebalancing
from services.rebooking import REBOOK_TIMER, Rebooking
from services.recommend import RecommendService
from services.retention import Retention
from services.rules import Rules
from services.shifts import ShiftService
from services.shortages import Shortages
from services.slot_watch import SlotWatch
from services.staff import StaffService
from services.station_admin import StationAdmin
from services.stations import StationService
from services.stillness import STUCK
from services.swap import SwapService
from services.tickets import TicketService
from services.timers import TimerService
from services.tokens import QrSigner
from services.tracks import TrackService
from services.transport import TransportService
from services.waitlist import WaitlistService
from services.walk_ins import WalkIns
from services.world import World


@dataclass(frozen=True, slots=True)
class Services:
    """What a handler may call."""

    world: World
    admin: AdminSide
    batteries: BatteryService
    carriage: Carriage
    credit_history: CreditHistory
    credits: CreditService
    diversions: DiversionService
    custody: CustodyService
    faults: FaultService
    forecasts: ForecastService
    foresight: Foresight
    imports: ImportService
    jobs: JobReads
    partners: PartnerService
    people: PeopleService
    people_saves: PeopleSaves
    positions: PositionService
    qr: QrService
    queue: QueueService
    rebalancing: Rebalancing
    recommend: RecommendService
    retention: Retention
    station_admin: StationAdmin
    shifts: ShiftService
    staff: StaffService
    stations: StationService
    swap: SwapService
    tickets: TicketService
    timers: TimerService
    tracks: TrackService
    transport: TransportService
    waitlist: WaitlistService
    walk_ins: WalkIns

    @classmethod
    def build(
        cls,
        *,
        records: Records,
        live: Live,
        log: Log,
        clock: Clock,
        ids: Ids,
        secrets: Secrets,
        signer: QrSigner,
        rules: Rules,
        models: Runtime | None = None,
    ) -> Services:
        """Wire the services to their ports; nothing is started or read. `models`: where none, heuristics."""
        world = World(records, live, log, clock, ids, secrets, signer, rules, models or Runtime())
        boards = Boards(world)
        awards = CreditService(world)
        custody = CustodyService(world)
        entries = Entries(world, boards, awards)
        holds = Holds(world, boards, entries)
        partners = PartnerService(world)
        batteries = BatteryService(world, boards, entries, custody)
        people = PeopleSaves(world, boards)
        promises = Promises(world)
        places, recommend = PlaceOffers(world, promises), RecommendService(world)
        waitlist = WaitlistService(world, boards, entries, places, promises)
        rebooking = Rebooking(world, boards, entries, places, recommend)
        admission = Admission(world, boards, entries, holds, places)
        station_admin = StationAdmin(world, boards, entries, rebooking)
        duty = DutyRecords(world, boards)
        diversions = DiversionService(world, duty)
        fault_side = FaultSide.build(world, boards, entries, PeopleService(world, boards), rebooking)
        ends, cargo, offers = JobEnds(world, entries), Cargo(world, entries, custody), Offers(world)
        differences = Differences(world, ends, fault_side.faults)
        transport = TransportService(world, ends, cargo, offers, differences, awards)
        forecast_side = ForecastSide.build(world, boards, transport)
        slots = SlotWatch.build(world, entries, fault_side.faults)
        steps = {
            **fault_side.steps,
            LAPSE: diversions.on_lapse,
            "queue.hold": holds.on_hold_due,
            "queue.call": holds.on_call_end,
            OFFER_TIMER: waitlist.on_offer_due,
            REBOOK_TIMER: rebooking.on_part_due,
            LATE: entries.on_late_charge,
            SHORT: Shortages(rebooking).on_short,
            WAVE: offers.on_wave_due,
            EXPIRY: transport.on_expiry,
            STUCK: transport.on_stuck_due,
            LOOK: slots.search.on_look_due,
            DUE: slots.search.on_pack_due,
        }
        return cls(
            world=world,
            admin=AdminSide.build(world, boards),
            batteries=batteries,
            credit_history=CreditHistory(world, awards),
            credits=awards,
            diversions=diversions,
            carriage=Carriage(world, ends, cargo, differences, awards),
            custody=custody,
            faults=fault_side.faults,
            forecasts=forecast_side.forecasts,
            foresight=forecast_side.foresight,
            rebalancing=forecast_side.rebalancing,
            imports=ImportService(world, boards, station_admin, partners, batteries, people),
            jobs=JobReads(world, offers),
            partners=partners,
            people=PeopleService(world, boards),
            people_saves=people,
            positions=PositionService(world, Arrivals(world, boards, entries, holds)),
            qr=QrService(world, entries, awards),
            queue=QueueService(world, boards, entries, holds, admission),
            recommend=recommend,
            retention=Retention(world),
            station_admin=station_admin,
            shifts=ShiftService(world, duty, diversions),
            staff=StaffService(world),
            stations=StationService(world, boards, entries, slots),
            swap=SwapService(world, entries, awards, custody, fault_side.faults),
            tickets=fault_side.tickets,
            timers=TimerService(world, steps),
            tracks=TrackService(world),
            transport=transport,
            waitlist=waitlist,
            walk_ins=WalkIns(world, entries, admission, people),
        )
