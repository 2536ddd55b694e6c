"""What a station's past says of its next hour: read from time to time, kept with the station.

Figures that everybody sees are made of this and of what the board shows now, by the heuristics of the
models: they follow each change at once, and no event is missing.
"""

from __future__ import annotations

from functools import lru_cache

from mlmodels.catalog import FAULT, LOAD
from mlmodels.heuristics.demand import load_value
from mlmodels.heuristics.faults import fault_value
from services.base import Model


class Prospects(Model):
    """Figures of the past; null is what nobody knows. `..._told`: admins were told that it is so."""

    usual_per_hour: float | None = None  # swaps in the hour to come, in the last weeks
    weeks: int = 0  # that this is known from
    stay_minutes: float | None = None  # from confirming to the swap's end
    faults_7d: int = 0
    warmest_c: float | None = None  # of its packs
    worst_soh: float | None = None
    spike_told: bool = False
    low_stock_told: bool = False


def load_features(known: Prospects, *, queue_length: int, active: int, capacity: int) -> dict[str, float]:
    """What the load model knows of a station."""
    return _known(
        queue_length=queue_length,
        active=active,
        capacity=capacity,
        usual_per_hour=known.usual_per_hour,
        weeks=known.weeks,
        stay_minutes=known.stay_minutes,
    )


def fault_features(known: Prospects, *, open_tickets: int, packs: int, quarantined: int) -> dict[str, float]:
    """What the fault model knows of a station."""
    return _known(
        other_faults_7d=known.faults_7d,
        open_tickets=open_tickets,
        quarantined_share=quarantined / packs if packs else 0.0,
        temperature_c=known.warmest_c,
        soh=known.worst_soh,
    )


def predicted_load(known: Prospects, *, queue_length: int, active: int, capacity: int) -> float:
    """Share of the places taken an hour from now, 0 to 1."""
    features = load_features(known, queue_length=queue_length, active=active, capacity=capacity)
    return _load(tuple(features.items()))


def predicted_fault_risk(known: Prospects, *, open_tickets: int, packs: int, quarantined: int) -> float:
    """Chance of a fault within a day, 0 to 1."""
    features = fault_features(known, open_tickets=open_tickets, packs=packs, quarantined=quarantined)
    return _fault_risk(tuple(features.items()))


Pairs = tuple[tuple[str, float], ...]


# A board is made anew with every command, but of these figures there are few.
@lru_cache(maxsize=4096)
def _load(features: Pairs) -> float:
    return round(load_value(LOAD.complete(dict(features)), LOAD.horizon.usual), 3)


@lru_cache(maxsize=4096)
def _fault_risk(features: Pairs) -> float:
    return round(fault_value(FAULT.complete(dict(features)), FAULT.horizon.usual), 3)


def _known(**features: float | None) -> dict[str, float]:
    return {name: value for name, value in features.items() if value is not None}
