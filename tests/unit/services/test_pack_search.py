"""Packs that give no sign where one is due are searched for; those that may be silent are not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from services.fault_models import Incident
from services.fixes import GpsFix
from services.job_models import Job
from services.models import Station
from tests.unit.services.city import City
from tests.unit.services.roads import Roads
from tests.unit.services.slots import packs_at, read, swap

HALF_AN_HOUR = 30


async def hours(city: City, station: Station, hours: int, *, but: tuple[str, ...] = ()) -> None:
    """Time passes, and the controller reports every half hour."""
    for _ in range(2 * hours):
        await city.fired(minutes=HALF_AN_HOUR)
        await read(city, station, but=but)


async def missing(city: City) -> list[Incident]:
    return await city.services.world.records.now.incidents.find({"kind": "pack_missing"})


async def test_a_pack_that_is_read_no_more_is_searched_for_once_and_not_promised(city: City) -> None:
    station = await city.station(charged=4)
    await read(city, station)
    gone = (await packs_at(city, station))[0]

    await hours(city, station, 5, but=(gone.id,))
    assert await missing(city) == []
    await hours(city, station, 12, but=(gone.id,))

    (incident,) = await missing(city)
    assert (incident.battery_id, incident.level, incident.reports) == (gone.id, 3, 1)
    assert f"Slot {gone.holder.slot}" in (incident.description or "")
    (ticket,) = await city.services.world.records.now.tickets.find({})
    assert ticket.incident_id == incident.id
    assert (await city.services.queue.slots(station.id)).charged_batteries == 3
    assert await city.services.stations.live_equals_records()


async def test_a_pack_that_is_read_again_is_found_and_stays_out_of_use(city: City) -> None:
    station = await city.station(charged=4)
    await read(city, station)
    gone = (await packs_at(city, station))[0]
    await hours(city, station, 8, but=(gone.id,))

    await read(city, station)

    (incident,) = await missing(city)
    assert incident.state == "cleared"
    found = await city.services.world.records.now.batteries.get(gone.id)
    assert found
    assert found.state == "quarantined"


async def test_a_pack_that_never_came_into_its_slot_is_missed(city: City) -> None:
    """By the records staff have taken it back; the controller has never read it."""
    station = await city.station(charged=3)
    rider = await city.rider()
    old = await city.pack_of(rider)
    assert old
    await swap(city, station, rider)
    assert (await city.services.world.records.now.batteries.get(old.id)).holder.id == station.id  # type: ignore[union-attr]

    await hours(city, station, 8, but=(old.id,))

    assert [incident.battery_id for incident in await missing(city)] == [old.id]


async def test_a_controller_that_is_silent_or_reads_few_slots_misses_no_pack(city: City) -> None:
    silent, partial = await city.station(charged=3), await city.station(charged=6)
    await read(city, silent)
    await read(city, partial)
    most = tuple(pack.id for pack in (await packs_at(city, partial))[:4])

    await hours(city, partial, 30, but=most)

    assert await missing(city) == []


class Hauled:
    """A job with its packs in the van, and no controller that could read them."""

    def __init__(self, city: City) -> None:
        self.city, self.roads = city, Roads(city)

    async def begin(self) -> tuple[Any, str]:
        source, target = await self.city.station(), await self.city.station()
        job, van = await self.roads.accepted(await self.roads.job(source, target, packs=2))
        return await self.roads.pickup(job, van), van

    async def job(self, job_id: str) -> Job:
        job: Job = await self.roads.now.transport_jobs.get(job_id)
        return job


async def test_a_pack_in_the_van_of_its_job_is_not_missing_until_a_day_has_passed(city: City) -> None:
    job, van = await Hauled(city).begin()

    await city.fired(minutes=23 * 60)
    assert await missing(city) == []
    await city.fired(minutes=2 * 60)

    found = await missing(city)
    assert {incident.battery_id for incident in found} == set(job.loaded_ids)
    assert all(van in (incident.description or "") for incident in found)
    assert all(incident.station_id == job.source.id for incident in found)


async def test_a_pack_that_was_not_delivered_with_the_others_is_searched_for_soon(city: City) -> None:
    hauled = Hauled(city)
    job, van = await hauled.begin()
    left = job.loaded_ids[0]
    await hauled.roads.deliver(job, van, list(job.loaded_ids[1:]))

    await city.fired(minutes=3 * 60)
    assert await missing(city) == []
    await city.fired(minutes=2 * 60)

    assert [incident.battery_id for incident in await missing(city)] == [left]


async def test_delivered_packs_are_nobodys_search(city: City) -> None:
    hauled = Hauled(city)
    job, van = await hauled.begin()
    await hauled.roads.deliver(job, van)

    await city.fired(minutes=60 * 24 * 40)

    assert await missing(city) == []


async def test_a_rider_who_is_seen_keeps_the_pack_and_one_who_vanishes_is_asked_for_it(city: City) -> None:
    station = await city.station()
    seen, vanished = await city.rider(), await city.rider()
    for rider in (seen, vanished):
        await swap(city, station, rider)
    await city.fired(minutes=60 * 24 * 20)
    async with city.services.world.records.transaction() as tx:
        now = city.clock()
        fix = GpsFix(id="fix", user_id=seen, lat=12.9, lng=77.5, at=now, received_at=now)
        await tx.gps_logs.insert(fix)

    await city.fired(minutes=60 * 24 * 11)
    (incident,) = await missing(city)
    await city.fired(minutes=60 * 24 * 20)

    with_vanished = await city.pack_of(vanished)
    assert with_vanished
    assert (incident.battery_id, incident.station_id) == (with_vanished.id, station.id)
    assert vanished in (incident.description or "")
    assert len(await missing(city)) == 2  # by then the other has not been seen for a month, either
    assert city.clock() - now > timedelta(days=30)
