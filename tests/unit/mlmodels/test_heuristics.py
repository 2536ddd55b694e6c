"""Every model, with any inputs: a value in its interval, in no time; and inputs push it the right way."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlmodels.catalog import CATALOG
from mlmodels.runtime import Forecast, Runtime
from mlmodels.spec import Spec

RUNTIME = Runtime()
SPECS = list(CATALOG.values())


@st.composite
def asked(draw: st.DrawFn) -> tuple[Spec, dict[str, float], int]:
    spec = draw(st.sampled_from(SPECS))
    horizon = draw(st.integers(spec.horizon.least, spec.horizon.most))
    chosen = draw(st.sets(st.sampled_from([feature.name for feature in spec.features])))
    known = {
        feature.name: draw(st.floats(feature.low, min(feature.high, draw(st.sampled_from([2, 50, 1e5])))))
        for feature in spec.features
        if feature.name in chosen and feature.low <= 2
    }
    return spec, known, horizon


@settings(max_examples=150, deadline=250)
@given(asked())
def test_any_inputs_give_a_value_inside_its_interval(case: tuple[Spec, dict[str, float], int]) -> None:
    spec, known, horizon = case

    forecast = RUNTIME.predict(spec.name, known, horizon)

    estimate = forecast.estimate
    assert estimate.band.low <= estimate.value <= estimate.band.high
    assert 0 <= estimate.confidence < 1
    assert estimate.recommendation.endswith((".", "!"))
    assert set(forecast.assumed) == set(forecast.features) - set(known)
    assert (forecast.source, forecast.version) == ("heuristic", spec.version)
    if spec.unit.startswith(("share", "probability")):
        assert estimate.band.low >= 0
        assert estimate.band.high <= 1


def predict(model: str, **known: float) -> Forecast:
    return RUNTIME.predict(model, known)


CALM: dict[str, Any] = {"usual_per_hour": 6, "weeks": 4, "last_hour": 6, "usual_last_hour": 6}
RISES = [
    ("load_prediction", {"weeks": 4, "usual_per_hour": 6}, "queue_length", (0, 3, 9, 20)),
    ("load_prediction", {"weeks": 4}, "usual_per_hour", (0, 5, 20)),
    ("load_prediction", {"weeks": 4, "usual_per_hour": 6}, "stay_minutes", (5, 20, 60)),
    ("fault_prediction", {}, "temperature_c", (25, 46, 60, 80)),
    ("fault_prediction", {}, "open_tickets", (0, 1, 4)),
    ("fault_prediction", {}, "same_fault_7d", (0, 1, 4)),
    ("fault_prediction", {}, "severity", (1, 2, 3, 4)),
    ("customer_arrival", CALM, "usual_per_hour", (0, 6, 60)),
    ("customer_arrival", CALM, "last_hour", (0, 6, 12)),
    ("customer_arrival", CALM, "on_the_way", (0, 10, 20)),
    ("battery_usage_trend", {"cycles": 100, "soh": 95}, "soh", (60, 80, 95)),
    ("battery_rebalancing", {**CALM, "charged": 5}, "usual_per_hour", (0, 6, 30)),
    ("staff_diversion", {**CALM, "bays": 4, "staff": 1}, "usual_per_hour", (0, 12, 60)),
    ("staff_diversion", {**CALM, "bays": 4, "staff": 1}, "queue_length", (0, 10, 40)),
    ("action_recommendation", {**CALM, "staff": 1, "charged": 9}, "open_tickets", (0, 2, 9)),
    ("battery_stock_order", {"packs": 1}, "daily_swaps", (10, 100, 400)),
    ("battery_stock_order", {"packs": 1}, "worn_packs", (0, 3, 9)),
    ("partner_storage_allocation", {"slots": 10, "partner_free": 20}, "packs", (5, 10, 20)),
    ("energy_stability", {**CALM, "slots": 10}, "charging", (0, 10, 60)),
    ("energy_stability", CALM, "grid_voltage_v", (230, 250, 280)),
    ("traffic_forecast", {"vehicles": 9}, "speed_mps", (1, 4, 9)),
    ("micro_area_traffic", {"vehicles_around": 9}, "speed_around_mps", (1, 4, 9)),
]
FALLS = [
    ("load_prediction", {"queue_length": 5}, "capacity", (5, 10, 40)),
    ("fault_prediction", {}, "soh", (50, 70, 90)),
    ("battery_usage_trend", {"cycles": 100, "soh": 95}, "temperature_c", (25, 35, 45)),
    ("battery_rebalancing", CALM, "charged", (0, 10, 50)),
    ("staff_diversion", {**CALM, "bays": 4}, "staff", (0, 1, 4)),
    ("battery_stock_order", {"daily_swaps": 200}, "packs", (0, 5, 20)),
    ("station_reliability", {"days": 28}, "down_hours", (0, 24, 200)),
    ("station_reliability", {"days": 28}, "open_tickets", (0, 1, 5)),
]


@pytest.mark.parametrize(("model", "known", "feature", "values"), RISES)
def test_more_of_it_is_a_greater_value(
    model: str, known: dict[str, float], feature: str, values: tuple[float, ...]
) -> None:
    answers = [predict(model, **{**known, feature: value}).estimate.value for value in values]

    assert answers == sorted(answers)
    assert answers[0] < answers[-1]


@pytest.mark.parametrize(("model", "known", "feature", "values"), FALLS)
def test_more_of_it_is_a_smaller_value(
    model: str, known: dict[str, float], feature: str, values: tuple[float, ...]
) -> None:
    answers = [predict(model, **{**known, feature: value}).estimate.value for value in values]

    assert answers == sorted(answers, reverse=True)
    assert answers[0] > answers[-1]


@pytest.mark.parametrize("spec", [spec for spec in SPECS if "weeks" in {one.name for one in spec.features}])
def test_without_history_it_says_so(spec: Spec) -> None:
    nothing = RUNTIME.predict(spec.name, {})
    much = RUNTIME.predict(spec.name, {"weeks": 4})

    assert nothing.estimate.confidence == 0 < much.estimate.confidence
    assert {"usual_per_hour", "weeks"} <= set(nothing.assumed)


@pytest.mark.parametrize("model", ["load_prediction", "customer_arrival", "station_reliability"])
def test_without_history_the_interval_is_wider(model: str) -> None:
    known = {"weeks": 4.0, "days": 28.0}
    nothing = RUNTIME.predict(model, {}).estimate.band
    much = RUNTIME.predict(
        model, {name: known[name] for name in known if name in _names(model)}
    ).estimate.band

    assert nothing.high - nothing.low > much.high - much.low


def _names(model: str) -> set[str]:
    return {feature.name for feature in CATALOG[model].features}


def test_reasons_say_whose_doing_it_is() -> None:
    calm = predict("load_prediction", queue_length=0)
    full = predict("load_prediction", queue_length=18)

    assert calm.reasons == ()
    assert full.reasons[0][0] == "queue_length"
    assert full.reasons[0][1] == pytest.approx(full.estimate.value - calm.estimate.value)


def test_the_reasons_of_a_fault_sum_to_its_chance() -> None:
    forecast = predict("fault_prediction", severity=2, open_tickets=1, temperature_c=60)

    assert sum(effect for _, effect in forecast.reasons) == pytest.approx(forecast.estimate.value)


def test_the_thirteen_are_those_of_the_settings() -> None:
    from hub.config import Settings

    named = {name for name in Settings.model_fields if name.startswith("model_") and name.endswith("_path")}
    assert named - {"model_base_path"} == {f"model_{name}_path" for name in CATALOG}
    assert len(CATALOG) == 13


def test_latency_is_of_the_answers_given() -> None:
    ticks = iter([0.0, 0.010, 1.0, 1.030])
    runtime = Runtime(time=lambda: next(ticks))
    assert runtime.served("load_prediction").p50_ms is None

    for _ in range(2):
        runtime.predict("load_prediction", {})

    served = runtime.served("load_prediction")
    assert (served.answers, served.p50_ms) == (2, pytest.approx(20.0))
    assert served.p95_ms == pytest.approx(29.0)
