"""How long a rider will wait: one formula for everybody.

The queue is served by `bays` swaps at a time, each taking a gamma-distributed time. A rider who has
n swaps to end before a bay is theirs waits for the n-th end: with all bays busy that is a gamma
variable of shape n*k and scale theta/bays. Its quantiles come from the Wilson-Hilferty transform
(Proc. Natl. Acad. Sci. 17 (1931), p. 684), within 1 % for shapes above 1. Nobody is served before
the pack promised to them is charged, so its readiness is a lower bound.
"""

from __future__ import annotations

from functools import lru_cache
from statistics import NormalDist
from typing import Final

from services.base import Model

SWAP_MEAN_MINUTES: Final = 4.0
"""Mean of a staffed swap of a two- or three-wheeler pack with scan, exchange and check."""

SWAP_SPREAD_MINUTES: Final = 2.0
"""Its standard deviation."""

_SHAPE: Final = (SWAP_MEAN_MINUTES / SWAP_SPREAD_MINUTES) ** 2
_SCALE: Final = SWAP_SPREAD_MINUTES**2 / SWAP_MEAN_MINUTES
_Z: Final = {q: NormalDist().inv_cdf(q) for q in (0.5, 0.9)}


class Wait(Model):
    """Minutes until a bay and a charged pack are there: the median, and what nine of ten stay below."""

    p50: float
    p90: float


@lru_cache(maxsize=4096)
def wait_of(p50: float, p90: float) -> Wait:
    """The one object of these figures: they are few, immutable, and in every place of every queue."""
    return Wait(p50=p50, p90=p90)


@lru_cache(maxsize=4096)
def estimate(*, ahead: int, active: int, bays: int, ready_in_minutes: float = 0.0) -> Wait:
    """The wait of a rider with `ahead` waiting entries before them and `active` swaps in progress.

    `ready_in_minutes` is when the rider's pack will be charged; 0 for one that is.
    """
    ends_needed = ahead + active - bays + 1
    quantiles = [max(_gamma_quantile(ends_needed, bays, _Z[q]), ready_in_minutes) for q in (0.5, 0.9)]
    return wait_of(round(quantiles[0], 1), round(quantiles[1], 1))


def _gamma_quantile(ends: int, bays: int, z: float) -> float:
    """Minutes until the `ends`-th swap has ended, at the normal deviate `z`."""
    if ends <= 0:
        return 0.0
    shape = ends * _SHAPE
    cube = 1 - 1 / (9 * shape) + z / (3 * shape**0.5)
    return float(shape * (_SCALE / bays) * cube**3)
