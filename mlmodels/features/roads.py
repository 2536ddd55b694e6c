"""How fast vehicles move around a station, or in one cell."""

from __future__ import annotations

from statistics import fmean
from typing import Final

from mlmodels.history import History
from mlmodels.spec import Feature

MIDDAY: Final = 13.0

ROADS: Final = (
    Feature("vehicles", "vehicles whose speed is known there"),
    Feature("speed_mps", "their mean speed, m/s", prior=7.0, high=40),
    Feature("vehicles_around", "vehicles in the ring around it"),
    Feature("speed_around_mps", "their mean speed, m/s", prior=7.0, high=40),
    Feature("local_hour", "hour of the day there, by the sun", prior=MIDDAY, high=24),
)


def roads(history: History) -> dict[str, float]:
    """Features of ROADS."""
    seen = history.roads
    known: dict[str, float] = {"vehicles": len(seen.speeds), "vehicles_around": len(seen.around)}
    if seen.speeds:
        known["speed_mps"] = fmean(seen.speeds)
    if seen.around:
        known["speed_around_mps"] = fmean(seen.around)
    if seen.local_hour is not None:
        known["local_hour"] = seen.local_hour
    return known
