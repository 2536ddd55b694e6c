"""Jobs on the road: what is scanned at both ends, who is paid, what differs."""

from __future__ import annotations

from collections import Counter

import pytest

from services.errors import (
    JobNotYours,
    NotActive,
    NotFound,
    OutsideGeofence,
    WrongBattery,
)
from services.models import HolderKind
from services.positions import Ping
from services.states import BatteryState, JobState
from tests.unit.services.city import City
from tests.unit.services.roads import Roads, north

# -- on the road


async def test_packs_go_from_slot_to_van_to_slot_and_each_is_paid(city: City, roads: Roads) -> None:
    source, target = await city.station(charged=4), await city.station(charged=2)
    job, driver = await roads.accepted(await roads.job(source, target, 3))

    gone = await roads.pickup(job, driver)

    assert gone.state is JobState.IN_TRANSIT
    for pack in await roads.packs(*gone.loaded_ids):
        assert (pack.holder.kind, pack.holder.id) == (HolderKind.VAN, driver)
        assert pack.state is BatteryState.IN_TRANSIT
    assert (await city.services.stations.status(source.id)).batteries.total == 1

    done = await roads.deliver(gone, driver)

    assert (done.state, done.credits_earned, done.differences) == (JobState.DELIVERED, job.credits, ())
    arrived = await roads.packs(*done.delivered_ids)
    assert {pack.holder.id for pack in arrived} == {target.id}
    assert len({pack.holder.slot for pack in arrived}) == 3
    assert {(pack.state, pack.held_for) for pack in arrived} == {(BatteryState.CHARGED, None)}
    assert (await city.services.stations.status(target.id)).charged_batteries == 5
    chain = await roads.now.custody.find({"battery_id": arrived[0].id}, order=("number",))
    assert [(link.taker.kind, link.actor, link.proof) for link in chain] == [
        (HolderKind.VAN, driver, f"job:{job.job_id}"),
        (HolderKind.SLOT, driver, f"job:{job.job_id}"),
    ]


async def test_credits_are_promised_at_pickup_and_posted_once(city: City, roads: Roads) -> None:
    job, driver = await roads.accepted(await roads.job(await city.station(), await city.station(charged=0)))
    gone = await roads.pickup(job, driver)
    assert await city.services.credits.balance(roads.now, driver) == 0
    assert {line.state for line in await roads.now.credits.find({})} == {"pending"}

    await roads.deliver(gone, driver)
    with pytest.raises(NotActive):
        await roads.deliver(gone, driver)

    assert await city.services.credits.balance(roads.now, driver) == job.credits
    assert await city.services.credits.balance(roads.now, "network") == -job.credits
    (paid,) = await city.told("credits:awarded")
    assert (paid["job_id"], paid["balance"], paid["rooms"]) == (
        job.job_id,
        job.credits,
        (f"user:{driver}", "admin"),
    )


async def test_partners_keep_packs_and_give_them_back(city: City, roads: Roads) -> None:
    station, shop = await city.station(charged=3), await roads.partner()
    job, driver = await roads.accepted(await roads.job(station, shop, 2))
    done = await roads.deliver(await roads.pickup(job, driver), driver)
    assert {pack.holder.id for pack in await roads.packs(*done.delivered_ids)} == {shop.id}

    back, _ = await roads.accepted(await roads.job(shop, station, 2), driver)
    home = await roads.deliver(await roads.pickup(back, driver), driver)

    assert sorted(home.delivered_ids) == sorted(done.delivered_ids)
    assert (await city.services.stations.status(station.id)).charged_batteries == 3
    carried = [event for event in await city.told() if event["type"] == "battery.moved" and "job_id" in event]
    assert Counter(event["holder"]["kind"] for event in carried)["partner"] >= 2


async def test_pickup_with_other_packs_is_noted_and_the_rest_stays_free(city: City, roads: Roads) -> None:
    source, target = await city.station(charged=6), await city.station(charged=0)
    other = await city.station(charged=1)
    (foreign,) = await roads.now.batteries.find({"holder.id": other.id})
    job, driver = await roads.accepted(await roads.job(source, target, 3))
    first, second, third = job.battery_ids

    gone = await roads.pickup(job, driver, [first, foreign.id, "unknown", first])

    (noted,) = gone.differences
    assert (noted.at_end, noted.missing, noted.surplus) == (
        "from",
        (second, third),
        (foreign.id, "unknown"),
    )
    assert gone.loaded_ids == (first,)
    assert [pack.held_for for pack in await roads.packs(second, third, foreign.id)] == [None] * 3
    assert (await roads.packs(foreign.id))[0].holder == foreign.holder
    (told,) = await city.told("job:differs")
    assert told["surplus"] == [foreign.id, "unknown"]
    assert f"station:{source.id}:staff" in told["rooms"]
    done = await roads.deliver(gone, driver)
    assert done.credits_earned == job.credits - 40


async def test_a_pack_that_does_not_arrive_stays_the_vans_and_is_not_paid(city: City, roads: Roads) -> None:
    job, driver = await roads.accepted(
        await roads.job(await city.station(), await city.station(charged=0), 3)
    )
    gone = await roads.pickup(job, driver)
    lost, *rest = gone.loaded_ids

    done = await roads.deliver(gone, driver, rest)

    (noted,) = done.differences
    assert (noted.at_end, noted.missing, noted.surplus) == ("to", (lost,), ())
    (pack,) = await roads.packs(lost)
    assert (pack.holder.kind, pack.holder.id, pack.held_for) == (HolderKind.VAN, driver, None)
    assert done.credits_earned == job.credits - 20
    assert await roads.now.credits.sum("amount", {}) == 0


@pytest.mark.parametrize("step", ["pickup", "deliver"])
async def test_with_none_of_its_packs_nothing_happens(city: City, roads: Roads, step: str) -> None:
    job, driver = await roads.accepted(await roads.job(await city.station(), await city.station(charged=0)))
    if step == "deliver":
        job = await roads.pickup(job, driver)
    before = await city.services.jobs.get(job.job_id)

    with pytest.raises(WrongBattery):
        await (roads.pickup if step == "pickup" else roads.deliver)(job, driver, ["unknown"])

    assert await city.services.jobs.get(job.job_id) == before


async def test_a_pack_in_quarantine_is_not_loaded_and_one_on_the_road_stays_in_it(
    city: City, roads: Roads
) -> None:
    source, target = await city.station(charged=3), await city.station(charged=0)
    job, driver = await roads.accepted(await roads.job(source, target, 3))
    bad, faint, good = job.battery_ids
    await _quarantine(roads, bad)
    gone = await roads.pickup(job, driver)
    assert (gone.loaded_ids, gone.differences[0].missing) == ((faint, good), (bad,))

    await _quarantine(roads, faint)
    await roads.deliver(gone, driver)

    states = [pack.state for pack in await roads.packs(bad, faint, good)]
    assert states == [BatteryState.QUARANTINED, BatteryState.QUARANTINED, BatteryState.CHARGED]
    assert (await city.services.stations.status(target.id)).charged_batteries == 1


async def _quarantine(roads: Roads, id: str) -> None:
    async with roads.city.services.world.records.transaction() as tx:
        pack = await tx.batteries.get(id)
        assert pack
        await tx.batteries.replace(pack.changed(state=BatteryState.QUARANTINED))


async def test_the_place_is_asked_of_the_newest_fix(city: City, roads: Roads) -> None:
    source, target = await city.station(), await city.station(charged=0)
    job, driver = await roads.accepted(await roads.job(source, target))
    scan = list(job.battery_ids)

    async def refused() -> bool:
        try:
            await city.services.carriage.pickup(job.job_id, scan, by=driver)
        except OutsideGeofence:
            return True
        return False

    assert await refused()  # nobody knows where they are
    await roads.seen(driver, north(source.location, 499))  # the error circle is not inside
    assert await refused()
    city.clock.forward(minutes=5)
    await roads.seen(driver, north(source.location, 400))
    city.clock.forward(seconds=121)
    assert await refused()  # they were there
    await roads.seen(driver, north(source.location, 400))
    assert not await refused()


async def test_a_step_is_for_the_assignee_in_its_state(city: City, roads: Roads) -> None:
    job, driver = await roads.accepted(await roads.job(await city.station(), await city.station(charged=0)))
    other = await roads.transporter()
    scan = list(job.battery_ids)
    carriage = city.services.carriage

    with pytest.raises(JobNotYours):
        await carriage.pickup(job.job_id, scan, by=other)
    with pytest.raises(NotActive):
        await carriage.deliver(job.job_id, scan, by=driver)
    with pytest.raises(NotFound):
        await carriage.pickup("nothing", scan, by=driver)
    gone = await roads.pickup(job, driver)
    for late in (
        carriage.pickup(job.job_id, scan, by=driver),
        city.services.transport.release(job.job_id, None, by=driver),
    ):
        with pytest.raises(NotActive):
            await late
    with pytest.raises(JobNotYours):
        await carriage.deliver(gone.job_id, scan, by=other)


# -- the end without a delivery


@pytest.mark.parametrize("stage", ["pending", "assigned", "in_transit"])
async def test_cancelling_frees_what_was_held_and_pays_nothing(city: City, roads: Roads, stage: str) -> None:
    source, target = await city.station(), await city.station(charged=0)
    job, driver = await roads.job(source, target), await roads.transporter()
    if stage != "pending":
        await roads.accepted(job, driver)
    if stage == "in_transit":
        await roads.pickup(job, driver)

    ended = await city.services.transport.cancel(job.job_id, "no need")

    assert (ended.state, ended.end_reason) == (JobState.CANCELLED, "no need")
    packs = await roads.packs(*job.battery_ids)
    assert {pack.held_for for pack in packs} == {None}
    where = HolderKind.VAN if stage == "in_transit" else HolderKind.SLOT
    assert {pack.holder.kind for pack in packs} == {where}
    assert bool(ended.differences) == (stage == "in_transit")
    assert await city.services.credits.balance(roads.now, driver) == 0
    assert {line.state for line in await roads.now.credits.find({})} <= {"voided"}
    assert await roads.now.timers.count({"subject": job.job_id}) == 0
    with pytest.raises(NotActive):
        await city.services.transport.cancel(job.job_id, None)


# -- lists


async def test_offers_are_listed_by_priority_then_by_distance_in_parts(city: City, roads: Roads) -> None:
    near, far = await city.station(), await city.station()
    target = await city.station(charged=0)
    driver = await roads.transporter(near.location)
    low = [await roads.job(place, target, 1) for place in (far, near)]
    high = await roads.job(far, target, 1, priority=5)
    expected = [high.job_id, low[1].job_id, low[0].job_id]

    listed, cursor = [], None
    while True:
        part = await city.services.jobs.available(driver, max_distance_km=None, limit=1, cursor=cursor)
        listed += [offer.job_id for offer in part.items]
        cursor = part.next_cursor
        if cursor is None:
            break

    assert listed == expected
    close = await city.services.jobs.available(driver, max_distance_km=1, limit=5, cursor=None)
    assert [offer.job_id for offer in close.items] == [low[1].job_id]
    assert close.items[0].pickup_distance_m == 0


async def test_history_has_totals_of_what_was_delivered(city: City, roads: Roads) -> None:
    source, target = await city.station(), await city.station(charged=0)
    driver, done = await roads.transporter(), []
    for packs in (1, 2):
        job, _ = await roads.accepted(await roads.job(source, target, packs), driver)
        done.append(await roads.deliver(await roads.pickup(job, driver), driver))
    open_one, _ = await roads.accepted(await roads.job(source, target, 1), driver)

    first = await city.services.jobs.history(driver, limit=2, cursor=None)
    rest = await city.services.jobs.history(driver, limit=2, cursor=first.next_cursor)

    ids = [job.job_id for job in (*first.items, *rest.items)]
    assert ids == [open_one.job_id, done[1].job_id, done[0].job_id]
    assert first.totals.model_dump() == {
        "jobs": 2,
        "batteries": 3,
        "distance_m": sum(job.distance_m for job in done),
        "credits": sum(job.credits_earned for job in done),
    }


async def test_a_difference_is_an_incident_with_a_ticket_at_the_station(city: City, roads: Roads) -> None:
    source, shop = await city.station(), await roads.partner()
    job, driver = await roads.accepted(await roads.job(source, shop, 2))
    gone = await roads.pickup(job, driver)

    await roads.deliver(gone, driver, [gone.loaded_ids[0]])

    (incident,) = await roads.now.incidents.find({})
    assert (incident.station_id, incident.kind) == (source.id, "battery_count")  # the shop has no staff
    assert gone.loaded_ids[1] in (incident.description or "")
    assert incident.ticket_id is not None
    assert (await city.services.stations.status(source.id)).open_tickets == 1
    assert await city.services.stations.live_equals_records()


async def test_a_position_that_is_not_trusted_is_no_presence_and_the_way_out_is_one_that_is(
    city: City, roads: Roads
) -> None:
    job, driver = await roads.accepted(await roads.job(await city.station(), await city.station(charged=0)))
    gone = await roads.pickup(job, driver)
    city.clock.forward(hours=1)
    there = Ping(lat=gone.target.location.lat, lng=gone.target.location.lng, accuracy=5)
    await city.services.positions.take(driver, [there.model_copy(update={"mock": True})])

    with pytest.raises(OutsideGeofence) as refused:
        await city.services.carriage.deliver(gone.job_id, list(gone.loaded_ids), by=driver)

    assert refused.value.details["reason"] == "the position is not trusted: mock"
    assert await city.services.credits.balance(roads.now, driver) == 0
    assert (await roads.deliver(gone, driver)).credits_earned == job.credits
