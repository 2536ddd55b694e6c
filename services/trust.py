"""How far a fix can be believed, 0 to 1, and why not: it never stops a swap, only what goes by itself.

The phone is the rider's own, so every sign can be faked by who knows it. They are chosen so that an honest
receiver shows none of them: a score below `TRUSTED` takes a fake or a broken phone.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from math import prod
from typing import Final

from services.base import Location
from services.fixes import GpsFix, Trace
from services.geo import distance_m

TRUSTED: Final = 0.5
"""From here on a fix opens geofences and stands for presence."""


class Doubt(StrEnum):
    MOCK = "mock"  # the phone says itself that an app made the fix
    IMPOSSIBLE_SPEED = "impossible_speed"  # just slow enough not to be rejected as a jump
    NO_JITTER = "no_jitter"  # moves as no receiver sees movement
    CLOCK_SKEW = "clock_skew"  # the phone is ahead of us


WEIGHTS: Final = {
    Doubt.MOCK: 1.0,
    Doubt.IMPOSSIBLE_SPEED: 0.6,
    Doubt.NO_JITTER: 0.6,
    Doubt.CLOCK_SKEW: 0.3,  # alone it is only a wrong clock
}
"""What each takes from the score: what is left of it is multiplied."""

REMEMBERED: Final = timedelta(minutes=10)
"""A doubt weighs for so long after its last sign: who stops faking is not believed at once."""

SUSPECT_RATIO: Final = 0.9
"""Who was put elsewhere and sends on is accepted again at nearly the greatest speed; nobody rides so fast."""

SKEW: Final = timedelta(seconds=10)
MOVING_MPS: Final = 1.5  # faster than a phone that lies still believes to be
FROZEN_FIXES: Final = 5  # in a row at one place to the last digit, while the phone says that it moves
EVEN_FIXES: Final = 8  # in a row exactly where the step before led
EVEN_WITHIN_M: Final = 0.05  # receivers scatter by decimetres at best
LEAST_STEP_M: Final = 1.0
LONGEST_STEP_S: Final = 60.0


def is_trusted(fix: GpsFix) -> bool:
    return fix.trust >= TRUSTED


def pace_mps(before: GpsFix, fix: GpsFix) -> float:
    """The least speed between two fixes, both error circles given, m/s; 0 for one that is not later."""
    seconds = (fix.at - before.at).total_seconds()
    if seconds <= 0:
        return 0.0
    blur_m = (before.accuracy_m or 0) + (fix.accuracy_m or 0)
    return max(0.0, distance_m(before.location, fix.location) - blur_m) / seconds


def judged(fix: GpsFix, before: GpsFix | None, *, is_mock: bool, most_mps: float) -> GpsFix:
    """The fix with its trust; `before` is the user's newest one, `most_mps` the speed rule (0: none).

    A late fix is judged by itself: it says nothing of the one after it, and nobody is moved by it.
    """
    is_late = before is not None and fix.at <= before.at
    trace = _trace(fix, None if is_late else before)
    signs = set(_signs(fix, None if is_late else before, trace, most_mps))
    if is_mock:
        signs.add(Doubt.MOCK)
    doubts = _remembered(trace, fix.at) | {sign.value: fix.at for sign in signs}
    reasons = [doubt for doubt in Doubt if doubt in doubts]
    return fix.model_copy(
        update={
            "trust": round(prod(1 - WEIGHTS[doubt] for doubt in reasons), 3),
            "trust_reasons": tuple(doubt.value for doubt in reasons),
            "trace": None if is_late else trace.model_copy(update={"doubts": doubts}),
        }
    )


def _remembered(trace: Trace, now: datetime) -> dict[str, datetime]:
    return {doubt: at for doubt, at in trace.doubts.items() if now - at <= REMEMBERED}


def _signs(fix: GpsFix, before: GpsFix | None, trace: Trace, most_mps: float) -> list[Doubt]:
    found = []
    if before is not None and most_mps and pace_mps(before, fix) > SUSPECT_RATIO * most_mps:
        found.append(Doubt.IMPOSSIBLE_SPEED)
    if trace.frozen >= FROZEN_FIXES or trace.even >= EVEN_FIXES:
        found.append(Doubt.NO_JITTER)
    if fix.at - fix.received_at > SKEW:
        found.append(Doubt.CLOCK_SKEW)
    return found


def _trace(fix: GpsFix, before: GpsFix | None) -> Trace:
    """What the next fix is held against."""
    if before is None:
        return Trace()
    old = before.trace or Trace()
    seconds = (fix.at - before.at).total_seconds()
    is_frozen = fix.location == before.location and (fix.speed_mps or 0) >= MOVING_MPS
    return Trace(
        doubts=old.doubts,
        step=((fix.lat - before.lat) / seconds, (fix.lng - before.lng) / seconds),
        even=old.even + 1 if _is_even(fix, before, old, seconds) else 0,
        frozen=old.frozen + 1 if is_frozen else 0,
    )


def _is_even(fix: GpsFix, before: GpsFix, old: Trace, seconds: float) -> bool:
    """Has it moved on as evenly as a line is drawn?"""
    if old.step is None or seconds > LONGEST_STEP_S:
        return False
    if distance_m(before.location, fix.location) < LEAST_STEP_M:
        return False
    lat, lng = (here + pace * seconds for here, pace in zip((before.lat, before.lng), old.step, strict=True))
    return distance_m(Location.model_construct(lat=lat, lng=lng), fix.location) <= EVEN_WITHIN_M
