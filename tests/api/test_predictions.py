"""The models through both doors: who may ask, about what, and what an operator is told of their files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mlmodels.catalog import CATALOG
from services.models import Role
from tests.support.hub import RunningHub, running
from tests.support.people import Door

DOORS: tuple[Door, ...] = ("socket", "rest")

PREDICTIONS = {
    "ai:predict-load": "load_prediction",
    "ai:predict-fault": "fault_prediction",
    "ai:predict-action": "action_recommendation",
    "ai:forecast-traffic": "traffic_forecast",
    "ai:forecast-micro-traffic": "micro_area_traffic",
    "ai:predict-arrivals": "customer_arrival",
    "ai:predict-battery-usage": "battery_usage_trend",
    "ai:predict-rebalancing": "battery_rebalancing",
    "ai:predict-staff-diversion": "staff_diversion",
    "ai:predict-stock-order": "battery_stock_order",
    "ai:allocate-partner-storage": "partner_storage_allocation",
    "ai:predict-energy-stability": "energy_stability",
    "ai:predict-reliability": "station_reliability",
}
ALWAYS = {
    "predicted_value",
    "interval",
    "confidence",
    "recommendation",
    "source",
    "model_version",
    "reasons",
}


async def test_the_station_alone_is_enough_for_every_model(hub: RunningHub) -> None:
    station = await hub.station()
    staff, admin = await hub.staff(station).ready(), hub.admin()

    for event, model in PREDICTIONS.items():
        answer = await staff.call(event, station_id=station.id)
        assert answer.ok, (event, answer.error)
        assert set(answer.data) >= ALWAYS, event
        assert (answer.data["model"], answer.data["source"]) == (model, "heuristic")
        assert answer.data["interval"]["low"] <= answer.data["predicted_value"]
        assert answer.data["predicted_value"] <= answer.data["interval"]["high"]
        assert (await admin.call(event, station_id=station.id)).data == answer.data
    assert sorted(PREDICTIONS.values()) == sorted(CATALOG)


async def test_others_may_not_ask(hub: RunningHub) -> None:
    station, elsewhere = await hub.station(), await hub.station()
    strangers = [hub._person(role, station=station.id) for role in set(Role) - {Role.STAFF, Role.ADMIN}]
    strangers.append(await hub.staff(elsewhere).ready())

    for person in strangers:
        for event in PREDICTIONS:
            assert (await person.call(event, station_id=station.id)).code == "forbidden", event
        assert (await person.call("ai:model-status")).code == "forbidden"
    assert (await (await hub.staff(station).ready()).call("ai:model-status")).code == "forbidden"


async def test_what_does_not_exist_is_not_found_and_what_is_elsewhere_is_no_answer(hub: RunningHub) -> None:
    station, elsewhere = await hub.station(), await hub.station()
    staff, admin = await hub.staff(station).ready(), hub.admin()
    said = {"station_id": elsewhere.id, "kind": "slot_jam", "severity": "low"}
    incident = (await admin.call("fault:report", said)).data["incident_id"]
    (pack, *_) = await hub.records.now.batteries.find({"holder.id": elsewhere.id})

    async def code(**fields: Any) -> str | None:
        asked = {"station_id": station.id, **fields}
        by_socket, by_rest = [await staff.ask(door, "ai:predict-fault", asked) for door in DOORS]
        assert by_socket.code == by_rest.code
        return by_socket.code

    assert await code(station_id="none") == "not_found"
    assert await code(incident_id=incident) == "not_found"
    assert await code(incident_id="none") == "not_found"
    assert await code(partner_id="none") == "not_found"
    assert await code(battery_id="none") == "not_found"
    assert await code(battery_id=pack.id) == "wrong_battery"
    assert await code() == "ok"


REFUSED: list[tuple[dict[str, Any], list[str]]] = [
    ({"horizon_minutes": 0}, ["horizon_minutes"]),
    ({"horizon_minutes": 1441}, ["horizon_minutes"]),
    ({"features": {"colour": 1, "weeks": 9}}, ["features.colour", "features.weeks"]),
    ({"features": {"weeks": "many"}}, ["features.weeks"]),
    ({"cell": "8860145b57fffff!"}, ["cell"]),
    ({"cell": "8960145b573ffff"}, ["cell"]),  # of another resolution
    ({"station_id": "none", "features": {"colour": 1}}, ["features.colour"]),
]


async def test_what_a_model_cannot_take_is_refused_at_the_door(hub: RunningHub) -> None:
    station, admin = await hub.station(), hub.admin()

    for fields, paths in REFUSED:
        for door in DOORS:
            answer = await admin.ask(door, "ai:predict-load", {"station_id": station.id, **fields})
            assert (answer.code, answer.paths) == ("validation_failed", paths)


async def test_the_figures_of_a_station_are_those_of_its_models(hub: RunningHub) -> None:
    station = await hub.station(places=10)
    for _ in range(3):
        await (await hub.rider().ready()).confirm(station)

    status = (await hub.admin().call("station:status", station_id=station.id)).data
    load = (await hub.admin().call("ai:predict-load", station_id=station.id)).data

    assert status["predicted_load"] == load["predicted_value"] == 0.3


async def test_an_operator_is_told_what_is_wrong_with_a_models_file(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "fault_prediction.cbm").write_bytes(b"pickled by somebody")
    settings = {"model_base_path": tmp_path / "models", "model_load_prediction_path": tmp_path / "not.there"}
    async with running(tmp_path / "hub", **settings) as hub:
        station, admin = await hub.station(), hub.admin()
        await admin.call("ai:predict-fault", station_id=station.id)

        cards = {card["model"]: card for card in (await admin.call("ai:model-status")).data["items"]}

        fault, load = cards["fault_prediction"], cards["load_prediction"]
        assert (fault["state"], fault["source"], load["state"]) == ("corrupt", "heuristic", "missing")
        assert fault["error"]
        assert load["file"].endswith("not.there")
        assert (fault["latency"]["answers"], load["latency"]["answers"]) == (1, 0)
        assert {feature["name"] for feature in load["features"]} >= {"queue_length", "capacity"}
        assert {card["source"] for card in cards.values()} == {"heuristic"}
        assert (await admin.call("ai:predict-fault", station_id=station.id)).data["source"] == "heuristic"
        async with hub.http.get(f"{hub.rest_url}/metrics") as answer:
            text = await answer.text()
        assert 'hub_predictions_total{model="fault_prediction",source="heuristic"} 2.0' in text
