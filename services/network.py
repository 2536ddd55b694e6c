"""All services of one hub, wired to its ports."""

from __future__ import annotations

from dataclasses import dataclass

from services.arrivals import Arrivals
from services.base import Clock, Ids, Secrets
from services.boards import Boards
from services.credits import CreditService
from services.custody import CustodyService
from services.entries import Entries
from services.holds import Holds
from services.people import PeopleService
from services.ports import Live, Records
from services.positions import PositionService
from services.qr import QrService
from services.queue import QueueService
from services.recommend import RecommendService
from services.rules import Rules
from services.stations import StationService
from services.swap import SwapService
from services.timers import TimerService
from services.tokens import QrSigner
from services.world import World


@dataclass(frozen=True, slots=True)
class Services:
    """What a handler may call."""

    world: World
    credits: CreditService
    custody: CustodyService
    people: PeopleService
    positions: PositionService
    qr: QrService
    queue: QueueService
    recommend: RecommendService
    stations: StationService
    swap: SwapService
    timers: TimerService

    @classmethod
    def build(
        cls,
        *,
        records: Records,
        live: Live,
        clock: Clock,
        ids: Ids,
        secrets: Secrets,
        signer: QrSigner,
        rules: Rules,
    ) -> Services:
        """Wire the services to their ports; nothing is started or read."""
        world = World(records, live, clock, ids, secrets, signer, rules)
        boards = Boards(world)
        awards = CreditService(world)
        custody = CustodyService(world)
        entries = Entries(world, boards, awards)
        holds = Holds(world, boards, entries)
        steps = {
            "queue.hold": holds.on_hold_due,
            "queue.call": holds.on_call_end,
        }
        return cls(
            world=world,
            credits=awards,
            custody=custody,
            people=PeopleService(world, boards),
            positions=PositionService(world, Arrivals(world, boards, entries, holds)),
            qr=QrService(world, entries, awards),
            queue=QueueService(world, boards, entries, holds),
            recommend=RecommendService(world),
            stations=StationService(world, boards, entries),
            swap=SwapService(world, entries, awards, custody),
            timers=TimerService(world, steps),
        )
