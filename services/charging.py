"""When a pack will be charged: a curve that chargers follow, and what is seen of this one.

A charger gives a constant current up to `TAPER_FROM_SOC`; from there on the current falls in a straight line
to `TAPERED_RATIO` of it at 100 %, as constant voltage follows constant current. Progress is measured in the
curve's own minutes, so that a pace seen at half full holds near the end, too.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from math import exp, log
from statistics import NormalDist
from typing import Final

from services.models import Battery, ChargeRun

SOC_PER_MINUTE: Final = 1.2  # state of charge, %: a 2 kWh pack at 1.5 kW
TAPER_FROM_SOC: Final = 80.0
TAPERED_RATIO: Final = 0.35

PRIOR_MINUTES: Final = 15.0
"""The curve is believed as much as so many minutes of seeing this pack charge."""

UNSEEN_SPREAD: Final = 0.3  # of the logarithm of the pace: how chargers and packs differ
SEEN_SPREAD: Final = 0.1  # what is left of it when this pack was seen for long
STALLED_PACE: Final = 0.3  # slower than this part of the curve's pace, nobody can say when
LATER: Final = timedelta(minutes=5)  # what is later by less is no news
_Z90: Final = NormalDist().inv_cdf(0.9)


def curve_minutes(soc: float) -> float:
    """Minutes that the curve takes from empty to a state of charge in %."""
    straight = min(soc, TAPER_FROM_SOC) / SOC_PER_MINUTE
    if soc <= TAPER_FROM_SOC:
        return straight
    span, fall = 100 - TAPER_FROM_SOC, 1 - TAPERED_RATIO
    over = (soc - TAPER_FROM_SOC) / span
    return straight - span / (SOC_PER_MINUTE * fall) * log(1 - fall * over)


def minutes_to(soc: float, from_soc: float) -> float:
    """Minutes from one state of charge to another by the curve, 0 when it is there."""
    return max(0.0, curve_minutes(soc) - curve_minutes(from_soc))


def charge_run(pack: Battery, soc: float, now: datetime, *, charged_soc: float) -> ChargeRun:
    """The pack's charging with one more reading: when it will have ended, with 90 % certainty."""
    known = pack.charge
    if known is None or soc < known.from_soc:
        known = ChargeRun(since=now, from_soc=soc)
    elapsed = (now - known.since).total_seconds() / 60
    done = minutes_to(soc, known.from_soc)
    pace = (done + PRIOR_MINUTES) / (elapsed + PRIOR_MINUTES)
    if pace < STALLED_PACE:
        return known.model_copy(update={"ready_at": None})
    variance = UNSEEN_SPREAD**2 * PRIOR_MINUTES / (elapsed + PRIOR_MINUTES) + SEEN_SPREAD**2
    minutes = round(minutes_to(charged_soc, soc) / pace * exp(_Z90 * variance**0.5), 1)
    return known.model_copy(
        update={"ready_minutes": minutes, "ready_at": now + timedelta(minutes=minutes)},
    )


def is_slower(known: ChargeRun | None, read: ChargeRun | None) -> bool:
    """Is a pack told to be charged clearly later than was known, or told when for the first time?"""
    if read is None or read.ready_at is None:
        return False
    if known is None or known.ready_at is None:
        return True
    return read.ready_at - known.ready_at >= LATER
