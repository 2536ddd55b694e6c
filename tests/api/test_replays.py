"""Every command's answer comes back as it was: through one door kept, through the other given again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.hub import RunningHub, running
from tests.support.people import Door, Person

Step = tuple[Person, str, dict[str, Any]]
HERE = {"lat": 12.97, "lng": 77.59}
NEW_STATION = {"station_id": "koramangala", "name": "Koramangala", "location": HERE, "bays": 2, "slots": 6}
Told = dict[str, dict[str, Any]]
"""The newest answer to each event."""
Later = tuple[Person, str, Callable[[Told], dict[str, Any]]]


async def _steps(hub: RunningHub) -> list[Step]:
    """Every command of riders, staff at the bay and devices once, in an order in which each succeeds."""
    station, empty = await hub.station(charging=2), await hub.station(charged=0)
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
        (rider, "waitlist:join", {"station_id": empty.id}),
        (rider, "waitlist:leave", {}),
        (staff, "queue:walk-in", {"name": "Lakshmi", "vehicle": {"id": "KA05"}}),
    ]


async def _operators_steps(hub: RunningHub) -> list[Later]:
    """The same for those who run the network: what an answer names is used by the steps after it."""
    here, there = await hub.station(), await hub.station(charged=0)
    staff, _ = await hub.staff(here).ready(), await hub.staff(here).ready()
    admin, driver, rider = hub.admin(), hub.transporter(), await hub.rider().ready()
    job = {"from": {"kind": "station", "id": here.id}, "to": {"kind": "station", "id": there.id}}

    def always(**fields: Any) -> Callable[[Told], dict[str, Any]]:
        return lambda told: fields

    def of_job(*names: str) -> Callable[[Told], dict[str, Any]]:
        return lambda told: {name: told["job:create"][name] for name in ("job_id", *names)}

    return [
        (admin, "station:save", always(**NEW_STATION)),
        (admin, "station:close", always(station_id=NEW_STATION["station_id"], reason="painting")),
        (admin, "station:open", always(station_id=NEW_STATION["station_id"])),
        (admin, "partner:save", always(partner_id="shop", name="Shop", location=HERE, capacity=5)),
        (admin, "user:save", always(user_id="new", role="consumer", name="Asha", vehicle={"id": "KA"})),
        (admin, "battery:save", always(battery_id="new", soc=90, holder={"kind": "partner", "id": "shop"})),
        (rider, "profile:save", always(name="Ravi")),
        (admin, "job:create", always(**job, battery_count=2)),
        (driver, "job:decline", of_job()),
        (driver, "job:accept", of_job()),
        (driver, "job:release", of_job()),
        (driver, "job:accept", of_job()),
        (driver, "gps:ping", always(**hub.near(here, 0))),
        (driver, "job:pickup", of_job("battery_ids")),
        (driver, "gps:ping", always(**hub.near(there, 0))),
        (driver, "job:complete", of_job("battery_ids")),
        (admin, "job:create", always(**job, battery_count=1)),
        (admin, "job:cancel", of_job()),
        (staff, "fault:report", always(station_id=here.id, kind="slot_jam", severity="critical")),
        (
            staff,
            "ticket:update",
            lambda told: {"ticket_id": told["fault:report"]["ticket_id"], "status": "acknowledged"},
        ),
        (
            admin,
            "staff:divert",
            always(from_station_id=here.id, to_station_id=there.id, staff_ids=[staff.id], reason="a queue"),
        ),
        (
            staff,
            "staff:respond",
            lambda told: {"diversion_id": told["staff:divert"]["diversion_id"], "accept": True},
        ),
        (staff, "shift:start", always(station_id=there.id)),
        (staff, "shift:end", always()),
    ]


DOORS = [("socket", "rest"), ("rest", "socket")]


@pytest.mark.parametrize(("first_door", "second_door"), DOORS)
async def test_every_command_of_the_network_is_replayed_as_it_was(
    tmp_path: Path, first_door: Door, second_door: Door
) -> None:
    told: Told = {}
    async with running(tmp_path / "vans", gps_max_speed_mps=0) as hub:
        for number, (person, event, payload) in enumerate(await _operators_steps(hub)):
            asked = {**payload(told), "request_id": f"step {number}"}
            first = await person.ask(first_door, event, asked)
            again = await person.ask(second_door, event, asked)
            assert first.ok, (event, first.error)
            assert (first.replayed, again.replayed) == (False, True), event
            assert again.data == first.data, event
            told[event] = first.data
        riders = {event for _, event, _ in await _steps(hub)}
        assert riders | set(told) == {operation.event for operation in hub.hub.registry if operation.command}


@pytest.mark.parametrize(("first_door", "second_door"), DOORS)
async def test_every_command_is_replayed_as_it_was(
    hub: RunningHub, first_door: Door, second_door: Door
) -> None:
    steps = await _steps(hub)
    people = {"of rider": steps[1][0], "of second": steps[2][0]}
    swap: dict[str, Any] = {}
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
