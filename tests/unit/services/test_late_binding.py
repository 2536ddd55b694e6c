"""Promises of packs: what charges in time can be sold, the pack is chosen when its rider is there."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest

from services.base import Location
from services.errors import Conflict, HubError, NoBattery
from services.forms import BatteryForm, HolderForm
from services.models import Battery, Entry, HolderKind, PackHealth, Station
from services.states import BatteryState
from services.stations import SlotReading
from services.swap import Handover
from tests.unit.services.city import City
from tests.unit.services.faulty import report
from tests.unit.services.roads import Roads

FAR_M, NEAR_M = 4000, 1500  # 13 and 5 minutes away


def north(station: Station, metres: float) -> Location:
    return Location(lat=station.location.lat + metres / 111_195, lng=station.location.lng)


@dataclass
class Chargers:
    """A station's controller."""

    city: City
    station: Station

    async def packs(self, state: BatteryState = BatteryState.CHARGING) -> list[Battery]:
        where = {"holder.id": self.station.id, "state": state}
        return await self.city.services.world.records.now.batteries.find(where)

    async def read(self, *socs: float) -> None:
        """The packs that charge, in order, as they are read."""
        packs = zip(await self.packs(), socs, strict=False)
        readings = [SlotReading(battery_id=pack.id, soc=soc) for pack, soc in packs]
        await self.city.services.stations.telemetry(self.station.id, readings)

    async def charge(self, from_soc: float = 78) -> None:
        """Ten minutes at the usual pace, seen: those at 78 % have ten minutes more to go."""
        await self.read(*[from_soc - 12] * 9)
        self.city.clock.forward(minutes=10)
        await self.read(*[from_soc] * 9)


@pytest.fixture
async def station(city: City) -> Station:
    return await city.station(charged=1, charging=1)


@pytest.fixture
def chargers(city: City, station: Station) -> Chargers:
    return Chargers(city, station)


async def entry_of(city: City, rider: str) -> Entry:
    entry = await city.services.world.records.now.queues.first({"user_id": rider}, order=("-id",))
    assert entry
    return entry


async def next_to(city: City, station: Station) -> Station:
    """Another station, three kilometres away."""
    other = (await city.station()).changed(location=north(station, 3000))
    async with city.services.world.records.transaction() as tx:
        await tx.stations.replace(other)
    await city.services.stations.rebuild_live()
    return other


async def confirm(city: City, station: Station, metres: float | None = None) -> str:
    rider = await city.rider()
    near = None if metres is None else north(station, metres)
    await city.services.queue.confirm(rider, station.id, near=near)
    return rider


async def test_a_place_holds_a_promise_and_no_pack_until_the_rider_is_there(city: City) -> None:
    station = await city.station()
    rider = await confirm(city, station)
    assert await city.bound(station) == 0
    assert await city.held(station) == 1

    await city.arrive(rider, station)

    entry = await entry_of(city, rider)
    pack = await city.services.world.records.now.batteries.get(entry.battery_id or "")
    swap = await city.services.swap.get(entry.swap_id)
    assert pack
    assert (pack.held_for, swap.assigned_battery_id, entry.pack) == (entry.id, pack.id, "assigned")
    assert swap.assigned_because
    assert (await city.told("queue:updated"))[-1]["battery_id"] == pack.id
    assert await city.held(station) == 1


async def test_a_scan_binds_a_pack_for_who_was_not_seen_to_arrive(city: City) -> None:
    station = await city.station()
    place = await city.place(station)

    begun = await city.services.qr.verify(place.qr_token.token, station_id=station.id, by="staff_x")

    assert begun.assigned_battery
    assert begun.assigned_battery.reasons
    assert (await city.told("qr:scanned"))[-1]["battery_id"] == begun.assigned_battery.id


async def test_a_pack_that_will_be_charged_is_promised_to_who_is_far_enough_away(
    city: City, station: Station, chargers: Chargers
) -> None:
    await confirm(city, station)
    await chargers.charge()

    with pytest.raises(NoBattery):
        await confirm(city, station)
    with pytest.raises(NoBattery):
        await confirm(city, station, NEAR_M)
    rider = await confirm(city, station, FAR_M * 2)

    entry = await entry_of(city, rider)
    assert entry.needed_by
    assert entry.told_wait
    assert entry.told_wait.p50 > 5  # until the pack is charged
    for metres in (FAR_M * 2, FAR_M * 1.8):  # who would be there sooner takes it from nobody
        with pytest.raises(NoBattery):
            await confirm(city, station, metres)


async def test_a_pack_without_readings_is_not_promised(city: City, station: Station) -> None:
    await confirm(city, station)

    with pytest.raises(NoBattery):
        await confirm(city, station, FAR_M * 4)


async def test_a_fresh_fix_tells_how_far_away_the_rider_is(
    city: City, station: Station, chargers: Chargers
) -> None:
    await confirm(city, station)
    await chargers.charge()
    rider = await city.rider()
    await city.ping(rider, station, FAR_M * 2)

    await city.place(station, rider)

    assert (await entry_of(city, rider)).needed_by


async def test_who_needs_a_pack_later_leaves_the_charged_one_to_others(
    city: City, station: Station, chargers: Chargers
) -> None:
    await chargers.charge()

    await confirm(city, station, FAR_M * 2)
    slots = await city.services.queue.slots(station.id)
    await confirm(city, station)

    assert slots.charged_batteries == 1
    assert (await city.services.queue.slots(station.id)).charged_batteries == 0


async def test_a_rider_who_is_early_waits_and_is_called_when_the_pack_is_charged(
    city: City, station: Station, chargers: Chargers
) -> None:
    await confirm(city, station)  # needs the charged one
    await chargers.charge()
    early = await confirm(city, station, FAR_M * 2)

    await city.arrive(early, station)
    assert await city.told("queue:called") == []
    assert (await entry_of(city, early)).pack == "promised"
    await chargers.read(91)

    assert [fact["user_id"] for fact in await city.told("queue:called")] == [early]
    assert (await entry_of(city, early)).battery_id
    assert await city.services.stations.live_equals_records()


async def test_charging_that_stops_makes_the_promise_short_and_the_next_best_place_is_offered(
    city: City, station: Station, chargers: Chargers
) -> None:
    await confirm(city, station)
    await chargers.charge()
    rider = await confirm(city, station, FAR_M * 2)
    other = await next_to(city, station)

    await city.fired(minutes=18)  # nothing was read meanwhile

    entry = await entry_of(city, rider)
    assert (entry.pack, entry.state, entry.told_wait) == ("short", "confirmed", None)
    assert await city.services.stations.live_equals_records()
    [offer] = await city.told("queue:offered")
    assert (offer["user_id"], offer["station_id"], offer["reason"]) == (rider, other.id, "no_battery")
    await city.services.queue.confirm(rider, other.id)
    assert (await entry_of(city, rider)).station_id == other.id
    assert await city.held(station) == 1


async def test_a_later_reading_keeps_the_promise_again(
    city: City, station: Station, chargers: Chargers
) -> None:
    await confirm(city, station)
    await chargers.charge()
    rider = await confirm(city, station, FAR_M * 2)
    await city.fired(minutes=18)
    assert (await entry_of(city, rider)).pack == "short"

    await chargers.read(91)

    assert (await entry_of(city, rider)).pack == "promised"
    assert [fact["pack"] for fact in await city.told("queue:updated")][-2:] == ["short", "promised"]


async def test_who_came_last_is_short_when_a_pack_fails_and_is_not_overtaken(city: City) -> None:
    station = await city.station(charged=2)
    first, last = await confirm(city, station), await confirm(city, station)
    packs = await Chargers(city, station).packs(BatteryState.CHARGED)

    await report(city, station, "battery_overheat", battery_id=packs[0].id)

    assert [(await entry_of(city, rider)).pack for rider in (first, last)] == ["promised", "short"]
    await city.arrive(last, station)  # there first, and yet the pack is the other's
    assert await city.told("queue:called") == []
    await city.arrive(first, station)
    assert [fact["user_id"] for fact in await city.told("queue:called")] == [first]


async def test_a_call_is_taken_back_with_the_pack_and_made_again(city: City) -> None:
    station = await city.station(charged=1, charging=1)
    rider = await confirm(city, station)
    await city.arrive(rider, station)
    called = await entry_of(city, rider)

    await report(city, station, "battery_overheat", battery_id=called.battery_id)
    waiting = await entry_of(city, rider)
    await city.fired(minutes=11)  # the time of the call would be up
    await Chargers(city, station).read(95)

    again = await entry_of(city, rider)
    assert (waiting.called_at, waiting.battery_id) == (None, None)
    assert again.called_at == city.clock()
    assert again.battery_id not in (None, called.battery_id)


async def test_a_scan_without_a_charged_pack_begins_and_is_told_the_pack_later(
    city: City, station: Station, chargers: Chargers
) -> None:
    await confirm(city, station)
    await chargers.charge()
    rider = await city.rider()
    place = await city.services.queue.confirm(rider, station.id, near=north(station, FAR_M * 2))

    begun = await city.services.qr.verify(place.qr_token.token, station_id=station.id, by="staff_x")
    await chargers.read(91)

    assert begun.assigned_battery is None
    entry = await entry_of(city, rider)
    assert (entry.state, entry.pack) == ("active", "assigned")
    old = await city.pack_of(rider)
    handover = Handover(
        old_battery_id=old.id if old else None,
        new_battery_id=entry.battery_id or "",
        old_battery_health=PackHealth.HEALTHY,
    )
    await city.services.swap.complete(entry.swap_id, handover, by="staff_x")


async def test_an_operator_cannot_take_a_pack_away_that_a_promise_needs(city: City) -> None:
    station = await city.station(charged=2)
    await confirm(city, station)
    packs = await Chargers(city, station).packs(BatteryState.CHARGED)

    async def take_away(pack: Battery) -> None:
        form = BatteryForm(battery_id=pack.id, holder=HolderForm(kind=HolderKind.WORKSHOP))
        await city.services.batteries.save(form, by="admin")

    await take_away(packs[0])
    with pytest.raises(Conflict):
        await take_away(packs[1])
    await city.services.batteries.save(BatteryForm(battery_id=packs[1].id, soh=80), by="admin")


async def test_sixty_riders_race_for_twenty_places_and_for_charging_packs(city: City) -> None:
    station = await city.station(places=20, charged=7, charging=6)
    chargers = Chargers(city, station)
    await chargers.charge()
    riders = [await city.rider() for _ in range(60)]
    far = north(station, FAR_M * 2)

    answers = await asyncio.gather(
        *(
            city.services.queue.confirm(rider, station.id, near=far if number % 2 else None)
            for number, rider in enumerate(riders)
        ),
        return_exceptions=True,
    )

    entries = await city.services.world.records.now.queues.find({"station_id": station.id})
    assert {error.code for error in answers if isinstance(error, HubError)} == {"no_battery"}
    assert len(entries) == 13
    assert {entry.pack for entry in entries} == {"promised"}
    assert sum(entry.needed_by is None for entry in entries) <= 7
    assert await city.held(station) == 13


async def test_the_least_worn_of_the_packs_with_enough_charge_is_handed_out(city: City) -> None:
    station = await city.station(charged=4)
    packs = await Chargers(city, station).packs(BatteryState.CHARGED)
    changes: list[dict[str, Any]] = [
        {"cycles": 9},
        {"cycles": 4, "soc": 80.0},
        {"cycles": 7},
        {"cycles": 8, "soc": 100.0},
    ]
    async with city.services.world.records.transaction() as tx:
        for pack, change in zip(packs, changes, strict=True):
            await tx.batteries.replace(pack.changed(**change))

    place = await city.place(station)
    begun = await city.services.qr.verify(place.qr_token.token, station_id=station.id, by="staff_x")

    assert begun.assigned_battery
    assert begun.assigned_battery.id == packs[2].id
    assert begun.assigned_battery.reasons == ["95 % is enough", "7 cycles, the fewest of 3 packs"]


async def test_what_can_be_promised_leaves_out_all_that_is_kept(city: City, roads: Roads) -> None:
    source, target = await city.station(charged=7, charging=2), await city.station()
    rules = city.services.world.rules.model_copy(update={"safety_stock": 1})
    object.__setattr__(city.services.world, "rules", rules)
    await roads.job(source, target, 2)
    packs = await Chargers(city, source).packs(BatteryState.CHARGED)
    free = next(pack for pack in packs if pack.held_for is None)
    await report(city, source, "battery_overheat", battery_id=free.id)

    await confirm(city, source)

    status = await city.services.stations.status(source.id)
    assert status.charged_batteries == 7 - 1 - 2 - 1 - 1  # safety stock, job, quarantine, promise
    assert status.batteries.held == 1
    for _ in range(2):
        await confirm(city, source)
    with pytest.raises(NoBattery):
        await confirm(city, source)


async def test_charging_packs_of_another_type_are_not_promised(city: City) -> None:
    station = await city.station(charged=0, charging=1)
    await Chargers(city, station).charge()
    heavy = await city.rider(battery_type="heavy")

    with pytest.raises(NoBattery):
        await city.services.queue.confirm(heavy, station.id, near=north(station, FAR_M * 2))
    await confirm(city, station, FAR_M * 2)
