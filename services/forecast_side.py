"""The services of forecasts, wired to each other."""

from __future__ import annotations

from dataclasses import dataclass

from services.boards import Boards
from services.forecasts import ForecastService
from services.foresight import Foresight
from services.histories import Histories
from services.past_swaps import PastSwaps
from services.rebalancing import Rebalancing
from services.transport import TransportService
from services.world import World


@dataclass(frozen=True, slots=True)
class ForecastSide:
    """Who answers questions, who looks ahead for all stations, who plans where packs go."""

    forecasts: ForecastService
    foresight: Foresight
    rebalancing: Rebalancing

    @classmethod
    def build(cls, world: World, boards: Boards, transport: TransportService) -> ForecastSide:
        swaps, rebalancing = PastSwaps(world), Rebalancing(world, transport)
        forecasts = ForecastService(world, boards, Histories(world, swaps), rebalancing)
        return cls(forecasts, Foresight(world, boards, swaps), rebalancing)
