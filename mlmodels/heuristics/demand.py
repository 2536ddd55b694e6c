"""Arrivals and load: the same hours of the last weeks, and what is going on now."""

from __future__ import annotations

from math import exp
from typing import Final, NamedTuple

from mlmodels.bands import Band, confidence, count_band, pooled
from mlmodels.features.demand import PRIOR_PER_HOUR
from mlmodels.spec import Estimate, Features

PRIOR_WEEKS: Final = 0.1
"""The declared prior counts as much as so many weeks of history: little, or a busy hour is never believed."""

PRESENT_WEEKS: Final = 1.0  # what is there now says as much of the hours to come as a week of history

FULL_CONFIDENCE_WEEKS: Final = 2.0  # with so many the answer is half history, half belief

TREND_FADES_MINUTES: Final = 240.0
MOST_TREND: Final = 3.0
TREND_DAMPING: Final = 10.0
"""Swaps: below this many an hour's ratio says little. Played demand whose days differ by a fifth is forecast
best by about this; by less, chance is taken for a trend."""
PRESENT_FADES_MINUTES: Final = 120.0
"""Up to two hours ahead the last value is the best naive forecast, later the same hour of other weeks."""

NEARLY_FULL: Final = 0.9
BUSY: Final = 0.6
SURE_TO_COME: Final = 0.9  # share of the riders on their way who arrive
ON_THE_WAY_MINUTES: Final = 30.0  # a rider with a place is here by then


class Expected(NamedTuple):
    """Swaps in a window: their mean, from as many windows like it, and the middle 80 %."""

    mean: float
    windows: float
    band: Band
    trend: float


def expected_swaps(x: Features, minutes: int) -> Expected:
    """What the demand features say of the next so many minutes."""
    weeks = x["weeks"]
    usual = pooled(x["usual_per_hour"], weeks, PRIOR_PER_HOUR, PRIOR_WEEKS)
    usual_lately = pooled(x["usual_last_hour"], weeks, PRIOR_PER_HOUR, PRIOR_WEEKS)
    ratio = (x["last_hour"] + TREND_DAMPING) / (usual_lately + TREND_DAMPING)
    trend = min(max(ratio, 1 / MOST_TREND), MOST_TREND) ** exp(-minutes / TREND_FADES_MINUTES)
    coming = SURE_TO_COME * x["on_the_way"] * min(1.0, minutes / ON_THE_WAY_MINUTES)
    mean = max(usual * trend * minutes / 60, coming)
    windows = weeks + PRIOR_WEEKS
    return Expected(mean, windows, count_band(mean, windows).around(mean), trend)


def arrivals(x: Features, minutes: int) -> Estimate:
    """How many riders will be served."""
    expected = expected_swaps(x, minutes)
    return Estimate(
        value=expected.mean,
        band=expected.band,
        confidence=confidence(x["weeks"], FULL_CONFIDENCE_WEEKS),
        recommendation=_prepare(expected, minutes),
        own={
            "usual_per_hour": round(x["usual_per_hour"], 2),
            "on_the_way": round(x["on_the_way"]),
            "trend_ratio": round(expected.trend, 2),
        },
    )


def _prepare(expected: Expected, minutes: int) -> str:
    most = round(expected.band.high)
    if expected.trend > 1.25:
        return f"More come than usual: be ready for up to {most} riders in {minutes} minutes."
    return f"Be ready for up to {most} riders in {minutes} minutes."


def load_value(x: Features, minutes: int) -> float:
    """The share of the places that are taken then, 0 to 1; without history the share of now."""
    present, usual = _present(x), _usual(x)
    known = x["weeks"] / (x["weeks"] + 1)
    by_history = (1 - exp(-minutes / PRESENT_FADES_MINUTES)) * known
    return present + (usual - present) * by_history


def _present(x: Features) -> float:
    return min(1.0, (x["queue_length"] + x["active"]) / x["capacity"])


def _usual(x: Features) -> float:
    """By Little's law: who comes in an hour, times the hours that they stay."""
    return usual_share(x["usual_per_hour"], x["stay_minutes"], x["capacity"])


def usual_share(per_hour: float, stay_minutes: float, capacity: float) -> float:
    """Places taken by so many an hour who stay so long, 0 to 1."""
    return min(1.0, per_hour * stay_minutes / 60 / capacity)


def load(x: Features, minutes: int) -> Estimate:
    """How full the queue will be."""
    value, capacity, weeks = load_value(x, minutes), x["capacity"], x["weeks"]
    # A queue that is empty now, at a station that nobody knows, need not be so then.
    entries = max(value * capacity, _usual_entries_of_nobody(x) / (weeks + 1))
    band = count_band(entries, weeks + PRESENT_WEEKS)
    return Estimate(
        value=value,
        band=Band(band.low / capacity, band.high / capacity).around(value).within(0, 1),
        confidence=confidence(weeks, FULL_CONFIDENCE_WEEKS),
        recommendation=_make_room(value, minutes),
        own={
            "expected_entries": round(value * capacity, 2),
            "present_load": round(_present(x), 3),
            "usual_load": round(_usual(x), 3),
        },
    )


def _usual_entries_of_nobody(x: Features) -> float:
    return PRIOR_PER_HOUR * x["stay_minutes"] / 60


def _make_room(value: float, minutes: int) -> str:
    if value >= NEARLY_FULL:
        return f"Nearly full in {minutes} minutes: send riders to stations near by and staff every bay."
    if value >= BUSY:
        return f"Busy in {minutes} minutes: keep every bay staffed."
    return f"There will be places in {minutes} minutes; nothing has to be done."
