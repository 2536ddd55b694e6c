"""When a pack will be charged, by the curve and by what was seen of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from services.charging import SOC_PER_MINUTE, charge_run, curve_minutes, is_slower, minutes_to
from services.models import Battery, ChargeRun, Holder, HolderKind
from services.states import BatteryState

NOW = datetime(2026, 11, 24, 6, tzinfo=UTC)


def pack(soc: float, charge: ChargeRun | None = None) -> Battery:
    slot = Holder(kind=HolderKind.SLOT, id="s", slot=1)
    return Battery(
        id="b", state=BatteryState.CHARGING, holder=slot, soc=soc, soh=98, charge=charge, updated_at=NOW
    )


def seen(from_soc: float, *readings: tuple[float, float]) -> ChargeRun:
    """A run that began at NOW, and readings of minutes later and soc."""
    run = charge_run(pack(from_soc), from_soc, NOW, charged_soc=90)
    for minutes, soc in readings:
        run = charge_run(pack(soc, run), soc, NOW + timedelta(minutes=minutes), charged_soc=90)
    return run


def test_the_curve_is_straight_and_then_slows_down() -> None:
    assert curve_minutes(0) == 0
    assert minutes_to(80, 20) == pytest.approx(60 / SOC_PER_MINUTE)
    assert minutes_to(90, 80) > 10 / SOC_PER_MINUTE
    assert minutes_to(100, 90) > minutes_to(90, 80)
    assert minutes_to(90, 95) == 0


def test_an_unseen_pack_is_given_more_time_than_the_curve_says() -> None:
    run = seen(50)

    assert run.ready_at
    assert run.ready_minutes > 1.3 * minutes_to(90, 50)
    assert run.ready_at == NOW + timedelta(minutes=run.ready_minutes)


def test_what_was_seen_makes_the_time_surer_and_truer() -> None:
    fast, usual, slow = (seen(20, (30, 20 + 30 * rate)).ready_minutes for rate in (1.5, 1.2, 0.9))

    assert usual < seen(56).ready_minutes  # the same state of charge, but nothing seen
    assert fast < usual < slow


def test_nine_of_ten_chargers_are_done_by_then() -> None:
    """Chargers whose pace differs as is assumed, seen for a quarter of an hour."""
    paces = [1 + 0.3 * z for z in (-1.2, -0.8, -0.5, -0.2, 0, 0.2, 0.5, 0.8, 1.2)]

    for pace in paces:
        soc = 30 + 15 * pace * SOC_PER_MINUTE
        assert minutes_to(90, soc) / pace <= seen(30, (15, soc)).ready_minutes


def test_a_pack_that_hardly_charges_has_no_time() -> None:
    assert seen(50, (40, 50.4)).ready_at is None
    assert seen(50, (40, 50.4), (41, 91)).ready_at is not None


def test_another_pack_in_the_slot_is_seen_anew() -> None:
    run = seen(50, (20, 70), (25, 30))

    assert (run.since, run.from_soc) == (NOW + timedelta(minutes=25), 30)


def test_only_what_is_clearly_later_is_news() -> None:
    first, later, much_later = seen(50), seen(50, (3, 53.6)), seen(50, (12, 52))

    assert is_slower(None, first)
    assert not is_slower(first, later)
    assert is_slower(first, much_later)
    assert not is_slower(first, None)
    assert is_slower(first.model_copy(update={"ready_at": None}), later)
