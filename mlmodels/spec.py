"""What a model is: a name, features, a horizon, and a heuristic that answers until a trained one may."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from mlmodels.bands import Band
from mlmodels.history import History

Features = Mapping[str, float]

MOST: Final = 100_000.0
"""No feature is greater unless it says so: who overrides one cannot make an answer take for ever."""


class Need(StrEnum):
    """Parts of the history that a model looks at."""

    DEMAND = "demand"
    DAYS = "days"
    FAULTS = "faults"
    PACKS = "packs"
    ROADS = "roads"
    STORES = "stores"
    NEIGHBOURS = "neighbours"


@dataclass(frozen=True, slots=True)
class Feature:
    """One input: what it means, what it may be, and what is taken when nobody knows it (`prior`)."""

    name: str
    about: str  # with its unit
    prior: float = 0.0
    low: float = 0.0
    high: float = MOST

    def bounded(self, value: float) -> float:
        return float(min(max(value, self.low), self.high))


@dataclass(frozen=True, slots=True)
class Horizon:
    """How far ahead, in minutes: unless asked otherwise, and at the least and the most."""

    usual: int
    least: int = 5
    most: int = 24 * 60


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with the interval that holds it with 80 %, in the model's unit.

    `own` are the model's own fields. `effects`: how much of the value is each feature's doing, where the
    heuristic is a sum; else that is found by taking each feature away.
    """

    value: float
    band: Band
    confidence: float
    recommendation: str
    own: Mapping[str, Any] = field(default_factory=dict)
    effects: Mapping[str, float] | None = None


Heuristic = Callable[[Features, int], Estimate]
"""Takes every feature of the model, and the horizon in minutes."""

Builder = Callable[[History], dict[str, float]]
"""Makes the features that a history knows; what it does not know is left out."""


@dataclass(frozen=True, slots=True)
class Spec:
    """One model. `version` is the heuristic's."""

    name: str
    title: str
    unit: str
    horizon: Horizon
    features: tuple[Feature, ...]
    needs: frozenset[Need]
    build: Builder
    heuristic: Heuristic
    version: str

    def complete(self, known: Features) -> dict[str, float]:
        """Every feature, those that are not known as their prior, each within its bounds."""
        return {one.name: one.bounded(known.get(one.name, one.prior)) for one in self.features}
