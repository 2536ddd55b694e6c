"""What administrators read of the whole network, wired in one place."""

from __future__ import annotations

from dataclasses import dataclass

from services.boards import Boards
from services.checkpoints import Checkpoints
from services.live_figures import LiveFigures
from services.logistics import LogisticsReads
from services.overview import OverviewReads
from services.replay import Replay
from services.traffic import TrafficService
from services.world import World


@dataclass(frozen=True, slots=True)
class AdminSide:
    """Figures of now, what was noted for later, and the past."""

    checkpoints: Checkpoints
    live: LiveFigures
    logistics: LogisticsReads
    overview: OverviewReads
    replay: Replay
    traffic: TrafficService

    @classmethod
    def build(cls, world: World, boards: Boards) -> AdminSide:
        checkpoints = Checkpoints(world)
        return cls(
            checkpoints=checkpoints,
            live=LiveFigures(world),
            logistics=LogisticsReads(world),
            overview=OverviewReads(world, boards),
            replay=Replay(world, checkpoints),
            traffic=TrafficService(world),
        )
