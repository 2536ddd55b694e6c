"""Faults to come, and the share of time in which a station works.

Signs of a fault add up in the exponent of 1 - exp(-sum), so that each makes it more likely and none
makes it certain. The weights are judgement, not measurement: every answer says that it is a heuristic.
"""

from __future__ import annotations

from math import exp
from typing import Final

from mlmodels.bands import Band, confidence, pooled, rate_band, share_band
from mlmodels.spec import Estimate, Features

BY_SEVERITY: Final = (0.0, 0.1, 0.3, 0.8, 2.0)  # none, low, medium, high, critical
PER_FAILED_RUN: Final = 0.6
PER_SAME_FAULT: Final = 0.4  # of the last week
PER_OTHER_FAULT: Final = 0.1
PER_OPEN_TICKET: Final = 0.1
PER_SHARE_IN_QUARANTINE: Final = 1.0
WARM_C: Final = 45.0
PER_DEGREE_OVER: Final = 0.05
WORN_SOH: Final = 80.0
PER_PERCENT_UNDER: Final = 0.03
PRIOR_PER_DAY: Final = 0.02
"""Faults a day where no sign speaks: one in seven weeks."""

DAYS_KNOWN: Final = 14.0
LIKELY: Final = 0.5
POSSIBLE: Final = 0.15

PRIOR_DOWN: Final = 0.01  # of the time
PRIOR_DAYS: Final = 7.0
DOWN_PER_TICKET: Final = 0.005
POOR: Final = 0.97
USUAL_MINUTES: Final = 1440


def weights(x: Features) -> dict[str, float]:
    """How much each sign adds to the exponent for a day; `prior` where no incident is asked about."""
    return {
        "severity": _between(BY_SEVERITY, x["severity"]),
        "failed_runs": PER_FAILED_RUN * x["failed_runs"],
        "same_fault_7d": PER_SAME_FAULT * x["same_fault_7d"],
        "other_faults_7d": PER_OTHER_FAULT * x["other_faults_7d"],
        "open_tickets": PER_OPEN_TICKET * x["open_tickets"],
        "quarantined_share": PER_SHARE_IN_QUARANTINE * x["quarantined_share"],
        "temperature_c": PER_DEGREE_OVER * max(0.0, x["temperature_c"] - WARM_C),
        "soh": PER_PERCENT_UNDER * max(0.0, WORN_SOH - x["soh"]),
        "prior": 0.0 if x["severity"] else PRIOR_PER_DAY,
    }


def _between(table: tuple[float, ...], at: float) -> float:
    below = min(int(at), len(table) - 2)
    return table[below] + (table[below + 1] - table[below]) * (at - below)


def fault_value(x: Features, minutes: int) -> float:
    """The chance of a fault that needs a person, 0 to 1."""
    return _chance(sum(weights(x).values()), minutes)


def fault(x: Features, minutes: int) -> Estimate:
    """The chance of a fault that needs a person."""
    parts = weights(x)
    total = sum(parts.values())
    value = _chance(total, minutes)
    events = x["failed_runs"] + x["same_fault_7d"] + x["other_faults_7d"]
    ends = rate_band(total, events)
    return Estimate(
        value=value,
        band=Band(_chance(ends.low, minutes), _chance(ends.high, minutes)).around(value),
        confidence=confidence(x["days"], DAYS_KNOWN),
        recommendation=_look(value),
        own={"hazard_per_day": round(total, 3)},
        effects={name: value * part / total for name, part in parts.items()},
    )


def _chance(per_day: float, minutes: float) -> float:
    return 1 - exp(-per_day * minutes / USUAL_MINUTES)


def _look(value: float) -> str:
    if value >= LIKELY:
        return "Send somebody to look at it today, before it fails."
    if value >= POSSIBLE:
        return "Look at it at the next visit, and watch what is reported meanwhile."
    return "Nothing speaks for a fault; keep to the usual visits."


def reliability(x: Features, minutes: int) -> Estimate:
    """The share of the time ahead in which the station works."""
    days = x["days"]
    seen = min(1.0, x["down_hours"] / (24 * days)) if days else 0.0
    down = min(1.0, pooled(seen, days, PRIOR_DOWN, PRIOR_DAYS) + DOWN_PER_TICKET * x["open_tickets"])
    per_day = pooled(x["outages"] / days if days else 0.0, days, PRIOR_PER_DAY, PRIOR_DAYS)
    value = 1 - down
    return Estimate(
        value=value,
        band=share_band(value, days + PRIOR_DAYS).around(value),
        confidence=confidence(days, DAYS_KNOWN),
        recommendation=_keep_up(value),
        own={
            "outage_probability": round(_chance(per_day, minutes), 3),
            "outages_28d": round(x["outages"]),
            "down_hours_28d": round(x["down_hours"], 1),
        },
    )


def _keep_up(value: float) -> str:
    if value < POOR:
        return "It is down too often: have its repeated faults mended for good."
    return "It works as it should; keep to the usual visits."
