"""Every read of the registry asked for through both doors: one expectation, the same answer."""

from __future__ import annotations

from typing import Any

from services.base import rfc3339
from tests.api.test_predictions import PREDICTIONS
from tests.support.hub import RunningHub


def timeless(answer: Any) -> Any:
    """Without the moment when it was read."""
    return (
        {name: value for name, value in answer.items() if name != "at"}
        if isinstance(answer, dict)
        else answer
    )


async def test_every_read_answers_the_same_through_both_doors(hub: RunningHub) -> None:
    started, station = rfc3339(hub.now()), await hub.station()
    rider, waiting = await hub.rider().ready(), await hub.rider().ready()
    staff = await hub.staff(station).ready()
    place = (await rider.confirm(station)).data
    await waiting.confirm(station)
    said = {"station_id": station.id, "kind": "slot_jam", "severity": "critical"}
    fault = (await staff.call("fault:report", said)).data
    admin, driver = hub.admin(), await hub.transporter().ready()
    pack = (await hub.records.now.batteries.find({"holder.id": station.id}))[0]
    here = {"lat": station.location.lat, "lng": station.location.lng}
    of_station = {"station_id": station.id}
    window = {"from": started, "to": rfc3339(hub.now()), "limit": 5}
    expected: list[tuple[Any, str, dict[str, Any], Any]] = [
        (rider, "queue:mine", {}, lambda a: a["entry_id"] == place["entry_id"]),
        (rider, "queue:status", of_station, lambda a: (a["length"], "user_id" in str(a)) == (2, False)),
        (staff, "queue:status", of_station, lambda a: a["entries"][0]["user_id"] == rider.id),
        (rider, "queue:slots", of_station, lambda a: a["length"] == 2),
        (
            rider,
            "qr:image",
            {"token": place["qr_token"], "size": 128},
            lambda a: a["content_type"] == "image/png",
        ),
        (staff, "swap:get", {"swap_id": place["swap_id"]}, lambda a: a["state"] == "pending"),
        (rider, "swap:history", {"user_id": rider.id}, lambda a: a["total"] == 1),
        (staff, "staff:assignments", {"staff_id": staff.id}, lambda a: a["items"][0]["state"] == "running"),
        (staff, "staff:station", of_station, lambda a: a["items"][0]["staff_id"] == staff.id),
        (staff, "fault:list", {"open_only": True}, lambda a: a["items"][0]["level"] == 3),
        (staff, "fault:get", {"incident_id": fault["incident_id"]}, lambda a: len(a["history"]) > 1),
        (staff, "ticket:list", {"status": "open"}, lambda a: a["items"][0]["severity"] == "critical"),
        (staff, "ticket:get", {"ticket_id": fault["ticket_id"]}, lambda a: a["notes"] == []),
        (staff, "station:batteries", of_station, lambda a: len(a["items"]) == 12),
        (admin, "battery:get", {"battery_id": pack.id}, lambda a: a["battery_id"] == pack.id),
        (admin, "partner:list", {}, lambda a: a["items"] == []),
        (rider, "credits:history", {"user_id": rider.id}, lambda a: a["balance"] == 0),
        (
            driver,
            "gps:track",
            {"user_id": driver.id, "from": "2026-11-24T00:00:00Z"},
            lambda a: a["items"] == [],
        ),
        (driver, "job:available", {}, lambda a: a["items"] == []),
        (driver, "job:history", {"transporter_id": driver.id}, lambda a: a["items"] == []),
        (rider, "station:status", of_station, lambda a: a["batteries"]["held"] == 2),
        (rider, "station:list", {"active_only": True}, lambda a: a["items"][0]["id"] == station.id),
        (rider, "station:nearest", here, lambda a: a["items"][0]["distance_m"] == 0),
        (
            admin,
            "admin:live",
            {},
            lambda a: (a["figures"]["riders_waiting"], a["figures"]["stations"]) == (2, 1),
        ),
        (admin, "admin:logistics", {}, lambda a: a["fleet"] == sum(held["packs"] for held in a["holders"])),
        (admin, "admin:traffic", {}, lambda a: a["items"] == []),
        (admin, "admin:stations", {}, lambda a: a["items"][0]["incidents"] == {"3": 1}),
        (admin, "admin:replay", window, lambda a: len(a["items"]) == 5),
        *(
            (staff, event, of_station, lambda a: a["interval"]["low"] <= a["predicted_value"])
            for event in PREDICTIONS
        ),
        (admin, "ai:model-status", {}, lambda a: len(a["items"]) == len(PREDICTIONS)),
        (rider, "recommend", {"location": here}, lambda a: a["items"][0]["station_id"] == station.id),
        (rider, "recommend:optimal", here, lambda a: a["station_id"] == station.id),
    ]
    for person, event, payload, holds in expected:
        by_socket, by_rest = [await person.ask(door, event, payload) for door in ("socket", "rest")]
        assert by_socket.ok, (event, by_socket.error)
        # REST gives a picture as its bytes, the event as a field with its type.
        picture = event == "qr:image"
        assert (by_socket.data["image"] if picture else timeless(by_socket.data)) == timeless(by_rest.data), (
            event
        )
        assert holds(by_socket.data), (event, by_socket.data)

    reads = {op.event for op in hub.hub.registry if op.rest and not op.command}
    assert {event for _, event, _, _ in expected} == reads
