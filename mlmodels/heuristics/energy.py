"""Will the chargers ask for more than the connection gives, or the grid be off its limits?"""

from __future__ import annotations

from math import exp
from typing import Final

from mlmodels.bands import Band, at_least, confidence, count_band
from mlmodels.heuristics.demand import FULL_CONFIDENCE_WEEKS, expected_swaps
from mlmodels.heuristics.stock import CHARGE_MINUTES
from mlmodels.spec import Estimate, Features

CONNECTED_SHARE: Final = 0.6
"""Share of its slots that a station's connection can charge at once, where nobody says otherwise."""

NOMINAL_V, LIMIT_V = 230.0, 0.1  # EN 50160: 10 % off at most
NOMINAL_HZ, LIMIT_HZ = 50.0, 0.5  # 1 % off at most
AT_LIMIT: Final = 0.5
"""What a grid at its limit adds to the exponent; it grows with the square of how far off it is."""

HIGH: Final = 0.3


def stability(x: Features, minutes: int) -> Estimate:
    """The chance of an overload or of a grid beyond its limits."""
    kw = x["charger_kw"]
    connection = x["connection_kw"] or x["slots"] * kw * CONNECTED_SHARE
    returns = expected_swaps(x, minutes)
    still = x["charging"] * max(0.0, 1 - minutes / CHARGE_MINUTES)
    fresh = min(1.0, CHARGE_MINUTES / minutes)  # of those brought back, who charge at the end
    off = _off_limits(x)
    room = connection / kw - still
    chances = [
        1 - (1 - at_least(int(max(0.0, room)) + 1, mean * fresh, returns.windows)) * exp(-off)
        for mean in (returns.mean, *returns.band)
    ]
    load = min(still + returns.mean * fresh, x["slots"])
    most = min(still + count_band(returns.mean * fresh, returns.windows).high, x["slots"])
    return Estimate(
        value=chances[0],
        band=Band(chances[1], chances[2]).around(chances[0]).within(0, 1),
        confidence=confidence(x["weeks"], FULL_CONFIDENCE_WEEKS),
        recommendation=_limit(chances[0], off),
        own={
            "expected_load_kw": round(load * kw, 2),
            "highest_load_kw": round(most * kw, 2),
            "connection_kw": round(connection, 2),
        },
    )


def _off_limits(x: Features) -> float:
    volts = abs(x["grid_voltage_v"] - NOMINAL_V) / NOMINAL_V / LIMIT_V
    hertz = abs(x["grid_frequency_hz"] - NOMINAL_HZ) / LIMIT_HZ
    return AT_LIMIT * (volts**2 + hertz**2)


def _limit(value: float, off: float) -> str:
    if off >= AT_LIMIT:
        return "The grid is off its limits: stop charging until it is back."
    if value >= HIGH:
        return "Spread the charging over the next hours, or the connection is overloaded."
    return "The connection carries the chargers; nothing has to be limited."
