"""A pass over all stations: figures that follow history and the moment, and alerts told once per rise."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services.errors import NotFound
from services.forecasts import Question
from services.models import Station
from services.predictions import FaultPrediction, LoadPrediction
from tests.unit.services.city import City
from tests.unit.services.past import busy_weeks, failed_at, swapped_at


async def passed(city: City) -> None:
    """One pass over every station."""
    begun = await city.services.foresight.begin()
    for station_id in begun.station_ids:
        await city.services.foresight.look(begun, station_id)


async def alerts(city: City, alert: str) -> list[dict[str, Any]]:
    return [told for told in await city.told("alert:raised") if told["alert"] == alert]


async def full(city: City, station: Station, riders: int) -> list[str]:
    """So many riders with a place."""
    names = [await city.rider() for _ in range(riders)]
    for name in names:
        await city.place(station, name)
    return names


async def test_figures_are_what_the_models_answer(city: City) -> None:
    station = await city.station(places=10)
    await busy_weeks(city, station, 12)
    await failed_at(city, station, city.clock() - timedelta(days=1))
    await full(city, station, 3)
    before = await city.services.stations.status(station.id)

    await passed(city)

    after = await city.services.stations.status(station.id)
    question = Question(station_id=station.id)
    load = await city.services.forecasts.predict(LoadPrediction, question)
    fault = await city.services.forecasts.predict(FaultPrediction, question)
    assert before.predicted_load == 0.3  # without history: as now
    assert before.predicted_load != after.predicted_load == round(load.predicted_value, 3)
    assert before.predicted_fault_risk < after.predicted_fault_risk == round(fault.predicted_value, 3)


async def test_figures_follow_the_queue_without_another_pass(city: City) -> None:
    station = await city.station(places=10)
    await busy_weeks(city, station, 6)
    await passed(city)
    before = await city.services.stations.status(station.id)

    await full(city, station, 4)

    after = await city.services.stations.status(station.id)
    assert after.predicted_load > before.predicted_load
    assert (await city.told("station:updated"))[-1]["predicted_load"] == after.predicted_load


async def test_a_pass_is_told_and_kept_in_records_and_a_second_one_is_no_news(city: City) -> None:
    station = await city.station(places=10)
    await busy_weeks(city, station, 24)
    await passed(city)
    (updated,) = await city.told("station:updated")

    await passed(city)

    assert len(await city.told("station:updated")) == 1
    assert updated["predicted_load"] == (await city.services.stations.status(station.id)).predicted_load
    assert await city.services.stations.live_equals_records()
    await city.services.stations.rebuild_live()
    assert (await city.services.stations.status(station.id)).predicted_load == updated["predicted_load"]


async def test_forecasts_of_a_pass_are_kept_for_every_node(city: City) -> None:
    station = await city.station(charged=30)
    await busy_weeks(city, station, 6)

    await passed(city)

    live = city.services.world.live
    stock = await live.forecast("battery_rebalancing", station.id)
    load = await live.forecast("load_prediction", station.id)
    assert stock
    assert load
    assert stock.own["packs_to_spare"] > 0
    assert load.low <= load.value <= load.high
    city.clock.forward(minutes=6)
    assert await live.forecast("load_prediction", station.id) is None


async def test_a_spike_is_told_once_and_again_after_it_was_over(city: City) -> None:
    station = await city.station(places=10, charged=20)
    riders = await full(city, station, 9)

    for _ in range(3):
        await passed(city)
    once = await alerts(city, "load_spike")
    for rider in riders[:3]:
        await city.services.queue.leave(rider, None)
    await passed(city)
    await full(city, station, 3)
    for _ in range(2):
        await passed(city)

    twice = await alerts(city, "load_spike")
    assert (len(once), len(twice)) == (1, 2)
    assert once[0]["station_id"] == station.id
    assert (once[0]["predicted_value"], once[0]["threshold"]) == (0.9, 0.9)
    assert (once[0]["rooms"], once[0]["type"]) == (("admin",), "load.spike")


async def test_a_load_between_the_thresholds_neither_begins_nor_ends_an_alert(city: City) -> None:
    station = await city.station(places=10, charged=20)
    riders = await full(city, station, 8)
    await passed(city)
    assert await alerts(city, "load_spike") == []
    await full(city, station, 1)
    await passed(city)
    await city.services.queue.leave(riders[0], None)
    await passed(city)

    await full(city, station, 1)
    await passed(city)

    assert len(await alerts(city, "load_spike")) == 1


async def test_low_stock_is_told_before_it_is_out_and_not_of_a_closed_station(city: City) -> None:
    low, closed = await city.station(charged=2), await city.station(charged=0)
    rich = await city.station(charged=30)
    minutes = [timedelta(minutes=step) for step in range(5, 60, 10)]
    for station in (low, closed, rich):
        await busy_weeks(city, station, 6)
        await swapped_at(city, station, [city.clock() - ago for ago in minutes])
    await city.services.station_admin.close(closed.id)

    await passed(city)

    (told,) = await alerts(city, "stock_low")
    assert (told["station_id"], told["type"], told["severity"]) == (low.id, "stock.low", "high")
    assert told["predicted_value"] > told["threshold"]


async def test_the_first_node_that_sees_a_rise_tells_it_and_no_other(city: City) -> None:
    """A pass that began before the alert was told has the old board, and yet tells nothing twice."""
    station = await city.station(places=4)
    await full(city, station, 4)
    foresight = city.services.foresight
    begun = await foresight.begin()
    board = await city.services.world.live.board(station.id)
    assert board
    view = await foresight._view(begun, board)
    await foresight.look(begun, station.id)

    await foresight._tell(station.id, view)

    assert len(await alerts(city, "load_spike")) == 1


async def test_a_station_that_is_gone_is_left_out(city: City) -> None:
    await city.station()
    begun = await city.services.foresight.begin()

    await city.services.foresight.look(begun, "gone")

    with pytest.raises(NotFound):
        await city.services.stations.status("gone")


async def test_a_pass_asks_for_all_stations_at_once(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(4):
        station = await city.station()
        await swapped_at(city, station, [city.clock() - timedelta(days=7)])
    asked = []
    reads = type(city.services.world.records.now.swaps)
    tally = reads.tally

    async def counting(self: Any, by: Any, where: Any) -> Any:
        asked.append(where)
        return await tally(self, by, where)

    monkeypatch.setattr(reads, "tally", counting)
    begun = await city.services.foresight.begin()
    of_all = len(asked)
    for station_id in begun.station_ids:
        await city.services.foresight.look(begun, station_id)

    assert of_all == 26  # 4 weeks of 3 windows and the last hour, for two horizons
    assert [where for where in asked[of_all:] if "completed_at" in where] == []
