"""What a transporter earns by a job."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Final

CREDITS_PER_KM: Final = Decimal("2.5")
CREDITS_PER_PACK: Final = 20


def reward(base: int, metres: float, packs: int) -> int:
    """Credits: a base, so many a kilometre in a straight line and so many a pack; rounded half up."""
    way = CREDITS_PER_KM * Decimal(str(metres)) / 1000
    return base + CREDITS_PER_PACK * packs + int(way.quantize(Decimal(1), ROUND_HALF_UP))
