"""Answers for every model: from its trained file one day, until then from its declared heuristic."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from statistics import quantiles
from time import perf_counter
from typing import Final, Literal

from mlmodels.catalog import CATALOG
from mlmodels.files import ModelFile, ModelPaths, look
from mlmodels.spec import Estimate, Features, Spec

KEPT_LATENCIES: Final = 500
MOST_REASONS: Final = 5
LEAST_EFFECT: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Forecast:
    """An estimate, who made it, from what and why. `assumed`: features that nobody knew.

    `reasons`: how much of the value is a feature's doing, in the value's unit, the most first.
    """

    estimate: Estimate
    source: Literal["model", "heuristic"]
    version: str
    features: Mapping[str, float]
    assumed: tuple[str, ...]
    reasons: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Served:
    """How a model has answered so far; milliseconds of the last answers, null before the first."""

    answers: int
    p50_ms: float | None
    p95_ms: float | None


class Runtime:
    """All models of a hub. Files are looked at once, when it is made."""

    def __init__(self, paths: ModelPaths | None = None, *, time: Callable[[], float] = perf_counter) -> None:
        places = paths or ModelPaths()
        self._time = time
        self.files: Mapping[str, ModelFile] = {name: look(places.of(name)) for name in CATALOG}
        self._counts = dict.fromkeys(CATALOG, 0)
        self._latencies: dict[str, deque[float]] = {name: deque(maxlen=KEPT_LATENCIES) for name in CATALOG}

    def predict(self, name: str, known: Features, horizon_minutes: int | None = None) -> Forecast:
        """The forecast of a model from the features that are known; each is brought into its bounds."""
        started = self._time()
        spec = CATALOG[name]
        forecast = _heuristic(spec, known, horizon_minutes or spec.horizon.usual)
        self._counts[name] += 1
        self._latencies[name].append((self._time() - started) * 1000)
        return forecast

    def answers(self) -> Mapping[tuple[str, str], int]:
        """How many were given so far, by model and source."""
        return {(name, "heuristic"): count for name, count in self._counts.items()}

    def served(self, name: str) -> Served:
        taken = self._latencies[name]
        if not taken:
            return Served(0, None, None)
        steps = quantiles(taken, n=20, method="inclusive") if len(taken) > 1 else [taken[0]] * 19
        return Served(self._counts[name], round(steps[9], 3), round(steps[18], 3))


def _heuristic(spec: Spec, known: Features, horizon_minutes: int) -> Forecast:
    complete = spec.complete(known)
    assumed = tuple(name for name in complete if name not in known)
    estimate = spec.heuristic(complete, horizon_minutes)
    effects = estimate.effects
    if effects is None:
        effects = _by_taking_away(spec, complete, horizon_minutes, estimate.value)
    ranked = sorted(effects.items(), key=lambda effect: -abs(effect[1]))[:MOST_REASONS]
    reasons = tuple((name, effect) for name, effect in ranked if abs(effect) > LEAST_EFFECT)
    return Forecast(replace(estimate, effects=effects), "heuristic", spec.version, complete, assumed, reasons)


def _by_taking_away(spec: Spec, complete: Features, horizon_minutes: int, value: float) -> dict[str, float]:
    """How much the value would change, were each feature what it is taken for when nobody knows it."""
    effects = {}
    for feature in spec.features:
        if complete[feature.name] != feature.prior:
            without = spec.heuristic({**complete, feature.name: feature.prior}, horizon_minutes)
            effects[feature.name] = value - without.value
    return effects
