"""All services of one hub, wired to its ports."""

from __future__ import annotations

from dataclasses import dataclass

from services.credits import CreditService
from services.people import PeopleService
from services.positions import PositionService
from services.qr import QrService
from services.queue import QueueService
from services.recommend import RecommendService
from services.stations import StationService
from services.swap import SwapService
from services.timers import TimerService


@dataclass(frozen=True, slots=True)
class Services:
    """What a handler may call."""

    credits: CreditService
    people: PeopleService
    positions: PositionService
    qr: QrService
    queue: QueueService
    recommend: RecommendService
    stations: StationService
    swap: SwapService
    timers: TimerService
