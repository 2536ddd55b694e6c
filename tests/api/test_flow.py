"""The consumer flow through both doors, and who hears what of it."""

from __future__ import annotations

import pytest

from tests.support.hub import RunningHub
from tests.support.people import Door

DOORS: tuple[Door, ...] = ("socket", "rest")


@pytest.mark.parametrize("door", DOORS)
async def test_a_rider_swaps_from_recommendation_to_credits(hub: RunningHub, door: Door) -> None:
    station = await hub.station()
    rider, staff = await hub.rider().ready(), await hub.staff(station).ready()
    here = {"lat": station.location.lat, "lng": station.location.lng}

    best = await rider.ask(door, "recommend", {"location": here, "battery_level": 20})
    assert best.data["items"][0]["station_id"] == station.id

    place = await rider.ask(door, "queue:confirm", {"station_id": station.id})
    assert (place.data["position"], place.data["state"]) == (1, "confirmed")
    assert place.data["hold_until"].endswith("Z")
    mine = await rider.ask(door, "queue:mine")
    assert mine.data["qr_token"] == place.data["qr_token"]

    scanned = await staff.ask(door, "qr:verify", {"token": place.data["qr_token"]})
    assert scanned.data["user"]["id"] == rider.id

    done = await staff.ask(
        door,
        "swap:complete",
        {
            "swap_id": scanned.data["swap_id"],
            "old_battery_id": scanned.data["old_battery_id"],
            "new_battery_id": scanned.data["assigned_battery"]["id"],
            "old_battery_health": "healthy",
        },
    )
    assert done.data["credits_earned"] == 10

    history = await rider.ask(door, "swap:history", {"user_id": rider.id, "limit": 5})
    assert (history.data["total"], history.data["items"][0]["state"]) == (1, "completed")
    assert (await rider.ask(door, "queue:mine")).data is None
    status = await rider.ask(door, "station:status", {"station_id": station.id})
    assert status.data["queue"]["length"] == status.data["queue"]["active"] == 0


async def test_everybody_hears_what_they_may_and_nobody_else(hub: RunningHub) -> None:
    station = await hub.station()
    rider, stranger = await hub.rider().connect(), await hub.rider().connect()
    staff, admin = await hub.staff(station).connect(), await hub.admin().connect()
    assert (await staff.call("room:join", room=f"station:{station.id}:staff")).ok
    assert (await stranger.call("room:join", room=f"station:{station.id}")).ok
    assert (await admin.call("room:join", room="admin")).ok

    place = (await rider.confirm(station)).data
    scanned = (await staff.verify(place["qr_token"])).data
    await staff.call(
        "swap:complete",
        swap_id=scanned["swap_id"],
        old_battery_id=scanned["old_battery_id"],
        new_battery_id=scanned["assigned_battery"]["id"],
        old_battery_health="healthy",
    )

    assert (await rider.until("credits:awarded"))["amount"] == 10
    await staff.until("swap:completed")
    await admin.until("credits:awarded")
    await stranger.until("queue:changed")
    assert rider.of("queue:updated")
    assert rider.of("qr:scanned")
    assert not rider.of("queue:confirmed")
    assert staff.of("queue:confirmed")[0]["user_id"] == rider.id
    assert not staff.of("credits:awarded")
    assert rider.id not in str(stranger.heard)
    assert place["qr_token"] not in str([rider.heard, staff.heard, admin.heard, stranger.heard])
    assert {"queue:confirmed", "qr:scanned", "swap:completed"} <= {name for name, _ in admin.heard}


async def test_the_first_event_is_the_session(hub: RunningHub) -> None:
    rider = await hub.rider().connect()

    session = await rider.until("hub:session")

    assert rider.heard[0][0] == "hub:session"
    assert set(session) >= {"pid", "recovered", "window_seconds"}
    assert session["recovered"] is False


@pytest.mark.parametrize("door", DOORS)
async def test_an_image_is_its_bytes(hub: RunningHub, door: Door) -> None:
    station = await hub.station()
    rider = hub.rider()
    token = (await rider.confirm(station)).data["qr_token"]

    answer = await rider.ask(door, "qr:image", {"token": token, "format": "png", "size": 200})

    image = answer.data if door == "rest" else answer.data["image"]
    assert image.startswith(b"\x89PNG")
    if answer.headers is not None:
        assert (answer.headers["Content-Type"], answer.headers["Cache-Control"]) == ("image/png", "no-store")


@pytest.mark.parametrize("engine", ["uws", "aiohttp"])
async def test_both_engines_serve_the_same(make_hub, engine: str) -> None:  # type: ignore[no-untyped-def]
    hub = await make_hub(engine=engine)
    station = await hub.station()
    rider = await hub.rider().connect()

    assert (await rider.confirm(station)).data["position"] == 1
    await rider.until("queue:updated")
    assert rider.heard[0][0] == "hub:session"


async def test_a_ping_without_an_acknowledgement_counts(hub: RunningHub) -> None:
    station = await hub.station()
    admin, rider = await hub.admin().connect(), await hub.rider().connect()
    snapshot = (await admin.call("room:join", room="admin")).data["snapshot"]
    assert snapshot["stations"][0]["id"] == station.id

    await rider.socket.emit("gps:ping", hub.near(station, 900))

    batch = await admin.until("gps:positions")
    assert [position["user_id"] for position in batch["positions"]] == [rider.id]
    tick = await admin.until("stats:tick")
    assert tick["connections"] == 2
