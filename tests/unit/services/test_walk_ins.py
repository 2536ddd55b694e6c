"""Riders without a phone: a place from staff's hand, scanned and served as any other."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from services.answers import QueuePlace
from services.errors import AlreadyQueued, NoBattery, NotFound, QueueFull, StationClosed
from services.models import PackHealth, Role, Station, Vehicle
from services.swap import Handover
from tests.unit.services.city import City


async def walk_in(city: City, station: Station, **who: Any) -> QueuePlace:
    asked = {"user_id": None, "name": None, "vehicle": None, "by": "staff_x", **who}
    return await city.services.walk_ins.admit(station.id, **asked)


async def test_a_known_rider_is_here_and_called_at_once(city: City) -> None:
    station = await city.station()
    rider = await city.rider()

    place = await walk_in(city, station, user_id=rider)

    assert (place.state, place.position, place.station_id) == ("arrived", 1, station.id)
    assert place.pack == "assigned"
    assert await city.held(station) == 1
    assert [fact["user_id"] for fact in await city.told("queue:called")] == [rider]
    assert [fact["state"] for fact in await city.told("queue:confirmed")] == ["arrived"]
    names = [fact["event"] for fact in await city.told() if fact.get("entry_id") == place.entry_id]
    assert names.index("queue:confirmed") < names.index("queue:called")
    mine = await city.services.queue.mine(rider)
    assert mine is not None
    assert mine.entry_id == place.entry_id


async def test_a_name_makes_a_rider_who_can_be_served_and_known_again(city: City) -> None:
    station = await city.station()
    place = await walk_in(city, station, name="Lakshmi", vehicle=Vehicle(id="KA05", battery_type="standard"))

    scanned = await city.services.qr.verify(place.qr_token.token, station_id=station.id, by="staff_x")
    assert scanned.assigned_battery is not None
    assert (scanned.user.name, scanned.old_battery_id) == ("Lakshmi", None)
    handover = Handover(
        old_battery_id=None,
        new_battery_id=scanned.assigned_battery.id,
        old_battery_health=PackHealth.HEALTHY,
    )
    await city.services.swap.complete(place.swap_id, handover, by="staff_x")

    user = await city.services.people.get(scanned.user.id)
    assert (user.role, user.name) == (Role.CONSUMER, "Lakshmi")
    pack = await city.pack_of(user.id)
    assert pack is not None
    assert pack.id == scanned.assigned_battery.id
    again = await walk_in(city, station, user_id=user.id)
    assert again.state == "arrived"


async def test_the_token_of_a_walk_in_lasts_as_long_as_the_wait(city: City) -> None:
    station = await city.station(bays=1)
    for _ in range(2):
        place = await walk_in(city, station, name="Asha")

    await city.fired(minutes=60)  # the first was called, and did not come

    assert place.qr_expires_at > city.clock()
    scanned = await city.services.qr.verify(place.qr_token.token, station_id=station.id, by="staff_x")
    assert scanned.entry_id == place.entry_id


async def test_a_walk_in_is_no_no_show(city: City) -> None:
    station = await city.station(bays=1)
    await walk_in(city, station, name="Asha")
    second = await walk_in(city, station, name="Ravi")

    await city.fired(minutes=9)
    await city.fired(minutes=2)

    status = await city.services.queue.status(station.id, with_persons=True)
    assert [getattr(entry, "entry_id", None) for entry in status.entries] == [second.entry_id]


async def test_staff_act_for_somebody_on_record(city: City) -> None:
    station = await city.station()
    rider = await city.rider()

    await walk_in(city, station, user_id=rider)

    record = await city.services.world.records.now.audit.first({"actor": "staff_x"})
    assert record is not None
    assert (record.on_behalf_of, record.action) == (rider, "queue:walk-in")


async def test_a_walk_in_is_admitted_as_anybody(city: City) -> None:
    full, empty = await city.station(places=1), await city.station(charged=0)
    shut = await city.station()
    rider = await city.rider()
    await city.place(full, rider)
    await city.services.station_admin.close(shut.id)

    refused: list[tuple[Station, dict[str, Any], type[Exception]]] = [
        (full, {"name": "Asha"}, QueueFull),
        (empty, {"name": "Asha"}, NoBattery),
        (shut, {"name": "Asha"}, StationClosed),
        (empty, {"user_id": rider}, AlreadyQueued),
        (empty, {"user_id": "nobody"}, NotFound),
        (empty, {"user_id": "staff_001"}, NotFound),
    ]
    people = await city.services.world.records.now.users.count({})
    for station, who, error in refused:
        with pytest.raises(error):
            await walk_in(city, station, **who)

    assert await city.services.world.records.now.users.count({}) == people


async def test_a_walk_in_takes_the_place_on_offer_to_them(city: City) -> None:
    station = await city.station(places=1)
    there, rider = await city.rider(), await city.rider()
    await city.place(station, there)
    await city.services.waitlist.join(rider, station.id)
    await city.services.queue.leave(there, None)

    place = await walk_in(city, station, user_id=rider)

    assert place.state == "arrived"
    assert await city.services.waitlist.mine(rider) is None


async def test_a_place_on_offer_is_no_promise_of_a_pack_of_another_type(city: City) -> None:
    station = await city.station(places=1)
    there, rider = await city.rider(), await city.rider()
    await city.place(station, there)
    await city.services.waitlist.join(rider, station.id)
    await city.services.queue.leave(there, None)

    with pytest.raises(QueueFull):
        await walk_in(city, station, user_id=rider, vehicle=Vehicle(id="KA", battery_type="heavy"))


async def test_one_rider_walked_in_at_two_stations_has_one_place(city: City) -> None:
    here, there = await city.station(), await city.station()
    rider = await city.rider()

    answers = await asyncio.gather(
        *(walk_in(city, station, user_id=rider) for station in (here, there)), return_exceptions=True
    )

    assert sum(isinstance(answer, AlreadyQueued) for answer in answers) == 1
    assert await city.held(here) + await city.held(there) == 1
