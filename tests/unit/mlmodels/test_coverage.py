"""Played demand: the interval holds about what it says, and history beats the last value."""

from __future__ import annotations

import random
from math import exp
from statistics import fmean

import pytest

from mlmodels.runtime import Runtime

RUNTIME = Runtime()
WEEKLY = (1.0, 4.0, 12.0, 25.0, 8.0, 2.0)  # swaps an hour, hour after hour


def drawn(rng: random.Random, mean: float) -> int:
    """A Poisson count, by Knuth's product of uniforms."""
    limit, count, product = exp(-mean), 0, rng.random()
    while product > limit:
        count, product = count + 1, product * rng.random()
    return count


def week(rng: random.Random) -> list[int]:
    return [drawn(rng, mean) for mean in WEEKLY]


def asked(past: list[list[int]], now: list[int], hour: int) -> dict[str, float]:
    """What the records would say as the hour begins."""
    return {
        "usual_per_hour": fmean(one[hour] for one in past),
        "usual_last_hour": fmean(one[hour - 1] for one in past),
        "last_hour": now[hour - 1],
        "weeks": len(past),
    }


@pytest.mark.parametrize("weeks", [1, 4])
def test_four_of_five_hours_are_inside_the_interval(weeks: int) -> None:
    rng, inside = random.Random(weeks), []
    for _ in range(200):
        past, now = [week(rng) for _ in range(weeks)], week(rng)
        for hour in range(1, len(WEEKLY)):
            forecast = RUNTIME.predict("customer_arrival", asked(past, now, hour))
            inside.append(forecast.estimate.band.low <= now[hour] <= forecast.estimate.band.high)

    assert 0.75 <= fmean(inside) <= 0.9


def test_the_same_hour_of_other_weeks_beats_the_last_hour() -> None:
    rng, by_model, by_last = random.Random(7), 0.0, 0.0
    for _ in range(200):
        past, now = [week(rng) for _ in range(4)], week(rng)
        for hour in range(1, len(WEEKLY)):
            value = RUNTIME.predict("customer_arrival", asked(past, now, hour)).estimate.value
            by_model += abs(value - now[hour])
            by_last += abs(now[hour - 1] - now[hour])

    assert by_model < 0.4 * by_last


def test_a_day_that_is_busier_than_usual_is_seen() -> None:
    usual = {"usual_per_hour": 10.0, "usual_last_hour": 10.0, "weeks": 4.0}
    calm = RUNTIME.predict("customer_arrival", {**usual, "last_hour": 10.0}).estimate
    busy = RUNTIME.predict("customer_arrival", {**usual, "last_hour": 20.0}).estimate

    assert calm.value == pytest.approx(10, abs=0.3)
    assert 1.3 * calm.value < busy.value < 2 * calm.value
