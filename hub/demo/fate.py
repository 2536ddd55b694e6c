"""What becomes of a rider who has a place in a queue."""

from __future__ import annotations

import random
from enum import Enum
from typing import Final


class Fate(Enum):
    """Most riders come; a network has to live with the others too."""

    COMES = "comes"
    COMES_LATE = "stops on the way, and comes"
    LEAVES = "gives the place back on the way"
    SAYS_NO = "does not come, and says so when asked"
    STAYS_AWAY = "does not come, and never answers"

    @property
    def is_no_show(self) -> bool:
        return self in (Fate.SAYS_NO, Fate.STAYS_AWAY)


SHARES: Final = {
    Fate.COMES: 0.88,
    Fate.COMES_LATE: 0.05,
    Fate.LEAVES: 0.04,
    Fate.SAYS_NO: 0.015,
    Fate.STAYS_AWAY: 0.015,
}


def draw(rng: random.Random) -> Fate:
    return rng.choices(list(SHARES), list(SHARES.values()))[0]
