"""The wait formula against what it stands for: a simulation of bays and gamma service times."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.wait import SWAP_MEAN_MINUTES, SWAP_SPREAD_MINUTES, estimate


def test_wait_with_a_free_bay_is_none() -> None:
    assert estimate(ahead=0, active=1, bays=2).p90 == 0


def test_wait_is_never_before_the_pack_is_charged() -> None:
    wait = estimate(ahead=0, active=0, bays=2, ready_in_minutes=12)
    assert (wait.p50, wait.p90) == (12, 12)


@given(ahead=st.integers(0, 20), active=st.integers(0, 5), bays=st.integers(1, 4))
def test_wait_grows_with_the_queue_and_p90_is_not_below_p50(ahead: int, active: int, bays: int) -> None:
    here, behind = (estimate(ahead=n, active=active, bays=bays) for n in (ahead, ahead + 1))
    assert here.p50 <= here.p90
    assert behind.p50 >= here.p50
    assert behind.p90 >= here.p90


@pytest.mark.parametrize(("ends", "bays"), [(1, 1), (4, 1), (6, 2), (15, 3)])
def test_wait_quantiles_match_a_simulation(ends: int, bays: int) -> None:
    """With every bay busy from the start, the n-th end of a swap comes when the formula says, within 15 %."""
    rng = random.Random(7)
    shape = (SWAP_MEAN_MINUTES / SWAP_SPREAD_MINUTES) ** 2
    scale = SWAP_MEAN_MINUTES / shape

    def nth_end() -> float:
        free_at = [rng.gammavariate(shape, scale) for _ in range(bays)]
        for _ in range(ends - 1):
            bay = free_at.index(min(free_at))
            free_at[bay] += rng.gammavariate(shape, scale)
        return min(free_at)

    runs = sorted(nth_end() for _ in range(20_000))
    wait = estimate(ahead=ends - 1, active=bays, bays=bays)
    assert wait.p50 == pytest.approx(runs[10_000], rel=0.15)
    assert wait.p90 == pytest.approx(runs[18_000], rel=0.15)
