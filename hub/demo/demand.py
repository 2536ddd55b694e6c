"""How many riders want a battery, by the hour of the day."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Final

IST: Final = timedelta(hours=5, minutes=30)

BY_HOUR: Final = (
    0.30, 0.22, 0.16, 0.14, 0.18, 0.35, 0.70, 1.20, 1.65, 1.55, 1.30, 1.20,
    1.35, 1.30, 1.15, 1.10, 1.25, 1.55, 1.90, 1.85, 1.45, 1.10, 0.78, 0.48,
)  # fmt: skip
"""Relative demand for each hour, local time; 1 is the mean. Two peaks, as urban two-wheeler traffic has."""

MEAN_REST_S: Final = 900.0
"""Between two trips of one rider at demand 1, in city time."""


def demand(at: datetime) -> float:
    """Relative demand at an instant, interpolated between hours."""
    local = at + IST
    here, following = BY_HOUR[local.hour], BY_HOUR[(local.hour + 1) % 24]
    return here + (following - here) * (local.minute / 60)


def rest_s(rng: random.Random, at: datetime) -> float:
    """How long a rider rests before the next trip, in city seconds."""
    return rng.expovariate(demand(at) / MEAN_REST_S)
