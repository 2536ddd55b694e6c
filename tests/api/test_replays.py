"""Every command's answer comes back as it was: through one door kept, through the other given again."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.hub import RunningHub
from tests.support.people import Door, Person

Step = tuple[Person, str, dict[str, Any]]


async def _steps(hub: RunningHub) -> list[Step]:
    """Every command once, in an order in which each succeeds."""
    station = await hub.station(charging=2)
    rider, second = await hub.rider().ready(), await hub.rider().ready()
    staff, device = await hub.staff(station).ready(), hub.device(station)
    slots = [{"battery_id": "battery_00013", "soc": 99}]
    return [
        (device, "station:telemetry", {"station_id": station.id, "slots": slots}),
        (rider, "queue:confirm", {"station_id": station.id, "battery_level": 20}),
        (second, "queue:confirm", {"station_id": station.id}),
        (rider, "queue:still-coming", {"coming": True}),
        (rider, "queue:renew-qr", {}),
        (rider, "gps:ping", hub.near(station, 300)),
        (rider, "gps:batch", {"pings": [hub.near(station, 200), hub.near(station, 200, accuracy=5000)]}),
        (staff, "qr:verify", {"token": "of rider"}),
        (staff, "swap:complete", {}),
        (second, "queue:still-coming", {"coming": False}),
        (rider, "queue:confirm", {"station_id": station.id, "battery_level": 90}),
        (rider, "queue:leave", {"reason": "rain"}),
        (second, "queue:confirm", {"station_id": station.id, "battery_level": 1}),
        (staff, "qr:verify", {"token": "of second"}),
        (staff, "swap:cancel", {"reason": "jam"}),
    ]


@pytest.mark.parametrize(("first_door", "second_door"), [("socket", "rest"), ("rest", "socket")])
async def test_every_command_is_replayed_as_it_was(
    hub: RunningHub, first_door: Door, second_door: Door
) -> None:
    steps = await _steps(hub)
    people = {"of rider": steps[1][0], "of second": steps[2][0]}
    seen, swap = set(), {}
    for number, (person, event, payload) in enumerate(steps):
        if event == "qr:verify":
            mine = await people[payload["token"]].call("queue:mine")
            payload = {"token": mine.data["qr_token"]}
        if event == "swap:complete":
            payload = {
                "swap_id": swap["swap_id"],
                "old_battery_id": swap["old_battery_id"],
                "new_battery_id": swap["assigned_battery"]["id"],
                "old_battery_health": "faulty",
                "notes": "swollen",
            }
        if event == "swap:cancel":
            payload = {**payload, "swap_id": swap["swap_id"]}
        asked = {**payload, "request_id": f"step {number}"}

        first = await person.ask(first_door, event, asked)
        again = await person.ask(second_door, event, asked)

        assert first.ok, (event, first.error)
        assert (first.replayed, again.replayed) == (False, True), event
        assert again.data == first.data, event
        swap = first.data if event == "qr:verify" else swap
        seen.add(event)
    assert seen == {operation.event for operation in hub.hub.registry if operation.command}


async def test_an_empty_key_is_no_key(hub: RunningHub) -> None:
    answer = await hub.rider().rest("POST", "/queue/leave", headers={"Idempotency-Key": ""})

    assert (answer.code, answer.paths) == ("validation_failed", ["request_id"])


@pytest.mark.parametrize("engine", ["auto", "aiohttp"])
async def test_what_is_not_a_number_is_refused(make_hub: Any, engine: str) -> None:
    """Python's client writes NaN, which JSON does not have."""
    hub = await make_hub(engine=engine)
    rider = hub.rider()
    for wrong in (float("nan"), float("inf")):
        answer = await rider.call("gps:ping", lat=wrong, lng=1, accuracy=wrong)
        assert (answer.code, answer.paths) == ("validation_failed", ["lat", "accuracy"])
