"""Intervals: they hold what they say, and are wider the less was seen."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlmodels.bands import Band, at_least, count_band, count_share, rate_band, share_band, shortfall

means = st.floats(0.01, 500)
windows = st.floats(0.25, 50)


@given(means, windows)
def test_a_count_is_in_its_band_with_four_fifths(mean: float, seen: float) -> None:
    low, high = count_band(mean, seen)

    inside = at_least(int(low), mean, seen) - at_least(int(high) + 1, mean, seen)

    assert 0 <= low <= high
    assert inside >= 0.78  # whole numbers: the band is the least that holds 80 %, or normal beyond 200


def test_a_band_of_counts_is_checked_by_playing() -> None:
    """The rate is drawn as gamma, then the count as Poisson: what the band is of."""
    rng, mean, seen, hits = random.Random(1), 8.0, 2.0, 0
    low, high = count_band(mean, seen)
    for _ in range(2000):
        rate, count, time = rng.gammavariate(mean * seen, 1 / seen), 0, 0.0
        while (time := time + rng.expovariate(1)) < rate:
            count += 1
        hits += low <= count <= high

    assert 0.8 <= hits / 2000 <= 0.92


@given(means.filter(lambda mean: mean < 150), windows)
def test_shares_of_counts_sum_to_one_and_chances_follow(mean: float, seen: float) -> None:
    shares = [count_share(count, mean, seen) for count in range(30)]

    assert at_least(30, mean, seen) == pytest.approx(1 - sum(shares), abs=1e-5)


@pytest.mark.parametrize(("supply", "mean"), [(0, 4.0), (5, 7.3), (190, 210.0), (300, 4.0)])
def test_a_shortfall_is_the_sum_of_the_chances_that_one_more_is_wanted(supply: int, mean: float) -> None:
    tail = sum(at_least(count, mean, 3.0) for count in range(supply + 1, 900))

    assert shortfall(supply, mean, 3.0) == pytest.approx(tail, rel=1e-3, abs=1e-6)


@pytest.mark.parametrize(
    ("less", "more"),
    [
        (count_band(10, 1), count_band(10, 8)),
        (share_band(0.9, 5), share_band(0.9, 200)),
        (rate_band(2, 0), rate_band(2, 40)),
    ],
)
def test_who_has_seen_less_says_less(less: Band, more: Band) -> None:
    assert less.high - less.low > more.high - more.low


@given(st.floats(0, 1), st.floats(0.5, 1000))
def test_a_share_is_in_its_own_band(share: float, seen: float) -> None:
    low, high = share_band(share, seen)

    assert 0 <= low <= share + 1e-9
    assert share - 1e-9 <= high <= 1
