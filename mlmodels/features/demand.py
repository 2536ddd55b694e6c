"""Who will come, and how full the queue will be."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import Final

from mlmodels.history import WEEKS, Demand, History
from mlmodels.spec import Feature

PRIOR_PER_HOUR: Final = 2.0
"""Swaps an hour at a station that nobody knows yet: a small one by day."""

PRIOR_STAY_MINUTES: Final = 20.0  # from confirming to the swap's end

LEAST_DAYS: Final = 7  # over which a trend says something

DEMAND: Final = (
    Feature("usual_per_hour", "swaps an hour in this window of the last weeks", prior=PRIOR_PER_HOUR),
    Feature("weeks", "how many of the last four weeks that is known from", high=WEEKS),
    Feature("last_hour", "swaps in the hour that ended now", prior=PRIOR_PER_HOUR),
    Feature("usual_last_hour", "swaps in that hour of the last weeks", prior=PRIOR_PER_HOUR),
    Feature("on_the_way", "riders with a place who have not arrived yet"),
)

LOAD: Final = (
    Feature("queue_length", "riders who wait"),
    Feature("active", "riders who are being served"),
    Feature("capacity", "places of the queue", prior=20, low=1),
    Feature("usual_per_hour", "swaps in the hour around then, in the last weeks", prior=PRIOR_PER_HOUR),
    Feature("weeks", "how many of the last four weeks that is known from", high=WEEKS),
    Feature("stay_minutes", "minutes from confirming to the swap's end", prior=PRIOR_STAY_MINUTES, low=1),
)


def demand(history: History) -> dict[str, float]:
    """Features of DEMAND."""
    seen = history.demand
    return {
        "weeks": len(seen.ahead),
        "last_hour": seen.last_hour,
        "on_the_way": history.place.on_the_way,
        **_mean("usual_per_hour", [count * 60 / history.window_minutes for count in seen.ahead]),
        **_mean("usual_last_hour", seen.lately),
    }


def load(history: History) -> dict[str, float]:
    """Features of LOAD."""
    place, seen = history.place, history.demand
    return {
        "queue_length": place.waiting,
        "active": place.active,
        "capacity": place.capacity,
        "weeks": len(seen.at_horizon),
        **_mean("usual_per_hour", seen.at_horizon),
        **_mean("stay_minutes", seen.stays_minutes),
    }


def daily(seen: Demand) -> dict[str, float]:
    """Mean swaps a day, from how many days, and the last week's against those before."""
    if not seen.daily:
        return {}
    known = {"daily_swaps": fmean(seen.daily), "days": float(len(seen.daily))}
    week, before = seen.daily[:LEAST_DAYS], seen.daily[LEAST_DAYS:]
    if len(before) >= LEAST_DAYS:
        # One more swap a day on both sides: a growth from nothing is not endless.
        known["growth_ratio"] = (fmean(week) + 1) / (fmean(before) + 1)
    return known


def _mean(name: str, values: Sequence[float]) -> dict[str, float]:
    return {name: fmean(values)} if values else {}
