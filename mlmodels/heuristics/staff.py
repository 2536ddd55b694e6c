"""How many people a station needs, and what would save its riders most time.

Waits are Erlang's: so many servers, arrivals at random, service times as they come. Source: A. K.
Erlang, Post Office Electrical Engineers' Journal 10 (1917).
"""

from __future__ import annotations

from collections.abc import Mapping
from math import exp
from typing import Final

from mlmodels.bands import Band, confidence, shortfall
from mlmodels.heuristics.demand import FULL_CONFIDENCE_WEEKS, Expected, expected_swaps
from mlmodels.heuristics.stock import CHARGE_MINUTES
from mlmodels.spec import Estimate, Features

PATIENCE_MINUTES: Final = 10.0
"""Who waits longer was let down."""

MOST_LATE: Final = 0.2  # share of the riders who may be
LONGEST_WAIT: Final = 60.0  # minutes; nobody stays longer
WITHOUT_PACK_MINUTES: Final = 30.0  # that a rider loses who finds none

RISK_PER_TICKET: Final = 0.05
RISK_PER_FAULT: Final = 0.02  # of the last week
RISK_PER_SEVERITY: Final = 0.1
OUTAGE_MINUTES: Final = 30.0  # that each rider loses when the station fails

WATCH: Final = "watch"
SAID: Final = {
    "add_staff": "Put one more person at the bays.",
    "bring_packs": "Bring charged packs before they run out.",
    "repair": "Have the open faults looked at first.",
    WATCH: "Nothing would help riders now; watch the queue.",
}


def wait_chance(servers: int, busy: float) -> float:
    """That somebody who comes has to wait; `busy` is how many servers the work would fill."""
    if busy >= servers:
        return 1.0
    blocked = 1.0
    for number in range(1, servers + 1):
        blocked = busy * blocked / (number + busy * blocked)
    return servers * blocked / (servers - busy * (1 - blocked))


def late_chance(servers: int, per_hour: float, minutes: float) -> float:
    """That somebody waits longer than riders like to."""
    busy = per_hour * minutes / 60
    if servers < 1 or busy >= servers:
        return 1.0 if per_hour > 0 else 0.0
    return wait_chance(servers, busy) * exp(-(servers - busy) * PATIENCE_MINUTES / minutes)


def mean_wait(servers: int, per_hour: float, minutes: float) -> float:
    """Minutes; never more than anybody stays."""
    busy = per_hour * minutes / 60
    if servers < 1 or busy >= servers:
        return LONGEST_WAIT if per_hour > 0 else 0.0
    return min(LONGEST_WAIT, wait_chance(servers, busy) * minutes / (servers - busy))


def needed(per_hour: float, minutes: float, bays: int) -> int:
    """The fewest people with whom few riders are late; never more than there are bays."""
    enough = (n for n in range(1, bays) if late_chance(n, per_hour, minutes) <= MOST_LATE)
    return next(enough, bays)


def _per_hour(swaps: float, x: Features, minutes: int) -> float:
    """Riders an hour, those who wait already with them."""
    return (swaps + x["queue_length"]) * 60 / max(minutes, 60)


def staff(x: Features, minutes: int) -> Estimate:
    """People to send there; below zero, people who could go elsewhere."""
    expected, bays, here = expected_swaps(x, minutes), int(x["bays"]), x["staff"]
    rates = [_per_hour(swaps, x, minutes) for swaps in (expected.mean, *expected.band)]
    people, fewest, most = (needed(rate, x["swap_minutes"], bays) for rate in rates)
    value = people - here
    return Estimate(
        value=value,
        band=Band(fewest - here, most - here).around(value),
        confidence=confidence(x["weeks"], FULL_CONFIDENCE_WEEKS),
        recommendation=_send(value, x),
        own={
            "staff_needed": people,
            "staff_on_duty": round(here),
            "late_probability": round(late_chance(min(bays, int(here)), rates[0], x["swap_minutes"]), 3),
        },
    )


def _send(value: float, x: Features) -> str:
    if value > 0 and x["neighbour_spare"] >= 1:
        return f"Ask {value:.0f} to come from the station {x['neighbour_minutes']:.0f} minutes away."
    if value > 0:
        return f"{value:.0f} more are needed, and no station near by can spare them: call somebody in."
    if value < 0:
        return f"{-value:.0f} could help at another station."
    return "As many are on duty as are needed."


def action(x: Features, minutes: int) -> Estimate:
    """Minutes that the best action saves the riders together, until the horizon."""
    expected = expected_swaps(x, minutes)
    low, middle, high = (
        _gains(x, expected._replace(mean=mean), minutes)
        for mean in (expected.band.low, expected.mean, expected.band.high)
    )
    best = max(middle, key=lambda name: middle[name])
    ranked = sorted(middle.items(), key=lambda item: -item[1])
    return Estimate(
        value=middle[best],
        band=Band(max(low.values()), max(high.values())).around(middle[best]),
        confidence=confidence(x["weeks"], FULL_CONFIDENCE_WEEKS),
        recommendation=SAID[best],
        own={
            "action": best,
            "actions": [{"action": name, "gain_minutes": round(gain, 1)} for name, gain in ranked],
        },
    )


def _gains(x: Features, expected: Expected, minutes: int) -> Mapping[str, float]:
    riders = expected.mean + x["queue_length"]
    risk = RISK_PER_TICKET * x["open_tickets"] + RISK_PER_FAULT * x["faults_7d"]
    risk += RISK_PER_SEVERITY * x["severity"]
    return {
        WATCH: 0.0,
        "add_staff": riders * _wait_saved(x, expected.mean, minutes),
        "bring_packs": _short(x, expected, minutes) * WITHOUT_PACK_MINUTES,
        "repair": riders * (1 - exp(-risk)) * OUTAGE_MINUTES,
    }


def _wait_saved(x: Features, swaps: float, minutes: int) -> float:
    """Minutes for each rider, by one more at the bays."""
    at_bays = min(int(x["staff"]), int(x["bays"]))
    if at_bays >= int(x["bays"]):
        return 0.0
    rate = _per_hour(swaps, x, minutes)
    waits = [mean_wait(people, rate, x["swap_minutes"]) for people in (at_bays, at_bays + 1)]
    return max(0.0, waits[0] - waits[1])


def _short(x: Features, expected: Expected, minutes: int) -> float:
    """Riders who are likely to find no pack."""
    supply = x["charged"] + x["inbound"] + x["charging"] * min(1.0, minutes / CHARGE_MINUTES)
    return shortfall(int(supply), expected.mean, expected.windows)
