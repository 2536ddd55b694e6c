"""What the models answer: the same for all, and each one's own fields."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import ConfigDict, Field

from services.base import Instant, Model
from services.fault_models import Reason
from services.job_figures import EndRef


class Interval(Model):
    """Holds what comes with 80 %."""

    low: float
    high: float


class Prediction(Model):
    """A forecast for a station. A reason's effect is how much of the value is its doing, in the value's unit.

    `features` are the inputs as they were used, `assumed` those that nobody knew.
    """

    of_model: ClassVar[str]

    model: str
    station_id: str
    horizon_minutes: int
    predicted_value: float
    unit: str
    interval: Interval
    confidence: float = Field(ge=0, le=1, description="which share of the answer is history, not belief")
    recommendation: str
    source: Literal["model", "heuristic"]
    model_version: str
    reasons: list[Reason]
    features: dict[str, float]
    assumed: list[str]


class LoadPrediction(Prediction):
    """Share of the queue's places taken then."""

    of_model = "load_prediction"

    expected_entries: float
    present_load: float
    usual_load: float


class FaultPrediction(Prediction):
    """Chance of a fault that needs a person: of the station, of a pack, or of an incident in hand."""

    of_model = "fault_prediction"

    battery_id: str | None
    incident_id: str | None
    hazard_per_day: float


class RankedAction(Model):
    """Something that could be done, and the minutes it saves all riders together."""

    action: str
    gain_minutes: float


class ActionRecommendation(Prediction):
    """Minutes that the best action saves the riders."""

    of_model = "action_recommendation"

    incident_id: str | None
    action: str
    actions: list[RankedAction]


class _RoadForecast(Prediction):
    free_speed_mps: float
    congestion_ratio: float  # 1 - speed / free speed, 0 to 1
    vehicles: int  # that were measured


class TrafficForecast(_RoadForecast):
    """Mean speed on the roads to the station then, m/s."""

    of_model = "traffic_forecast"

    cells: int  # that were looked at


class MicroTrafficForecast(_RoadForecast):
    """Mean speed in one H3 cell then, m/s."""

    of_model = "micro_area_traffic"

    cell: str


class ArrivalForecast(Prediction):
    """Riders who will be served until then."""

    of_model = "customer_arrival"

    usual_per_hour: float
    on_the_way: int
    trend_ratio: float  # the last hour against what is usual, as far as it lasts


class BatteryUsageTrend(Prediction):
    """State of health then, %."""

    of_model = "battery_usage_trend"

    battery_id: str | None  # null: the station's packs together
    soh_now: float
    cycles_ahead: float
    fade_per_100_cycles: float  # percentage points
    days_until_80: int | None


class PackMove(Model):
    """Packs that should be carried from one place to another."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True, serialize_by_alias=True)

    source: EndRef = Field(alias="from")
    target: EndRef = Field(alias="to")
    battery_count: int
    distance_m: int
    urgency: float  # the chance that the target runs out, 0 to 1
    reason: str


class RebalancingForecast(Prediction):
    """Packs that should come; below zero, packs that could go."""

    of_model = "battery_rebalancing"

    stock_out_probability: float
    demand_p90: float
    supply: float
    packs_to_bring: int
    packs_to_spare: int
    moves: list[PackMove]  # of the network's plan, those from and to this station


class StaffForecast(Prediction):
    """People who should come; below zero, people who could go."""

    of_model = "staff_diversion"

    staff_needed: int
    staff_on_duty: int
    late_probability: float  # that a rider waits more than ten minutes
    from_station_id: str | None  # the nearest that can spare somebody


class StockOrder(Prediction):
    """Packs to order."""

    of_model = "battery_stock_order"

    packs_needed: int
    expected_retirements: float
    daily_swaps: float
    lead_time_days: float


class StorageAllocation(Prediction):
    """Packs that the partner should store."""

    of_model = "partner_storage_allocation"

    partner_id: str | None  # the one asked about, else the nearest with room
    overflow_packs: int
    partner_free: int
    partner_free_share: float


class EnergyStability(Prediction):
    """Chance of an overload, or of a grid off its limits."""

    of_model = "energy_stability"

    expected_load_kw: float
    highest_load_kw: float
    connection_kw: float


class StationReliability(Prediction):
    """Share of the time ahead in which the station works."""

    of_model = "station_reliability"

    outage_probability: float
    outages_28d: int
    down_hours_28d: float


class FeatureCard(Model):
    """One input of a model, which `features` can override."""

    name: str
    about: str
    prior: float  # taken when nobody knows it
    low: float
    high: float


class Latency(Model):
    """Of the newest answers of this node, ms."""

    answers: int
    p50_ms: float | None
    p95_ms: float | None


class ModelCard(Model):
    """One model: who answers for it, and what is known of its file."""

    model: str
    title: str
    unit: str
    source: Literal["model", "heuristic"]
    version: str
    state: str  # of the trained model's file; whatever is not `ok` is never used
    error: str | None
    file: str
    trained_at: Instant | None
    metrics: dict[str, float]
    drift: float | None
    latency: Latency
    horizon_minutes: int
    least_horizon_minutes: int
    most_horizon_minutes: int
    features: list[FeatureCard]


class ModelStatus(Model):
    """All thirteen."""

    items: list[ModelCard]
    next_cursor: None = None
