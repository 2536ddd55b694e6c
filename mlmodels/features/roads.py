"""How fast vehicles move around a station, or in one cell."""

from __future__ import annotations

from typing import Final

from mlmodels.history import History
from mlmodels.spec import Feature

MIDDAY: Final = 13.0
PRIOR_FREE_MPS: Final = 8.5
"""A two-wheeler's mean speed on empty city roads, stops included."""

ROADS: Final = (
    Feature("vehicles", "vehicles that were measured there lately"),
    Feature("speed_mps", "their mean speed, stops included, m/s", prior=7.0, high=40),
    Feature("vehicles_around", "vehicles in the ring around it"),
    Feature("speed_around_mps", "their mean speed, m/s", prior=7.0, high=40),
    Feature("free_mps", "speed on free roads there, m/s", prior=PRIOR_FREE_MPS, low=1, high=40),
    Feature("local_hour", "hour of the day there, by the sun", prior=MIDDAY, high=24),
)


def roads(history: History) -> dict[str, float]:
    """Features of ROADS."""
    seen = history.roads
    known = {
        "vehicles": seen.vehicles,
        "speed_mps": seen.speed_mps,
        "vehicles_around": seen.vehicles_around,
        "speed_around_mps": seen.speed_around_mps,
        "free_mps": seen.free_mps,
        "local_hour": seen.local_hour,
    }
    return {name: value for name, value in known.items() if value is not None}
