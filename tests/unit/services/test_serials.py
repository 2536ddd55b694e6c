"""What a controller reads against what the records say: mismatches, and what only looks like one."""

from __future__ import annotations

from typing import Any

import pytest

from services.fault_models import Incident
from services.models import Battery, HolderKind, Station
from services.stations import SlotReading
from tests.unit.services.city import City
from tests.unit.services.roads import Roads
from tests.unit.services.slots import packs_at, swap


async def reads(city: City, station: Station, slot: int | None, serial: str, *others: Battery) -> None:
    """The controller reads one serial in a slot, and these packs where they are."""
    odd = SlotReading(slot=slot, battery_id=serial, soc=50)
    rest = [SlotReading(slot=pack.holder.slot, battery_id=pack.id, soc=pack.soc) for pack in others]
    await city.services.stations.telemetry(station.id, [odd, *rest])


async def mismatches(city: City) -> list[Incident]:
    return await city.services.world.records.now.incidents.find({"kind": "serial_mismatch"})


async def pack(city: City, id: str) -> Battery:
    found = await city.services.world.records.now.batteries.get(id)
    assert found
    return found


async def test_an_unknown_serial_takes_the_pack_of_that_slot_out_of_use(city: City) -> None:
    station = await city.station(charged=3)
    first, *others = await packs_at(city, station)

    for _ in range(3):
        await reads(city, station, first.holder.slot, "battery_stranger", *others)

    unknown, expected = sorted(await mismatches(city), key=lambda incident: incident.battery_id or "")
    assert (unknown.battery_id, unknown.reports, unknown.level) == (None, 1, 3)
    assert "battery_stranger" in (unknown.description or "")
    assert (expected.battery_id, expected.reports) == (first.id, 1)
    assert (await pack(city, first.id)).state == "quarantined"
    assert (await city.services.queue.slots(station.id)).charged_batteries == 2
    assert await city.services.stations.live_equals_records()


async def test_the_promise_of_a_pack_in_doubt_becomes_one_of_another(city: City) -> None:
    station = await city.station(charged=3)
    rider = await city.rider()
    await city.place(station, rider)
    await city.arrive(rider, station)
    packs = await packs_at(city, station)
    bound = next((one for one in packs if one.held_for), packs[0])

    await reads(city, station, bound.holder.slot, "battery_stranger")

    mine = await city.services.queue.mine(rider)
    assert mine is not None
    assert (await pack(city, bound.id)).held_for is None
    assert (await pack(city, bound.id)).state == "quarantined"


async def test_a_pack_of_another_station_is_taken_out_there_when_nobody_reads_it_there(city: City) -> None:
    here, there = await city.station(charged=2), await city.station(charged=2)
    (foreign, _) = await packs_at(city, there)

    await reads(city, here, 9, foreign.id)

    (incident,) = await mismatches(city)
    assert (incident.station_id, incident.battery_id) == (there.id, foreign.id)
    assert (await pack(city, foreign.id)).state == "quarantined"
    assert await city.services.stations.live_equals_records()


async def test_a_controller_cannot_take_packs_out_that_their_own_station_reads(city: City) -> None:
    here, there = await city.station(charged=2), await city.station(charged=2)
    theirs = await packs_at(city, there)
    await reads(city, there, theirs[0].holder.slot, theirs[0].id, *theirs[1:])

    for foreign in theirs:
        await reads(city, here, 9, foreign.id)

    (incident,) = await mismatches(city)
    assert (incident.station_id, incident.battery_id) == (here.id, None)
    assert {(await pack(city, one.id)).state for one in theirs} == {"charged"}


async def test_a_riders_pack_left_in_a_slot_is_quarantined_when_it_comes_back(city: City) -> None:
    station = await city.station(charged=2)
    rider = await city.rider()
    left = await city.pack_of(rider)
    assert left

    await reads(city, station, 9, left.id)
    await swap(city, station, rider)

    (incident,) = await mismatches(city)
    assert (incident.battery_id, incident.station_id) == (left.id, station.id)
    back = await pack(city, left.id)
    assert (back.holder.kind, back.state) == (HolderKind.SLOT, "quarantined")
    await reads(city, station, back.holder.slot, back.id)
    assert (await mismatches(city))[0].state == "cleared"  # records and readings agree again


async def in_the_bay(city: City, station: Station) -> str:
    """A rider whose swap is under way has put the old pack into a slot."""
    rider = await city.rider()
    place = await city.place(station, rider)
    await city.services.qr.verify(place.qr_token.token, station_id=station.id, by="staff_x")
    old = await city.pack_of(rider)
    assert old
    return old.id


async def just_handed_out(city: City, station: Station) -> str:
    """The report was made before the pack was handed out."""
    rider = await city.rider()
    await swap(city, station, rider)
    new = await city.pack_of(rider)
    assert new
    return new.id


async def out_of_the_van(city: City, station: Station) -> str:
    """A transporter puts packs into slots before the last of them is scanned."""
    roads = Roads(city)
    source = await city.station()
    job, van = await roads.accepted(await roads.job(source, station))
    await roads.pickup(job, van)
    city.clock.forward(hours=1)
    return job.battery_ids[0]


@pytest.mark.parametrize("way", [in_the_bay, just_handed_out, out_of_the_van])
async def test_a_pack_on_its_way_is_no_mismatch(city: City, way: Any) -> None:
    station = await city.station(charged=3)
    serial = await way(city, station)

    await reads(city, station, 0, serial)

    assert await mismatches(city) == []


async def test_packs_in_other_slots_of_their_own_station_are_no_mismatch(city: City) -> None:
    station = await city.station(charged=2)
    one, other = await packs_at(city, station)

    await reads(city, station, one.holder.slot, other.id)
    await reads(city, station, other.holder.slot, one.id)

    assert await mismatches(city) == []
