"""The network in figures: each moves when what it counts moves, and none else of its kind."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services.clocks import LIMITS
from services.fault_models import Severity
from services.faults import Report
from services.job_models import Job
from services.live_figures import DEFINITIONS, NetworkFigures
from services.logistics import HANDLING_S, SLACK, is_on_time
from services.models import Battery, Holder, HolderKind, PackHealth, Station
from services.states import BatteryState, JobState, TicketStatus
from services.swap import Handover
from services.tickets import TicketChange
from tests.contract.documents import job
from tests.unit.services.city import City
from tests.unit.services.roads import Roads


async def live(city: City) -> NetworkFigures:
    return (await city.services.admin.live.now()).figures


def moved(before: NetworkFigures, after: NetworkFigures) -> dict[str, float]:
    """By how much each figure is another one; the rate of events apart."""
    old, new = before.model_dump(), after.model_dump()
    return {name: new[name] - old[name] for name in new if new[name] != old[name] and name != "events_per_s"}


async def report(city: City, station: Station, kind: str, severity: Severity) -> None:
    said = Report(station_id=station.id, kind=kind, severity=severity)
    await city.services.faults.report(said, by="device")


def test_every_figure_has_a_definition() -> None:
    assert DEFINITIONS.keys() == NetworkFigures.model_fields.keys()
    assert all(DEFINITIONS.values())


async def test_an_empty_network_has_nothing(city: City) -> None:
    assert set((await live(city)).model_dump().values()) == {0}


async def test_riders_on_their_way_through_a_station(city: City) -> None:
    station = await city.station(places=5, charged=4, charging=1)
    fresh = await live(city)
    assert (fresh.stations, fresh.places_free, fresh.packs_in_slots, fresh.staff_on_duty) == (1, 5, 5, 2)

    rider = await city.rider()
    place = await city.place(station, rider)
    confirmed = await live(city)
    await city.arrive(rider, station)
    arrived = await live(city)
    await city.services.qr.verify(place.qr_token.token, station_id=station.id, by="staff_x")
    active = await live(city)

    assert moved(fresh, confirmed).items() >= {
        ("riders_waiting", 1), ("places_free", -1), ("packs_promised", 1), ("packs_promisable", -1)
    }  # fmt: skip
    assert moved(confirmed, arrived) == {"riders_arrived": 1, "vehicles_seen": 1}
    assert moved(arrived, active).items() >= {
        ("riders_waiting", -1), ("riders_arrived", -1), ("swaps_active", 1)
    }  # fmt: skip
    assert active.events_per_s > 0
    city.clock.forward(minutes=6)
    later = await live(city)
    assert (later.vehicles_seen, later.events_per_s) == (0, 0)


async def test_stations_that_are_closed_or_empty(city: City) -> None:
    station, _ = await city.station(), await city.station(charged=0)
    assert (await live(city)).stations_without_charged_packs == 1

    await city.services.station_admin.close(station.id)

    closed = await live(city)
    assert (closed.stations, closed.stations_closed, closed.places_free) == (1, 1, 20)


async def test_incidents_by_level_and_tickets_past_their_clocks(city: City) -> None:
    station = await city.station()
    await report(city, station, "strange_smell", Severity.LOW)
    await report(city, station, "slot_jam", Severity.CRITICAL)
    now = await live(city)
    levels = (now.incidents_level_1, now.incidents_level_2, now.incidents_level_3)
    assert (sum(levels), now.incidents_level_3, now.tickets_open, now.tickets_overdue) == (2, 1, 1, 0)
    limits = LIMITS[Severity.CRITICAL]

    await city.fired(minutes=limits.acknowledge.total_seconds() / 60 + 1)
    assert (await live(city)).tickets_overdue == 1
    [ticket] = await city.services.world.records.now.tickets.find({})
    await city.services.tickets.update(ticket.id, TicketChange(status=TicketStatus.ACKNOWLEDGED), by="admin")
    assert (await live(city)).tickets_overdue == 0
    await city.fired(minutes=limits.repair.total_seconds() / 60)
    assert (await live(city)).tickets_overdue == 1
    await city.services.tickets.update(ticket.id, TicketChange(status=TicketStatus.RESOLVED), by="admin")
    assert ((await live(city)).tickets_overdue, (await live(city)).tickets_open) == (0, 0)


# -- logistics


async def test_every_pack_has_one_holder_in_the_sum(city: City, roads: Roads) -> None:
    here, there, shop = await city.station(charged=6), await city.station(charged=1), await roads.partner()
    await city.rider()
    fleet = await city.services.world.records.now.batteries.count({})
    made, driver = await roads.accepted(await roads.job(here, shop, packs=3))
    await roads.job(here, there, packs=1)

    before = await city.services.admin.logistics.now()
    await roads.pickup(made, driver)
    during = await city.services.admin.logistics.now()
    await roads.deliver(made.model_copy(update={"loaded_ids": made.battery_ids}), driver)
    after = await city.services.admin.logistics.now()

    for told in (before, during, after):
        assert told.fleet == fleet == sum(held.packs for held in told.holders)
        assert [held.holder for held in told.holders] == list(HolderKind)
        assert all(held.packs == sum(held.by_state.values()) for held in told.holders)
    assert _packs(during) == {**_packs(before), "slot": _packs(before)["slot"] - 3, "van": 3}
    assert _packs(after) == {**_packs(during), "van": 0, "partner": 3}
    assert [(one.state, one.jobs, one.packs) for one in during.jobs] == [
        (JobState.PENDING, 1, 1), (JobState.ASSIGNED, 0, 0), (JobState.IN_TRANSIT, 1, 3)
    ]  # fmt: skip
    assert (during.jobs[0].oldest_minutes, during.jobs[1].oldest_minutes) == (60, None)
    assert (after.ended_today, after.deliveries) == ({JobState.DELIVERED: 1}, 1)
    assert [(one.stored, one.capacity) for one in after.partners] == [(3, 10)]
    assert (after.partner_stored, after.partner_capacity) == (3, 10)
    city.clock.forward(hours=25)
    gone = await city.services.admin.logistics.now()
    assert (gone.ended_today, gone.deliveries, gone.on_time_share) == ({}, 0, None)


def _packs(told: Any) -> dict[str, int]:
    return {held.holder.value: held.packs for held in told.holders}


@pytest.mark.parametrize(("late_s", "on_time"), [(-1, True), (0, True), (1, False)])
def test_on_time_is_the_ride_and_a_half_and_half_an_hour(late_s: float, on_time: bool) -> None:
    made = job()
    ride_s = made.distance_m * 1.35 / (25 / 3.6)
    took = timedelta(seconds=HANDLING_S + SLACK * ride_s + late_s)

    done = made.changed(assigned_at=made.created_at, ended_at=made.created_at + took)

    assert isinstance(done, Job)
    assert is_on_time(done) is on_time


async def test_lost_packs_and_those_in_the_workshop_are_of_the_fleet(city: City) -> None:
    await city.station(charged=2)
    kinds = (HolderKind.LOST, HolderKind.WORKSHOP, HolderKind.WORKSHOP)
    async with city.services.world.records.transaction() as tx:
        for number, kind in enumerate(kinds):
            await tx.batteries.insert(
                Battery(
                    id=f"away_{number}", state=BatteryState.QUARANTINED, holder=Holder(kind=kind, id="x"),
                    soc=1, soh=1, updated_at=city.clock(),
                )
            )  # fmt: skip

    told = await city.services.admin.logistics.now()

    assert (told.fleet, _packs(told)["lost"], _packs(told)["workshop"]) == (5, 1, 2)


# -- stations


async def test_stations_are_told_in_parts_with_what_concerns_each(city: City, roads: Roads) -> None:
    stations = [await city.station(charged=6) for _ in range(5)]
    here, there = stations[1], stations[3]
    await report(city, here, "slot_jam", Severity.CRITICAL)
    first, driver = await roads.accepted(await roads.job(here, there))
    await roads.accepted(await roads.job(here, there))
    await roads.job(here, there, packs=1)
    await roads.pickup(first, driver)
    rider = await city.rider()
    await swapped(city, there, rider)
    overview = city.services.admin.overview

    parts, cursor = [], None
    while cursor is not None or not parts:
        part = await overview.page(limit=2, cursor=cursor)
        parts.append(part.items)
        cursor = part.next_cursor
    every = [one for part in parts for one in part]

    assert [len(part) for part in parts] == [2, 2, 1]
    assert [one.id for one in every] == [station.id for station in stations]
    assert [one.incidents for one in every] == [{}, {3: 1}, {}, {}, {}]
    assert [one.jobs_leaving for one in every] == [0, 1, 0, 0, 0]
    assert [one.jobs_coming for one in every] == [0, 0, 0, 2, 0]
    assert [one.swaps_today for one in every] == [0, 0, 0, 1, 0]
    assert [one.slots_free for one in every] == [6, 8, 6, 6, 6]
    status = await city.services.stations.status(here.id)
    assert every[1].model_dump(include=set(type(status).model_fields)) == status.model_dump()
    city.clock.forward(days=1)
    assert (await overview.page(limit=9, cursor=None)).items[3].swaps_today == 0


async def swapped(city: City, station: Station, rider: str) -> None:
    """A rider comes, is scanned and served."""
    place = await city.place(station, rider)
    await city.arrive(rider, station)
    scanned = await city.services.qr.verify(place.qr_token.token, station_id=station.id, by="staff_x")
    assert scanned.assigned_battery is not None
    handover = Handover(
        old_battery_id=scanned.old_battery_id,
        new_battery_id=scanned.assigned_battery.id,
        old_battery_health=PackHealth.HEALTHY,
    )
    await city.services.swap.complete(scanned.swap_id, handover, by="staff_x")


async def test_no_stations_are_an_empty_part(city: City) -> None:
    assert (await city.services.admin.overview.page(limit=9, cursor=None)).items == []
