"""Packs: what will run out, what wears out, what must be ordered, what goes to a partner."""

from __future__ import annotations

from math import ceil, sqrt
from typing import Final

from mlmodels.bands import Band, Z, at_least, confidence, count_band, pooled
from mlmodels.heuristics.demand import FULL_CONFIDENCE_WEEKS, expected_swaps
from mlmodels.spec import Estimate, Features

CHARGE_MINUTES: Final = 80.0
"""A full charge in a slot."""

LIFE_ENDS_SOH: Final = 80.0
FADE_PER_CYCLE: Final = 0.02
"""Percentage points of health a cycle: 1,000 cycles to 80 %, as makers of such packs state."""
FADE_KNOWN_AFTER: Final = 300.0  # cycles, by which a pack's own fade counts as much as the stated one
FADE_SPREAD: Final = 0.5  # of the fade itself, between packs
READING_SPREAD: Final = 0.5  # of a reading of health, percentage points
WARM_C: Final = 25.0
DOUBLES_EVERY_C: Final = 10.0  # ageing, by the usual rule of thumb

PEAK_RATIO: Final = 1.9  # the busiest hour over the day's mean hour
DAYS_KNOWN: Final = 14.0
FREE_SHARE: Final = 0.1  # of the slots, kept free for packs that riders bring back


def net_packs(wanted: float, x: Features, ready: float) -> float:
    """Packs to bring when so many are wanted; below zero, packs that could be given away.

    What still charges serves the riders here, but cannot be given to another station.
    """
    supply = x["charged"] + x["inbound"] + ready
    return wanted - supply if wanted > supply else -max(0.0, x["charged"] - wanted)


def rebalancing(x: Features, minutes: int) -> Estimate:
    """Packs that should come, or that could go."""
    expected = expected_swaps(x, minutes)
    ready = x["charging"] * min(1.0, minutes / CHARGE_MINUTES)
    supply = x["charged"] + x["inbound"] + ready
    safe = net_packs(expected.band.high, x, ready)
    value = net_packs(expected.mean, x, ready)
    bring, spare = max(0, ceil(safe)), max(0, int(-safe))
    return Estimate(
        value=value,
        band=Band(net_packs(expected.band.low, x, ready), safe).around(value),
        confidence=confidence(x["weeks"], FULL_CONFIDENCE_WEEKS),
        recommendation=_rebalance(bring, spare, minutes),
        own={
            "stock_out_probability": round(at_least(int(supply) + 1, expected.mean, expected.windows), 3),
            "demand_p90": round(expected.band.high, 1),
            "supply": round(supply, 1),
            "packs_to_bring": bring,
            "packs_to_spare": spare,
        },
    )


def _rebalance(bring: int, spare: int, minutes: int) -> str:
    if bring:
        return f"Bring {bring} charged packs within {minutes} minutes, or riders may find none."
    if spare:
        return f"{spare} charged packs can go where they are needed more."
    return "The stock fits the demand; leave it as it is."


def usage(x: Features, minutes: int) -> Estimate:
    """State of health at the horizon, %: the fade so far, goes on."""
    days, cycles = minutes / 1440, x["cycles"]
    ahead = x["swaps_per_pack_day"] * days
    seen = (100 - x["soh"]) / cycles if cycles else FADE_PER_CYCLE
    heat = 2 ** (max(0.0, x["temperature_c"] - WARM_C) / DOUBLES_EVERY_C)
    fade = pooled(seen, cycles, FADE_PER_CYCLE, FADE_KNOWN_AFTER) * min(heat, 8.0)
    value = max(0.0, x["soh"] - fade * ahead)
    unsure = ahead * fade * FADE_SPREAD * sqrt(FADE_KNOWN_AFTER / (cycles + FADE_KNOWN_AFTER))
    width = Z * sqrt(READING_SPREAD**2 + unsure**2)
    daily_fade = fade * x["swaps_per_pack_day"]
    return Estimate(
        value=value,
        band=Band(value - width, value + width).within(0, 100),
        confidence=confidence(cycles, FADE_KNOWN_AFTER),
        recommendation=_wear(value, x["soh"]),
        own={
            "soh_now": round(x["soh"], 1),
            "cycles_ahead": round(ahead, 1),
            "fade_per_100_cycles": round(fade * 100, 2),
            "days_until_80": round(max(0.0, x["soh"] - LIFE_ENDS_SOH) / daily_fade) if daily_fade else None,
        },
    )


def _wear(then: float, now: float) -> str:
    if now <= LIFE_ENDS_SOH:
        return "Below 80 % of health: retire it, or use it where little is asked of it."
    if then <= LIFE_ENDS_SOH:
        return "It will fall below 80 % of health: order its replacement."
    return "It ages as it should; nothing has to be done."


def order(x: Features, minutes: int) -> Estimate:
    """Packs to order, so that there are enough when they come."""
    wanted, seen = _wanted_at_peak(x), max(1.0, x["days"])
    retired = x["worn_packs"] + x["quarantined"] / 2
    short = [max(0.0, need + retired - x["packs"]) for need in (wanted, *count_band(wanted, seen))]
    value = short[0]
    return Estimate(
        value=value,
        band=Band(short[1], short[2]).around(value),
        confidence=confidence(x["days"], DAYS_KNOWN),
        recommendation=_order(ceil(short[2]), minutes),
        own={
            "packs_needed": ceil(wanted + retired),
            "expected_retirements": round(retired, 1),
            "daily_swaps": round(x["daily_swaps"], 1),
            "lead_time_days": round(minutes / 1440, 1),
        },
    )


def _wanted_at_peak(x: Features) -> float:
    """Packs that are on the chargers in the busiest hours, for each that a rider takes comes back empty."""
    per_hour = x["daily_swaps"] / 24 * PEAK_RATIO * min(max(x["growth_ratio"], 0.5), 2.0)
    return per_hour * CHARGE_MINUTES / 60


def _order(most: int, minutes: int) -> str:
    if most:
        return f"Order {most} packs now; they take about {minutes / 1440:.0f} days to come."
    return "There are packs enough for the busiest hours; order none."


def storage(x: Features, minutes: int) -> Estimate:
    """Packs that should go to the partner, as far as there is room."""
    overflow = x["packs"] + x["inbound"] - x["slots"] * (1 - FREE_SHARE)
    width = Z * sqrt(x["inbound"] + 1 + x["daily_swaps"] * minutes / 1440 / 10)
    value, low, high = (
        min(max(0.0, packs), x["partner_free"]) for packs in (overflow, overflow - width, overflow + width)
    )
    room = x["partner_free"] / x["partner_capacity"] if x["partner_capacity"] else 0.0
    return Estimate(
        value=value,
        band=Band(low, high).around(value),
        confidence=confidence(x["days"], DAYS_KNOWN),
        recommendation=_store(value, overflow, x["partner_free"]),
        own={
            "overflow_packs": max(0, ceil(overflow)),
            "partner_free": round(x["partner_free"]),
            "partner_free_share": round(min(1.0, room), 3),
        },
    )


def _store(value: float, overflow: float, free: float) -> str:
    if overflow > free:
        return f"{ceil(overflow)} packs are too many and the partner has room for {int(free)}: find another."
    if value >= 1:
        return f"Let the partner store {ceil(value)} packs, so that slots stay free."
    return "There are free slots enough; nothing has to be stored elsewhere."
