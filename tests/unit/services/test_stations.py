"""What controllers report, and what a station's board makes of it."""

from __future__ import annotations

from services.states import BatteryState
from services.stations import SlotReading
from tests.unit.services.city import City


async def test_the_wait_for_a_charge_is_told_as_the_pack_charges(city: City) -> None:
    station = await city.station(charged=1, charging=1)
    await city.place(station)  # the one that is charged is promised
    where = {"holder.id": station.id, "state": BatteryState.CHARGING}
    [pack] = await city.services.world.records.now.batteries.find(where)
    before = await city.services.stations.status(station.id)

    await city.services.stations.telemetry(station.id, [SlotReading(battery_id=pack.id, soc=pack.soc + 12)])

    after = await city.services.stations.status(station.id)
    told = (await city.told("station:updated"))[-1]["queue"]["estimated_wait_minutes"]
    assert after.queue.estimated_wait_minutes.p50 < before.queue.estimated_wait_minutes.p50
    assert told == after.queue.estimated_wait_minutes.model_dump()
    assert await city.services.stations.live_equals_records()


async def test_a_pack_that_charges_beside_charged_ones_changes_no_board(city: City) -> None:
    station = await city.station(charged=2, charging=1)
    where = {"holder.id": station.id, "state": BatteryState.CHARGING}
    [pack] = await city.services.world.records.now.batteries.find(where)
    before = await city.services.stations.status(station.id)

    await city.services.stations.telemetry(station.id, [SlotReading(battery_id=pack.id, soc=pack.soc + 12)])

    assert await city.services.stations.status(station.id) == before
    assert await city.services.stations.live_equals_records()
