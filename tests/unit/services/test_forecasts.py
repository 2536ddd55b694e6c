"""The models asked about stations: from the records, about what is there, and as the caller knows better."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TypeVar

import pytest

from mlmodels.catalog import CATALOG
from services.cells import cell_of, ring
from services.errors import NotFound, ValidationFailed, WrongBattery
from services.fault_models import Severity
from services.faults import Report
from services.forecasts import ForecastService, Question
from services.models import Station
from services.predictions import (
    ActionRecommendation,
    ArrivalForecast,
    BatteryUsageTrend,
    EnergyStability,
    FaultPrediction,
    LoadPrediction,
    MicroTrafficForecast,
    Prediction,
    RebalancingForecast,
    StaffForecast,
    StationReliability,
    StockOrder,
    StorageAllocation,
    TrafficForecast,
)
from services.traffic_cells import Flow, measured
from tests.unit.services.city import City
from tests.unit.services.past import WEEK, busy_weeks, failed_at, swapped_at
from tests.unit.services.roads import Roads

P = TypeVar("P", bound=Prediction)


def _kinds(base: type[Prediction] = Prediction) -> Iterator[type[Prediction]]:
    for kind in base.__subclasses__():
        if "of_model" in vars(kind):
            yield kind
        yield from _kinds(kind)


KINDS = list(_kinds())
LEARN_FROM_SOMETHING_ELSE = (TrafficForecast, MicroTrafficForecast, BatteryUsageTrend)


async def ask(city: City, kind: type[P], station: Station, **more: object) -> P:
    question = Question.model_validate({"station_id": station.id, **more})
    ForecastService.check(kind, question)
    return await city.services.forecasts.predict(kind, question)


def test_each_model_has_its_answer() -> None:
    assert sorted(kind.of_model for kind in KINDS) == sorted(CATALOG)


async def test_every_model_answers_for_an_empty_and_for_a_busy_station(city: City) -> None:
    nobody, busy = await city.station(charged=0, staff=0), await city.station(charged=4, charging=3)
    await busy_weeks(city, busy, 12)
    await failed_at(city, busy, city.clock() - timedelta(days=2))
    for _ in range(3):
        await city.place(busy)

    for kind in KINDS:
        empty, full = await ask(city, kind, nobody), await ask(city, kind, busy)

        for answer in (empty, full):
            assert answer.interval.low <= answer.predicted_value <= answer.interval.high
            assert answer.model_version == CATALOG[kind.of_model].version
            assert (answer.source, answer.unit) == ("heuristic", CATALOG[kind.of_model].unit)
            assert set(answer.features) == {feature.name for feature in CATALOG[kind.of_model].features}
        assert empty.confidence == 0, kind
        if kind not in LEARN_FROM_SOMETHING_ELSE:
            assert full.confidence > 0, kind


async def test_the_features_are_those_of_the_records(city: City) -> None:
    station = await city.station(places=10)
    await busy_weeks(city, station, 12, weeks=3)
    await swapped_at(city, station, [city.clock() - timedelta(minutes=step) for step in (5, 20, 55, 65)])
    await city.place(station)

    arrivals = await ask(city, ArrivalForecast, station)
    load = await ask(city, LoadPrediction, station)

    assert arrivals.features == {
        "usual_per_hour": 12,
        "weeks": 3,
        "last_hour": 3,
        "usual_last_hour": 12,
        "on_the_way": 1,
    }
    assert arrivals.assumed == []
    assert (load.features["usual_per_hour"], load.features["queue_length"]) == (12, 1)
    assert load.features["stay_minutes"] == pytest.approx(12)
    assert load.usual_load == pytest.approx(12 * 12 / 60 / 10, abs=0.001)


async def test_weeks_before_a_station_was_in_service_do_not_count(city: City) -> None:
    station = await city.station()
    await swapped_at(city, station, [city.clock() - WEEK - timedelta(hours=2)])

    answer = await ask(city, ArrivalForecast, station)

    assert (answer.features["weeks"], answer.features["usual_per_hour"]) == (1, 0)


async def test_another_stations_past_is_not_ones_own(city: City) -> None:
    station, other = await city.station(), await city.station()
    await busy_weeks(city, other, 12)

    answer = await ask(city, ArrivalForecast, station)

    assert (answer.features["weeks"], answer.confidence) == (0, 0)


async def test_who_knows_better_says_so(city: City) -> None:
    station = await city.station()
    await busy_weeks(city, station, 6)

    usual = await ask(city, LoadPrediction, station)
    full = await ask(city, LoadPrediction, station, features={"queue_length": 18})

    assert full.predicted_value > usual.predicted_value
    assert full.features["queue_length"] == 18
    assert full.reasons[0].feature == "queue_length"


async def test_a_farther_horizon_goes_by_history_and_a_near_one_by_now(city: City) -> None:
    station = await city.station(places=10)
    await busy_weeks(city, station, 6, hours=12)
    for _ in range(5):
        await city.place(station)

    near = await ask(city, LoadPrediction, station, horizon_minutes=5)
    far = await ask(city, LoadPrediction, station, horizon_minutes=480)

    assert near.predicted_value == pytest.approx(0.5, abs=0.03)
    assert far.predicted_value < near.predicted_value


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"horizon_minutes": 1}, "horizon_minutes"),
        ({"horizon_minutes": 100_000}, "horizon_minutes"),
        ({"features": {"colour": 1}}, "features.colour"),
        ({"features": {"weeks": 5}}, "features.weeks"),
        ({"features": {"queue_length": -1}}, "features.queue_length"),
        ({"features": {"queue_length": 1e300}}, "features.queue_length"),
    ],
)
async def test_what_a_model_cannot_take_is_refused(city: City, more: dict[str, object], path: str) -> None:
    station = await city.station()
    with pytest.raises(ValidationFailed) as refused:
        await ask(city, LoadPrediction, station, **more)
    assert [problem["path"] for problem in refused.value.problems] == [path]


async def test_what_is_not_there_is_not_found(city: City) -> None:
    station, other = await city.station(), await city.station(charged=1)
    elsewhere = await failed_at(city, other, city.clock())
    (pack,) = await city.services.world.records.now.batteries.find({"holder.id": other.id})

    for wrong in (
        {"battery_id": "none"},
        {"incident_id": "none"},
        {"incident_id": elsewhere.id},
        {"partner_id": "none"},
    ):
        with pytest.raises(NotFound):
            await ask(city, FaultPrediction, station, **wrong)
    with pytest.raises(WrongBattery):
        await ask(city, FaultPrediction, station, battery_id=pack.id)
    with pytest.raises(NotFound):
        await city.services.forecasts.predict(LoadPrediction, Question(station_id="none"))


async def test_an_incident_is_judged_as_level_2_has_judged_it(city: City) -> None:
    station = await city.station()
    report = Report(station_id=station.id, kind="strange_smell", severity=Severity.MEDIUM)
    incident = await city.services.faults.report(report, by="staff_x")

    answer = await ask(city, FaultPrediction, station, incident_id=incident.id)

    assert incident.analysis
    assert round(answer.predicted_value, 3) == incident.analysis.probability
    assert answer.recommendation == incident.analysis.recommendation
    assert answer.incident_id == incident.id


async def test_a_pack_of_a_rider_can_be_asked_about_and_a_hot_one_is_riskier(city: City) -> None:
    station, rider = await city.station(), await city.rider()
    pack = await city.pack_of(rider)
    assert pack

    calm = await ask(city, FaultPrediction, station, battery_id=pack.id)
    async with city.services.world.records.transaction() as tx:
        await tx.batteries.replace(pack.changed(temperature_c=70.0))
    hot = await ask(city, FaultPrediction, station, battery_id=pack.id)
    worn = await ask(city, BatteryUsageTrend, station, battery_id=pack.id)

    assert hot.predicted_value > calm.predicted_value
    assert hot.reasons[0].feature == "temperature_c"
    assert (worn.battery_id, worn.soh_now) == (pack.id, 95)


async def test_reliability_is_of_the_hours_with_a_bad_fault_each_counted_once(city: City) -> None:
    station, now = await city.station(), city.clock()
    await failed_at(city, station, now - timedelta(days=14), hours=10)
    await failed_at(city, station, now - timedelta(days=14) + timedelta(hours=4), hours=10)
    await failed_at(city, station, now - timedelta(days=3), severity=Severity.LOW, hours=50)

    answer = await ask(city, StationReliability, station)

    assert (answer.down_hours_28d, answer.outages_28d) == (14, 2)
    assert answer.features["days"] == 14
    assert 0.9 < answer.predicted_value < 0.99


async def test_storage_names_the_nearest_partner_with_room_and_never_more_than_it_takes(
    city: City, roads: Roads
) -> None:
    station = await city.station(charged=12)  # 18 slots
    near, far = await roads.partner(capacity=3), await roads.partner(capacity=9)

    chosen = await ask(city, StorageAllocation, station, features={"inbound": 12})
    named = await ask(city, StorageAllocation, station, partner_id=far.id)
    none = await ask(city, StorageAllocation, await city.station())

    assert (chosen.partner_id, chosen.predicted_value, chosen.overflow_packs) == (near.id, 3, 8)
    assert (named.partner_id, named.partner_free, named.predicted_value) == (far.id, 9, 0)
    assert none.partner_id == near.id


async def test_orders_count_days_and_worn_packs(city: City) -> None:
    station = await city.station(charged=3)
    now = city.clock()
    await swapped_at(city, station, [now - timedelta(hours=6 * step + 1) for step in range(40)])
    (pack, *_) = await city.services.world.records.now.batteries.find({"holder.id": station.id})
    async with city.services.world.records.transaction() as tx:
        await tx.batteries.replace(pack.changed(soh=80.0))

    answer = await ask(city, StockOrder, station)

    assert (answer.daily_swaps, answer.features["days"], answer.features["worn_packs"]) == (4, 10, 1)
    assert answer.expected_retirements == 1


async def test_help_comes_from_the_nearest_station_with_somebody_to_spare(city: City) -> None:
    mine, near, far = [await city.station(staff=staff) for staff in (0, 1, 3)]

    answer = await ask(city, StaffForecast, mine, features={"usual_per_hour": 60, "weeks": 4})

    # The near one keeps STAFF_MINIMUM; the other is farther away than anybody is sent.
    assert (answer.from_station_id, answer.staff_on_duty, answer.staff_needed) == (None, 0, 2)
    assert answer.predicted_value == 2
    assert near.id < far.id


async def test_roads_are_those_that_were_measured(city: City) -> None:
    station = await city.station()
    cell, until = cell_of(station.location), city.clock()
    async with city.services.world.records.transaction() as tx:
        slow = Flow(vehicles=8, distance_m=800, time_s=400)
        await tx.traffic.insert(measured(cell, slow, until, None))
        fast = Flow(vehicles=4, distance_m=4000, time_s=400)
        await tx.traffic.insert(measured(ring(cell, 1)[0], fast, until - timedelta(hours=3), None))

    area = await ask(city, TrafficForecast, station)
    here = await ask(city, MicroTrafficForecast, station)
    there = await ask(city, MicroTrafficForecast, station, cell=ring(cell, 3)[0])

    assert (area.vehicles, area.features["speed_mps"], area.cells) == (8, 2, 19)
    assert here.predicted_value < there.predicted_value  # the fast one is of three hours ago
    assert (here.cell, here.confidence > there.confidence) == (cell, True)


async def test_actions_are_ranked_and_the_first_is_the_answer(city: City) -> None:
    station = await city.station(charged=0, staff=1, bays=3)

    answer = await ask(city, ActionRecommendation, station, features={"usual_per_hour": 9, "weeks": 4})

    gains = [ranked.gain_minutes for ranked in answer.actions]
    assert gains == sorted(gains, reverse=True)
    assert answer.action == answer.actions[0].action == "bring_packs"
    assert {ranked.action for ranked in answer.actions} == {"watch", "add_staff", "bring_packs", "repair"}


async def test_a_grid_off_its_limits_is_told_first(city: City) -> None:
    station = await city.station()

    answer = await ask(city, EnergyStability, station, features={"grid_voltage_v": 270})

    assert answer.predicted_value > 0.5
    assert "stop charging" in answer.recommendation


async def test_stock_that_lasts_can_be_spared_and_what_does_not_must_come(city: City) -> None:
    rich, poor = await city.station(charged=30), await city.station(charged=1)
    for station in (rich, poor):
        await busy_weeks(city, station, 4, hours=6)

    spare, short = await ask(city, RebalancingForecast, rich), await ask(city, RebalancingForecast, poor)

    assert (spare.packs_to_bring, spare.packs_to_spare > 0) == (0, True)
    assert (short.packs_to_bring > 0, short.packs_to_spare) == (True, 0)
    assert short.stock_out_probability > 0.9 > spare.stock_out_probability
