"""The thirteen models, asked about a station: from the hub's own records, unless the caller knows better."""

from __future__ import annotations

from typing import Any, Final, TypeVar

from pydantic import Field

from mlmodels.catalog import CATALOG
from mlmodels.runtime import Forecast
from mlmodels.spec import Spec
from services.base import Model
from services.boards import Boards
from services.cells import cell_of
from services.diagnosis import advice
from services.errors import NotFound, ValidationFailed, WrongBattery, raise_
from services.fault_models import Incident, Reason
from services.histories import Found, Histories, Subject
from services.models import Battery, HolderKind
from services.predictions import (
    FaultPrediction,
    FeatureCard,
    Interval,
    Latency,
    ModelCard,
    ModelStatus,
    Prediction,
    RebalancingForecast,
)
from services.rebalancing import Rebalancing
from services.world import World

PLACES: Final = 6  # decimals of what is answered

P = TypeVar("P", bound=Prediction)


class Question(Model):
    """What a model is asked: about a station, or about one thing there."""

    station_id: str
    battery_id: str | None = None
    incident_id: str | None = None
    partner_id: str | None = None
    cell: str | None = None
    horizon_minutes: int | None = None
    features: dict[str, float] = Field(default_factory=dict)


class ForecastService:
    """Answers questions; changes nothing."""

    def __init__(self, world: World, boards: Boards, histories: Histories, rebalancing: Rebalancing) -> None:
        self._world = world
        self._boards = boards
        self._histories = histories
        self._rebalancing = rebalancing

    @staticmethod
    def check(kind: type[Prediction], question: Question) -> None:
        """Raises ValidationFailed for a horizon or for features that the model does not have."""
        problems = problems_of(CATALOG[kind.of_model], question)
        if problems:
            raise ValidationFailed(problems)

    async def predict(self, kind: type[P], question: Question) -> P:
        """The answer of a model to a question that was checked.

        Raises NotFound for what does not exist or is not of this station, WrongBattery for a pack in a slot
        of another.
        """
        spec = CATALOG[kind.of_model]
        subject = await self._find(question)
        minutes = question.horizon_minutes or spec.horizon.usual
        found = await self._histories.of(spec, subject, minutes)
        known = {**spec.build(found.history), **question.features}
        forecast = self._world.models.predict(spec.name, known, minutes)
        own = {**forecast.estimate.own, **await self._own(kind, subject, found)}
        return kind(**{**_common(spec, subject, minutes, forecast), **own})

    async def _find(self, question: Question) -> Subject:
        board = await self._boards.get(question.station_id)
        reads, id = self._world.records.now, question.station_id
        station = await reads.stations.get(id) or raise_(NotFound(station_id=id))
        pack = await self._pack(question)
        incident = await self._incident(question)
        partner = None
        if question.partner_id is not None:
            partner = await reads.partner_shops.get(question.partner_id)
            partner = partner or raise_(NotFound(partner_id=question.partner_id))
        if pack is None and incident is not None and incident.battery_id is not None:
            pack = await reads.batteries.get(incident.battery_id)
        return Subject(board, station, pack, incident, partner, question.cell)

    async def _pack(self, question: Question) -> Battery | None:
        if question.battery_id is None:
            return None
        found = await self._world.records.now.batteries.get(question.battery_id)
        pack = found or raise_(NotFound(battery_id=question.battery_id))
        if pack.holder.kind is HolderKind.SLOT and pack.holder.id != question.station_id:
            raise WrongBattery(battery_id=pack.id)
        return pack

    async def _incident(self, question: Question) -> Incident | None:
        if question.incident_id is None:
            return None
        found = await self._world.records.now.incidents.get(question.incident_id)
        if found is None or found.station_id != question.station_id:
            raise NotFound(incident_id=question.incident_id)
        return found

    async def _own(self, kind: type[Prediction], subject: Subject, found: Found) -> dict[str, Any]:
        """The fields of one model's answer that say what it is about."""
        incident, pack = subject.incident, subject.pack
        about = {
            "battery_id": pack.id if pack else None,
            "incident_id": incident.id if incident else None,
            "partner_id": found.partner_id,
            "from_station_id": found.neighbour_id,
            "cell": subject.cell or cell_of(subject.board.location),
            "cells": found.cells,
        }
        own: dict[str, Any] = {name: value for name, value in about.items() if name in kind.model_fields}
        if kind is RebalancingForecast:
            own["moves"] = await self._rebalancing.moves_of(subject.board)
        if kind is FaultPrediction and incident is not None:
            own["recommendation"] = advice(incident.kind, found.history.faults)
        return own

    def status(self) -> ModelStatus:
        """Every model: who answers for it, and why."""
        return ModelStatus(items=[self._card(spec) for spec in CATALOG.values()])

    def _card(self, spec: Spec) -> ModelCard:
        file, served = self._world.models.files[spec.name], self._world.models.served(spec.name)
        features = [
            FeatureCard(name=one.name, about=one.about, prior=one.prior, low=one.low, high=one.high)
            for one in spec.features
        ]
        return ModelCard(
            model=spec.name,
            title=spec.title,
            unit=spec.unit,
            source="heuristic",
            version=spec.version,
            state=file.state,
            error=file.error,
            file=str(file.path),
            trained_at=None,
            metrics={},
            drift=None,
            latency=Latency(answers=served.answers, p50_ms=served.p50_ms, p95_ms=served.p95_ms),
            horizon_minutes=spec.horizon.usual,
            least_horizon_minutes=spec.horizon.least,
            most_horizon_minutes=spec.horizon.most,
            features=features,
        )


def problems_of(spec: Spec, question: Question) -> list[dict[str, str]]:
    """Everything that the model cannot take."""
    bounds = {feature.name: feature for feature in spec.features}
    problems = [
        {"path": f"features.{name}", "message": f"is no feature of {spec.name}"}
        for name in question.features
        if name not in bounds
    ]
    problems += [
        {
            "path": f"features.{name}",
            "message": f"should be from {bounds[name].low:g} to {bounds[name].high:g}",
        }
        for name, value in question.features.items()
        if name in bounds and bounds[name].bounded(value) != value
    ]
    least, most, minutes = spec.horizon.least, spec.horizon.most, question.horizon_minutes
    if minutes is not None and not least <= minutes <= most:
        problems.append({"path": "horizon_minutes", "message": f"should be from {least} to {most}"})
    return problems


def _common(spec: Spec, subject: Subject, minutes: int, forecast: Forecast) -> dict[str, Any]:
    """The fields of every answer."""
    estimate = forecast.estimate
    low, value, high = (_plain(one) for one in (estimate.band.low, estimate.value, estimate.band.high))
    return {
        "model": spec.name,
        "station_id": subject.board.station_id,
        "horizon_minutes": minutes,
        "predicted_value": value,
        "unit": spec.unit,
        "interval": Interval(low=low, high=high),
        "confidence": round(estimate.confidence, 3),
        "recommendation": estimate.recommendation,
        "source": forecast.source,
        "model_version": forecast.version,
        "reasons": [Reason(feature=name, effect=_plain(effect)) for name, effect in forecast.reasons],
        "features": {name: _plain(one) for name, one in forecast.features.items()},
        "assumed": list(forecast.assumed),
    }


def _plain(value: float) -> float:
    """Rounded, and never -0."""
    return round(value, PLACES) + 0.0
