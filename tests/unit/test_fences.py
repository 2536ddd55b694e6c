"""Geofence hysteresis, one fix at a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from services.fences import ZoneTrack, step

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
RADIUS_M = 500.0


def walk(*fixes: tuple[float, float, float]) -> list[bool]:
    """Inside or not after each (seconds, distance_m, accuracy_m)."""
    track, seen = ZoneTrack(), []
    for at_s, away_m, accuracy_m in fixes:
        track = step(
            track,
            distance_m=away_m,
            accuracy_m=accuracy_m,
            radius_m=RADIUS_M,
            at=NOON + timedelta(seconds=at_s),
        )
        seen.append(track.inside)
    return seen


def test_entering_needs_two_consecutive_fixes() -> None:
    assert walk((0, 400, 10), (1, 400, 10)) == [False, True]
    assert walk((0, 400, 10), (1, 600, 10), (2, 400, 10)) == [False, False, False]


def test_entering_needs_the_whole_error_circle_inside() -> None:
    assert walk((0, 480, 30), (1, 480, 30), (2, 480, 20), (3, 480, 20)) == [False, False, False, True]


def test_leaving_needs_a_fifth_more_and_thirty_seconds() -> None:
    inside = [(0, 100, 5), (1, 100, 5)]
    assert walk(*inside, (2, 590, 5), (60, 590, 5)) == [False, True, True, True]
    assert walk(*inside, (2, 610, 5), (31, 610, 5), (32, 610, 5)) == [False, True, True, True, False]


def test_coming_back_within_the_dwell_starts_it_again() -> None:
    away = [(0, 100, 5), (1, 100, 5), (2, 700, 5), (20, 300, 5), (25, 700, 5), (40, 700, 5)]
    assert walk(*away)[-1] is True
