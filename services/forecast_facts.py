"""What forecasts have to tell: a queue that will be full, a stock that will run out, packs to be carried."""

from __future__ import annotations

from typing import ClassVar

from services.events import AtStation, Topic
from services.fault_events import AlertRaised
from services.predictions import PackMove


class LoadSpike(AlertRaised):
    """A station's queue will be nearly full. Told once, until it is not so any more."""

    type = "load.spike"


class StockLow(AlertRaised):
    """A station will probably run out of charged packs. Told once, until it is not so any more."""

    type = "stock.low"


class RebalancingSuggested(PackMove, AtStation):
    """Packs should be carried to where they are needed; `job:create` would do it. At its source's key."""

    name = "rebalancing:suggested"
    type = "rebalancing.suggested"
    topic: ClassVar[Topic | None] = Topic.LOGISTICS

    def rooms(self) -> tuple[str, ...]:
        return ("admin",)
