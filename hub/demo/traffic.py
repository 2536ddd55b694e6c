"""How fast one gets on, by class of road and hour of the day."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final

from hub.demo.demand import demand


class RoadClass(StrEnum):
    RING = "ring"
    RADIAL = "radial"
    STREET = "street"


FREE_SPEED_MPS: Final = {RoadClass.RING: 45 / 3.6, RoadClass.RADIAL: 36 / 3.6, RoadClass.STREET: 24 / 3.6}
"""Of a two-wheeler with nobody in its way."""

LOST_AT_PEAK: Final = {RoadClass.RING: 0.55, RoadClass.RADIAL: 0.5, RoadClass.STREET: 0.35}
"""Share of the free speed that the evening peak takes: the wide roads lose most, as everybody is on them."""

PEAK_DEMAND: Final = 1.9
TOP_SPEED_MPS: Final = max(FREE_SPEED_MPS.values())


def speed_mps(road: RoadClass, at: datetime | None = None) -> float:
    """The mean speed at an instant, the free one without.

    Traffic follows demand, and its cost grows with the square of it: half the peak's traffic slows
    hardly anybody down.
    """
    if at is None:
        return FREE_SPEED_MPS[road]
    fullness = min(1.0, demand(at) / PEAK_DEMAND) ** 2
    return FREE_SPEED_MPS[road] * (1 - LOST_AT_PEAK[road] * fullness)
