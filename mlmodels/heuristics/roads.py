"""Speeds on the roads: what vehicles do now against what the hour would let expect."""

from __future__ import annotations

from math import exp
from typing import Final

from mlmodels.bands import confidence, mean_band, pooled
from mlmodels.spec import Estimate, Features

PEAKS: Final = ((9.0, 1.5, 0.25), (18.5, 2.0, 0.35))
"""Rush hours: when, how long (standard deviation, hours), and which share of the free speed they take."""

SLOWEST_MPS, FASTEST_MPS = 0.5, 25.0
SPREAD_MPS: Final = 2.5  # between vehicles, standard deviation
PRIOR_VEHICLES: Final = 3.0  # the hour's usual speed counts as much as so many vehicles
CERTAIN_VEHICLES: Final = 10.0
PRESENT_FADES_MINUTES: Final = 60.0
JAMMED: Final = 0.5
SLOW: Final = 0.25


def usual_share(hour: float) -> float:
    """The declared share of the free speed that an hour of the day leaves."""
    return 1 - sum(share * exp(-0.5 * (_apart(hour, at) / width) ** 2) for at, width, share in PEAKS)


def _apart(hour: float, other: float) -> float:
    """Hours between two times of the day, the short way round."""
    away = abs(hour % 24 - other)
    return min(away, 24 - away)


def speed(x: Features, minutes: int) -> Estimate:
    """The mean speed then, m/s."""
    free, hour = x["free_mps"], x["local_hour"]
    usual_now, usual_then = free * usual_share(hour), free * usual_share(hour + minutes / 60)
    around = pooled(x["speed_around_mps"], x["vehicles_around"], usual_now, PRIOR_VEHICLES)
    now = pooled(x["speed_mps"], x["vehicles"], around, PRIOR_VEHICLES)
    ratio = max(now, SLOWEST_MPS) / usual_now
    value = min(max(usual_then * ratio ** exp(-minutes / PRESENT_FADES_MINUTES), SLOWEST_MPS), FASTEST_MPS)
    seen = x["vehicles"] + x["vehicles_around"] / 2
    congestion = min(max(1 - value / free, 0.0), 1.0)
    return Estimate(
        value=value,
        band=mean_band(value, SPREAD_MPS, seen, 1.0).within(0, FASTEST_MPS).around(value),
        confidence=confidence(seen, CERTAIN_VEHICLES),
        recommendation=_ride(congestion, minutes),
        own={
            "free_speed_mps": round(free, 2),
            "congestion_ratio": round(congestion, 3),
            "vehicles": round(x["vehicles"]),
        },
    )


def _ride(congestion: float, minutes: int) -> str:
    if congestion >= JAMMED:
        return f"Roads are jammed in {minutes} minutes: hold places longer and send vans another way."
    if congestion >= SLOW:
        return f"Roads are slow in {minutes} minutes: expect riders and vans later."
    return f"Roads are free in {minutes} minutes."
