"""Intervals that hold 80 % of what may come, from as much history as there is.

With little history a prior speaks, and the interval is wide; no history is an answer, too.
"""

from __future__ import annotations

from math import exp, lgamma, log, sqrt
from statistics import NormalDist
from typing import Final, NamedTuple

LOW_QUANTILE: Final = 0.1
HIGH_QUANTILE: Final = 0.9
Z: Final = NormalDist().inv_cdf(HIGH_QUANTILE)

_MANY: Final = 200.0  # a count with this mean or more is as good as normal


class Band(NamedTuple):
    """The lower and the upper end of an interval."""

    low: float
    high: float

    def around(self, value: float) -> Band:
        """Widened, where needed, so that the value is in it: a mean may lie outside the middle 80 %."""
        return Band(min(self.low, value), max(self.high, value))

    def within(self, least: float, most: float) -> Band:
        return Band(min(max(self.low, least), most), min(max(self.high, least), most))


def pooled(seen: float, weight: float, prior: float, prior_weight: float) -> float:
    """The mean of what was seen and of what was believed before, each as heavy as its weight."""
    return (seen * weight + prior * prior_weight) / (weight + prior_weight)


def confidence(seen: float, prior_weight: float) -> float:
    """Which share of an answer is history, 0 to 1: none seen is 0, as many as the prior's weight is 0.5."""
    return seen / (seen + prior_weight)


def count_band(mean: float, windows: float) -> Band:
    """Of a count whose mean was learnt from so many windows as long as the one ahead.

    A Poisson count whose rate is itself uncertain, gamma with shape `mean * windows`: a negative
    binomial. Its variance is `mean + mean / windows`: the less was seen, the wider.
    """
    if mean <= 0:
        return Band(0.0, 0.0)
    if mean >= _MANY:
        width = Z * _spread(mean, windows)
        return Band(max(0.0, mean - width), mean + width)
    return Band(_count_quantile(mean, windows, LOW_QUANTILE), _count_quantile(mean, windows, HIGH_QUANTILE))


def _count_quantile(mean: float, windows: float, wanted: float) -> float:
    """The smallest count that is reached or stayed below with the wanted probability."""
    count, below = 0, 0.0
    while (below := below + count_share(count, mean, windows)) < wanted:
        count += 1
    return float(count)


def count_share(count: int, mean: float, windows: float) -> float:
    """The probability of exactly this count."""
    shape = mean * windows
    log_share = lgamma(count + shape) - lgamma(shape) - lgamma(count + 1)
    return exp(log_share + shape * log(windows / (windows + 1)) - count * log(windows + 1))


def at_least(count: int, mean: float, windows: float) -> float:
    """The probability that a count reaches `count`."""
    if count <= 0:
        return 1.0
    if mean <= 0 or count > _farthest(mean, windows):
        return 0.0
    if mean >= _MANY:
        return 1 - NormalDist(mean, _spread(mean, windows)).cdf(count - 0.5)
    return max(0.0, 1 - sum(count_share(below, mean, windows) for below in range(count)))


def shortfall(supply: int, mean: float, windows: float) -> float:
    """By how many a count goes beyond the supply, in the mean."""
    if mean <= 0 or supply > _farthest(mean, windows):
        return 0.0
    if mean >= _MANY:
        return _normal_shortfall(supply, mean, _spread(mean, windows))
    short, below = mean, 0.0
    for count in range(supply):
        below += count_share(count, mean, windows)
        short -= 1 - below
    return max(0.0, short)


def _normal_shortfall(supply: int, mean: float, spread: float) -> float:
    usual = NormalDist()
    over = (mean - supply) / spread
    return spread * (usual.pdf(over) + over * usual.cdf(over))


def _spread(mean: float, windows: float) -> float:
    return sqrt(mean + mean / windows)


def _farthest(mean: float, windows: float) -> float:
    """A count that is not reached in practice."""
    return mean + 20 * _spread(mean, windows) + 20


def share_band(share: float, seen: float) -> Band:
    """Of a share that was learnt from so many cases: Wilson's interval (J. Am. Stat. Assoc. 22 (1927))."""
    spread = Z * sqrt(share * (1 - share) / seen + Z**2 / (4 * seen**2))
    middle = share + Z**2 / (2 * seen)
    scale = 1 + Z**2 / seen
    return Band((middle - spread) / scale, (middle + spread) / scale).within(0, 1)


def rate_band(rate: float, events: float) -> Band:
    """Of a rate that was learnt from so many events: gamma, by Wilson and Hilferty's cube (1931)."""
    shape = events + 1
    ends = [max(0.0, 1 - 1 / (9 * shape) + z / (3 * sqrt(shape))) ** 3 for z in (-Z, Z)]
    return Band(rate * ends[0], rate * ends[1])


def mean_band(value: float, spread: float, seen: float, prior_weight: float) -> Band:
    """Of the next of values that spread so (standard deviation), with their mean from so many."""
    width = Z * spread * sqrt(1 + 1 / (seen + prior_weight))
    return Band(value - width, value + width)
