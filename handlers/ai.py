"""`ai:*`: the thirteen models, asked about a station."""

from __future__ import annotations

from typing import Annotated, TypeVar

from pydantic import AfterValidator, Field

from handlers.duty import is_staff_of
from hub.operations import Call, Operations
from services.base import BatteryId, Id, Model, StationId
from services.cells import HEAT, is_cell, resolution_of
from services.errors import Forbidden
from services.forecasts import Question
from services.models import Role
from services.predictions import (
    ActionRecommendation,
    ArrivalForecast,
    BatteryUsageTrend,
    EnergyStability,
    FaultPrediction,
    LoadPrediction,
    MicroTrafficForecast,
    ModelStatus,
    Prediction,
    RebalancingForecast,
    StaffForecast,
    StationReliability,
    StockOrder,
    StorageAllocation,
    TrafficForecast,
)

operation = Operations("ai")

SEEN_BY = {Role.STAFF, Role.ADMIN}
LONGEST_MINUTES = 366 * 24 * 60
MOST_FEATURES = 50

P = TypeVar("P", bound=Prediction)


def _cell(text: str) -> str:
    if not is_cell(text) or resolution_of(text) != HEAT:
        raise ValueError(f"should be an H3 cell of resolution {HEAT}")
    return text


class Ask(Model):
    station_id: StationId
    battery_id: BatteryId | None = Field(None, description="a pack there, or one that a rider has")
    incident_id: Id | None = Field(None, description="an incident there")
    partner_id: Id | None = Field(None, description="a partner who could store packs")
    cell: Annotated[str, Field(max_length=16), AfterValidator(_cell)] | None = Field(
        None, description="an H3 cell of resolution 8"
    )
    horizon_minutes: int | None = Field(None, ge=1, le=LONGEST_MINUTES, description="how far ahead")
    features: dict[Annotated[str, Field(max_length=64)], float] = Field(
        default_factory=dict,
        max_length=MOST_FEATURES,
        description="inputs to take instead of what the hub knows; `ai:model-status` lists each model's",
    )


class Nothing(Model):
    pass


async def _predict(call: Call, body: Ask, kind: type[P]) -> P:
    """The answer, for admins and the station's staff. Raises as ForecastService.predict, and Forbidden."""
    question = Question(**dict(body))
    call.services.forecasts.check(kind, question)
    await call.services.stations.status(body.station_id)
    if call.role is not Role.ADMIN and not await is_staff_of(call, body.station_id):
        raise Forbidden(station_id=body.station_id)
    return await call.services.forecasts.predict(kind, question)


@operation("predict-load", rest=("POST", "/ai/predict-load"), roles=SEEN_BY, command=False)
async def predict_load(call: Call, body: Ask) -> LoadPrediction:
    """How full the queue will be: the share of its places taken then."""
    return await _predict(call, body, LoadPrediction)


@operation("predict-fault", rest=("POST", "/ai/predict-fault"), roles=SEEN_BY, command=False)
async def predict_fault(call: Call, body: Ask) -> FaultPrediction:
    """The chance of a fault that needs a person: of the station, a pack, or an incident."""
    return await _predict(call, body, FaultPrediction)


@operation("predict-action", rest=("POST", "/ai/predict-action"), roles=SEEN_BY, command=False)
async def predict_action(call: Call, body: Ask) -> ActionRecommendation:
    """What would save riders most time, and how many minutes."""
    return await _predict(call, body, ActionRecommendation)


@operation("forecast-traffic", rest=("POST", "/ai/forecast-traffic"), roles=SEEN_BY, command=False)
async def forecast_traffic(call: Call, body: Ask) -> TrafficForecast:
    """How fast the roads around a station will be, m/s."""
    return await _predict(call, body, TrafficForecast)


@operation(
    "forecast-micro-traffic", rest=("POST", "/ai/forecast-micro-traffic"), roles=SEEN_BY, command=False
)
async def forecast_micro_traffic(call: Call, body: Ask) -> MicroTrafficForecast:
    """How fast the roads in one cell will be, m/s; without a cell in the station's own."""
    return await _predict(call, body, MicroTrafficForecast)


@operation("predict-arrivals", rest=("POST", "/ai/predict-customer-arrival"), roles=SEEN_BY, command=False)
async def predict_arrivals(call: Call, body: Ask) -> ArrivalForecast:
    """How many riders will be served until then."""
    return await _predict(call, body, ArrivalForecast)


@operation("predict-battery-usage", rest=("POST", "/ai/predict-battery-usage"), roles=SEEN_BY, command=False)
async def predict_battery_usage(call: Call, body: Ask) -> BatteryUsageTrend:
    """How healthy a pack, or a station's packs together, will be, %."""
    return await _predict(call, body, BatteryUsageTrend)


@operation("predict-rebalancing", rest=("POST", "/ai/predict-rebalancing"), roles=SEEN_BY, command=False)
async def predict_rebalancing(call: Call, body: Ask) -> RebalancingForecast:
    """How many packs should come or could go, and the moves that the network's plan has for it."""
    return await _predict(call, body, RebalancingForecast)


@operation(
    "predict-staff-diversion", rest=("POST", "/ai/predict-staff-diversion"), roles=SEEN_BY, command=False
)
async def predict_staff_diversion(call: Call, body: Ask) -> StaffForecast:
    """How many people should come or could go, and who could send one."""
    return await _predict(call, body, StaffForecast)


@operation("predict-stock-order", rest=("POST", "/ai/predict-stock-order"), roles=SEEN_BY, command=False)
async def predict_stock_order(call: Call, body: Ask) -> StockOrder:
    """How many packs to order, so that there are enough when they come."""
    return await _predict(call, body, StockOrder)


@operation(
    "allocate-partner-storage", rest=("POST", "/ai/allocate-partner-storage"), roles=SEEN_BY, command=False
)
async def allocate_partner_storage(call: Call, body: Ask) -> StorageAllocation:
    """How many packs a partner should store; without a partner the nearest with room."""
    return await _predict(call, body, StorageAllocation)


@operation(
    "predict-energy-stability", rest=("POST", "/ai/predict-energy-stability"), roles=SEEN_BY, command=False
)
async def predict_energy_stability(call: Call, body: Ask) -> EnergyStability:
    """The chance that chargers ask for too much, or that the grid is off its limits."""
    return await _predict(call, body, EnergyStability)


@operation(
    "predict-reliability", rest=("POST", "/ai/predict-station-reliability"), roles=SEEN_BY, command=False
)
async def predict_reliability(call: Call, body: Ask) -> StationReliability:
    """The share of the time ahead in which the station works."""
    return await _predict(call, body, StationReliability)


@operation("model-status", rest=("GET", "/ai/model-status"), roles={Role.ADMIN})
async def model_status(call: Call, body: Nothing) -> ModelStatus:
    """All thirteen models: who answers for each, with which inputs, and what is wrong with its file."""
    return call.services.forecasts.status()
