"""What can be promised of packs that are charged and packs that will be: counted, and checked by trying."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.claims import Charging, Claim, Shelf

NOW = datetime(2026, 11, 24, 6, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def shelf(charged: int = 0, *minutes: float) -> Shelf:
    return Shelf(charged, tuple(Charging(at(ready), ready) for ready in sorted(minutes)))


def claims(*needed: float | None) -> list[Claim]:
    return [
        Claim(f"e{order}", "standard", None if minutes is None else at(minutes), order)
        for order, minutes in enumerate(needed)
    ]


@pytest.mark.parametrize(
    ("packs", "promised", "now", "in_20"),
    [
        (shelf(2), claims(), 2, 2),
        (shelf(2), claims(None), 1, 1),
        (shelf(0, 15), claims(), 0, 1),
        (shelf(0, 25), claims(), 0, 0),
        (shelf(1, 15), claims(20), 1, 1),  # the one who comes later gets what charges by then
        (shelf(1, 15), claims(10), 0, 1),
        (shelf(1, 15), claims(10, 30), 0, 0),
        (shelf(1, 15, 28), claims(10, 30), 0, 1),
        (shelf(0), claims(None), -1, -1),
    ],
)
def test_what_can_still_be_promised_at_once_and_in_twenty_minutes(
    packs: Shelf, promised: list[Claim], now: int, in_20: int
) -> None:
    assert packs.spare(promised) == now
    assert packs.spare(promised, at(20)) == in_20


def test_a_pack_that_is_late_is_not_counted_on() -> None:
    assert shelf(1, 5, 10).after(at(7)).spare([], at(8)) == 1
    assert shelf(1, 5, 10).after(at(4)).spare([], at(8)) == 2


def test_when_a_pack_fails_who_came_last_is_short() -> None:
    promised = claims(None, 30, None)

    assert shelf(2, 25).kept(promised) == promised
    assert [claim.id for claim in shelf(1, 25).kept(promised)] == ["e0", "e1"]
    assert [claim.id for claim in shelf(1).kept(promised)] == ["e0"]


def test_the_minutes_until_each_pack_are_told_most_urgent_first() -> None:
    assert shelf(1, 12, 28).outlook(claims(30, None, 15)) == {"e1": 0.0, "e2": 12, "e0": 28}
    assert shelf(1).outlook(claims(None, None)) == {"e0": 0.0, "e1": None}


def test_who_is_early_takes_a_charged_pack_only_if_nobody_else_needs_it() -> None:
    first, early = claims(None, 20)

    assert not shelf(1, 15).may_take([first, early], early)
    assert shelf(1, 15).may_take([first, early], first)
    assert shelf(2).may_take([first, early], early)
    assert not shelf(0, 15).may_take([early], early)


minutes = st.integers(0, 5)


@given(st.integers(0, 3), st.lists(minutes, max_size=3), st.lists(st.none() | minutes, max_size=4))
def test_claims_are_kept_exactly_when_some_way_to_hand_out_the_packs_serves_all(
    charged: int, charging: list[int], needed: list[int | None]
) -> None:
    """Against trying every way: a charged pack serves anybody, one that charges who needs it later."""
    packs = [-1] * charged + charging
    wants = [-1 if minutes is None else minutes for minutes in needed]
    possible = len(packs) >= len(wants) and any(
        all(ready <= want for ready, want in zip(way, wants, strict=True))
        for way in permutations(packs, len(wants))
    )

    assert (shelf(charged, *charging).spare(claims(*needed)) >= 0) is possible


@given(st.integers(0, 3), st.lists(minutes, max_size=3), st.lists(st.none() | minutes, max_size=4), minutes)
def test_so_many_as_are_told_can_be_promised_and_no_more(
    charged: int, charging: list[int], needed: list[int | None], wanted: int
) -> None:
    packs, promised = shelf(charged, *charging), claims(*needed)
    spare = packs.spare(promised, at(wanted))
    if packs.spare(promised) < 0:
        return

    for more in range(4):
        assert (packs.spare(claims(*needed, *[wanted] * more)) >= 0) is (more <= spare)
