"""Which fixes are not believed, why, and for how long."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.fixes import GpsFix, Trace
from services.trust import EVEN_FIXES, FROZEN_FIXES, REMEMBERED, Doubt, is_trusted, judged, pace_mps

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
METRE = 1 / 111_195  # degrees of latitude


def fix(seconds: float, metres: float = 0.0, **more: Any) -> GpsFix:
    """So many metres north of a place."""
    at = NOON + timedelta(seconds=seconds)
    made = {"lat": 12.97 + metres * METRE, "lng": 77.59, "at": at, "received_at": at}
    return GpsFix(id=f"u:{seconds}", user_id="u", **{**made, **more})


def follow(fixes: Iterable[GpsFix], *, is_mock: bool = False) -> list[GpsFix]:
    """Each judged after the one before."""
    seen: list[GpsFix] = []
    for one in fixes:
        seen.append(judged(one, seen[-1] if seen else None, is_mock=is_mock, most_mps=70))
    return seen


def test_first_fix_is_believed() -> None:
    [first] = follow([fix(0)])

    assert (first.trust, first.trust_reasons) == (1.0, ())
    assert is_trusted(first)


def test_fix_that_the_phone_calls_a_mock_is_worth_nothing() -> None:
    [made_up] = follow([fix(0)], is_mock=True)

    assert (made_up.trust, made_up.trust_reasons) == (0.0, ("mock",))


def test_doubt_is_remembered_for_a_while_and_then_forgotten() -> None:
    seconds = REMEMBERED.total_seconds()
    fake = judged(fix(0), None, is_mock=True, most_mps=70)

    later = judged(fix(seconds), fake, is_mock=False, most_mps=70)
    long_after = judged(fix(2 * seconds), later, is_mock=False, most_mps=70)

    assert not is_trusted(later)
    assert later.trust_reasons == ("mock",)
    assert (long_after.trust, long_after.trust_reasons) == (1.0, ())


@pytest.mark.parametrize(
    ("metres", "reasons"), [(6200, ()), (6400, ("impossible_speed",)), (6990, ("impossible_speed",))]
)
def test_who_is_put_elsewhere_and_waits_to_be_accepted_is_not_believed(
    metres: float, reasons: tuple[str, ...]
) -> None:
    """7 km in 100 s would be a rejected jump."""
    there = follow([fix(0), fix(100, metres)])[-1]

    assert there.trust_reasons == reasons
    assert is_trusted(there) == (not reasons)


def test_error_circles_speak_for_the_phone() -> None:
    there = follow([fix(0, accuracy_m=300), fix(100, 6800, accuracy_m=300)])[-1]

    assert there.trust == 1.0
    assert pace_mps(fix(0, accuracy_m=300), fix(100, 6800, accuracy_m=300)) == pytest.approx(62, abs=0.1)


def test_without_a_speed_rule_no_speed_is_impossible() -> None:
    assert judged(fix(1, 5000), fix(0), is_mock=False, most_mps=0).trust == 1.0


def test_phone_that_says_it_moves_and_stays_is_not_believed() -> None:
    seen = follow(fix(n, speed_mps=8) for n in range(FROZEN_FIXES + 1))

    assert [is_trusted(one) for one in seen] == [True] * FROZEN_FIXES + [False]
    assert seen[-1].trust_reasons == ("no_jitter",)


@pytest.mark.parametrize("speed_mps", [None, 0.0, 1.0])
def test_phone_that_lies_still_may_say_the_same_for_ever(speed_mps: float | None) -> None:
    assert follow(fix(n, speed_mps=speed_mps) for n in range(30))[-1].trust == 1.0


@pytest.mark.parametrize("every_s", [1, 2.5, 10])
def test_line_drawn_at_even_speed_is_not_believed(every_s: float) -> None:
    seen = follow(fix(n * every_s, n * every_s * 9) for n in range(EVEN_FIXES + 2))

    assert [is_trusted(one) for one in seen] == [True] * (EVEN_FIXES + 1) + [False]
    assert seen[-1].trust_reasons == ("no_jitter",)


@given(st.integers(0, 10_000), st.sampled_from([1.0, 2.0, 5.0]), st.floats(2, 20))
def test_rider_at_even_speed_on_a_straight_road_is_believed(seed: int, every_s: float, mps: float) -> None:
    """As a good receiver sees it: half a metre of noise, six decimals."""
    rng = random.Random(seed)
    ridden = [fix(n * every_s, n * every_s * mps + rng.gauss(0, 0.5), speed_mps=mps) for n in range(40)]
    seen = follow(one.model_copy(update={"lat": round(one.lat, 6)}) for one in ridden)

    assert {one.trust for one in seen} == {1.0}


def test_wrong_clock_alone_is_a_small_doubt() -> None:
    ahead = fix(30, received_at=NOON)

    [seen] = follow([ahead])

    assert seen.trust_reasons == ("clock_skew",)
    assert is_trusted(seen)


def test_doubts_multiply() -> None:
    seen = follow([fix(0), fix(100, 6990, received_at=NOON + timedelta(seconds=80))])[-1]

    assert seen.trust_reasons == ("impossible_speed", "clock_skew")
    assert seen.trust == pytest.approx(0.4 * 0.7)


def test_late_fix_is_judged_alone_and_leaves_no_trace() -> None:
    newest = follow([fix(0), fix(100, 6990)])[-1]

    late = judged(fix(50), newest, is_mock=False, most_mps=70)

    assert (late.trust, late.trace) == (1.0, None)


@given(st.sets(st.sampled_from(Doubt)))
def test_trust_is_a_share_and_reasons_are_named_in_one_order(doubts: set[Doubt]) -> None:
    before = fix(0, trace=Trace(doubts={one.value: NOON for one in doubts}))

    seen = judged(fix(1), before, is_mock=False, most_mps=70)

    assert 0 <= seen.trust <= 1
    assert seen.trust_reasons == tuple(one.value for one in Doubt if one in doubts)
    assert (seen.trust == 1) == (not doubts)
