"""Administrators' reads on MongoDB: the same figures, and the same past, as the rules make anywhere."""

from __future__ import annotations

import random

from hub.stores.mongo import MongoStore
from services.models import HolderKind
from services.past import shown
from services.rules import Rules
from tests.property.test_replay import OPERATIONS, History
from tests.unit.services.cities import services_on
from tests.unit.services.city import City, HandClock
from tests.unit.services.test_traffic import CELL, window_of


async def test_the_state_from_the_log_is_the_state_that_was_recorded(mongo_uri: str) -> None:
    chosen, clock = random.Random(67), HandClock()
    async with MongoStore.open(mongo_uri, clock=clock) as store:
        services = services_on(store.records, store.log, clock, rules=Rules(gps_max_speed_mps=0))
        made = History(City(services, clock, store.log))
        await made.fill()
        for _ in range(2):
            for _ in range(20):
                await made.step(chosen.choice(OPERATIONS), chosen.randint(0, 8))
            await made.step("record", 0)

        assert len(made.recorded) > 1
        for at, things in made.recorded:
            assert await made.told(at, limit=3) == shown(things, things)


async def test_figures_traffic_and_stations(mongo_uri: str) -> None:
    clock = HandClock()
    async with MongoStore.open(mongo_uri, clock=clock) as store:
        city = City(services_on(store.records, store.log, clock), clock, store.log)
        station = await city.station(charged=3)
        await city.place(station)

        live = (await city.services.admin.live.now()).figures
        logistics = await city.services.admin.logistics.now()
        [overview] = (await city.services.admin.overview.page(limit=9, cursor=None)).items
        [cell] = (await window_of(city, 8.0)).items

    assert (live.riders_waiting, live.packs_in_slots, live.packs_promised) == (1, 3, 1)
    assert live.events_per_s > 0
    assert {held.holder: held.packs for held in logistics.holders if held.packs} == {
        HolderKind.SLOT: 3,
        HolderKind.RIDER: 1,
    }
    assert (overview.id, overview.queue.length, overview.slots_free) == (station.id, 1, 6)
    assert (cell.cell, cell.vehicles) == (CELL, 1)
