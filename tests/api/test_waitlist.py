"""Waitlist, walk-ins and rebooking through both doors: what is answered, told, shown and refused."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from services.models import Station
from tests.support.hub import RunningHub
from tests.support.people import Door, Person

DOORS: tuple[Door, ...] = ("socket", "rest")


async def taken(hub: RunningHub) -> tuple[Station, Person]:
    """A station with one place, and who has it."""
    station = await hub.station(places=1)
    there = await hub.rider().ready()
    assert (await there.confirm(station)).ok
    return station, there


async def shown(person: Person, room: str) -> Any:
    return (await person.call("room:join", room=room)).data["snapshot"]


@pytest.mark.parametrize("door", DOORS)
async def test_a_turn_goes_from_joining_to_a_place(hub: RunningHub, door: Door) -> None:
    station, there = await taken(hub)
    first, admin = await hub.rider().connect(), await hub.admin().connect()
    await shown(admin, "admin")

    joined = (await first.ask(door, "waitlist:join", {"station_id": station.id})).data
    again = (await first.ask(door, "waitlist:join", {"station_id": station.id})).data
    waiting = await shown(first, f"user:{first.id}")
    await there.call("queue:leave")
    offer = await first.until("queue:offered")
    offered = await shown(first, f"user:{first.id}")
    other = await hub.rider().ask(door, "queue:confirm", {"station_id": station.id})
    place = await first.ask(door, "queue:confirm", {"station_id": station.id})

    assert (joined["position"], joined["state"]) == (1, "waiting")
    assert again == joined
    assert (waiting["waiting"]["position"], waiting["entry"]) == (1, None)
    assert (offer["station_id"], offer["reason"], offer["from_station_id"]) == (station.id, "waitlist", None)
    assert {field: offer[field] for field in offered["waiting"]} == offered["waiting"]
    assert other.code == "queue_full"
    assert place.data["position"] == 1
    assert (await first.until("waitlist:updated", 2))["state"] == "taken"
    assert (await shown(first, f"user:{first.id}"))["waiting"] is None
    assert (await admin.until("queue:offered"))["user_name"] == first.id


@pytest.mark.parametrize("door", DOORS)
async def test_nobody_waits_twice_or_for_others(hub: RunningHub, door: Door) -> None:
    station, there = await taken(hub)
    elsewhere, _ = await taken(hub)
    rider, other = hub.rider(), hub.rider()
    assert (await rider.ask(door, "waitlist:join", {"station_id": station.id})).ok

    wrong = [
        (there, "waitlist:join", {"station_id": elsewhere.id}, "already_queued"),
        (rider, "waitlist:join", {"station_id": elsewhere.id}, "conflict"),
        (rider, "waitlist:leave", {"station_id": elsewhere.id}, "not_found"),
        (other, "waitlist:leave", {"station_id": station.id, "user_id": rider.id}, "not_found"),
        (other, "waitlist:leave", {"on_behalf_of": rider.id}, "forbidden"),
    ]
    for who, event, payload, code in wrong:
        assert (await who.ask(door, event, payload)).code == code, (event, payload)

    left = await rider.ask(door, "waitlist:leave", {"station_id": station.id})
    assert left.data["state"] == "left"
    assert (await rider.ask(door, "waitlist:leave", {})).code == "not_found"


async def test_a_lost_answer_is_given_again_and_joins_once(hub: RunningHub) -> None:
    station, _ = await taken(hub)
    rider = await hub.rider().connect()
    asked = {"station_id": station.id, "request_id": "join"}

    answers = await asyncio.gather(*(rider.call("waitlist:join", asked) for _ in range(5)))

    assert {answer.data["waiting_id"] for answer in answers} == {answers[0].data["waiting_id"]}
    assert await hub.records.now.waitlist.count({}) == 1


@pytest.mark.parametrize("door", DOORS)
async def test_staff_let_a_rider_in_and_scan_for_them(hub: RunningHub, door: Door) -> None:
    station, elsewhere = await hub.station(), await hub.station()
    staff, colleague = await hub.staff(station).connect(), hub.staff(elsewhere)
    await staff.call("room:join", room=f"station:{station.id}:staff")
    vehicle = {"id": "KA05", "model": "Ape"}

    place = (await staff.ask(door, "queue:walk-in", {"name": "Lakshmi", "vehicle": vehicle})).data

    told = await staff.until("queue:confirmed")
    assert (told["state"], told["user_name"], told["entry_id"]) == ("arrived", "Lakshmi", place["entry_id"])
    wrong = await colleague.ask(door, "qr:verify", {"token": place["qr_token"]})
    scanned = await staff.ask(door, "qr:verify", {"token": place["qr_token"]})
    twice = await staff.ask(door, "queue:walk-in", {"user_id": told["user_id"]})
    assert wrong.code == "wrong_station"
    assert scanned.data["user"]["vehicle"]["model"] == "Ape"
    assert scanned.data["assigned_battery"]
    assert twice.code == "already_queued"


async def test_off_duty_staff_let_nobody_in(hub: RunningHub) -> None:
    station = await hub.station()
    staff = await hub.staff(station).ready()
    await hub.staff(station).ready()
    assert (await staff.call("shift:end")).ok

    assert (await staff.call("queue:walk-in", name="Asha")).code == "forbidden"
    assert (await staff.call("queue:walk-in", name="Asha", station_id=station.id)).code == "forbidden"


async def test_riders_of_a_closing_station_hear_why_and_where_else(hub: RunningHub) -> None:
    near, station = await hub.station(), await hub.station()
    rider, admin = await hub.rider().connect(), hub.admin()
    assert (await rider.confirm(station)).ok

    assert (await admin.call("station:close", station_id=station.id)).ok

    ended, offer = await rider.until("queue:ended"), await rider.until("queue:offered")
    assert (ended["state"], ended["reason"]) == ("cancelled", "station_closed")
    assert (offer["station_id"], offer["reason"], offer["from_station_id"]) == (
        near.id,
        "station_closed",
        station.id,
    )
    assert (await rider.confirm(near)).ok
