"""Jobs: who may have which packs, who is asked, who wins."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest

from services.again import insist
from services.errors import (
    Conflict,
    HubError,
    JobNotYours,
    JobTaken,
    NoBattery,
    NotActive,
    NotFound,
)
from services.geo import distance_m
from services.job_figures import EndRef
from services.job_models import EndKind
from services.reward import reward
from services.states import JobState
from services.transport import Order
from tests.unit.services.city import City
from tests.unit.services.roads import Roads, north, ref

# -- making a job


async def test_a_new_job_reserves_packs_and_riders_are_not_promised_them(city: City, roads: Roads) -> None:
    source, target = await city.station(charged=3), await city.station(charged=0)

    job = await roads.job(source, target, 2)

    packs = await roads.packs(*job.battery_ids)
    assert {pack.held_for for pack in packs} == {job.job_id}
    assert (await city.services.stations.status(source.id)).charged_batteries == 1
    assert (await city.services.stations.status(source.id)).batteries.held == 0
    await city.place(source)
    with pytest.raises(NoBattery):
        await city.place(source)


async def test_promises_safety_stock_and_other_jobs_are_respected(city: City, roads: Roads) -> None:
    source, target = await city.station(charged=5, charging=3), await city.station(charged=0)
    object.__setattr__(
        city.services.world, "rules", city.services.world.rules.model_copy(update={"safety_stock": 1})
    )
    await city.place(source)
    await roads.job(source, target, 1)

    with pytest.raises(NoBattery) as refused:
        await roads.job(source, target, 3)

    assert refused.value.details == {"wanted": 3, "can_be_spared": 2}
    assert len((await roads.job(source, target, 2)).battery_ids) == 2


async def test_jobs_at_once_share_no_pack(city: City, roads: Roads) -> None:
    source, target = await city.station(charged=5), await city.station(charged=0)

    made = await asyncio.gather(
        *(insist(lambda: roads.job(source, target, 2)) for _ in range(6)), return_exceptions=True
    )

    jobs = [one for one in made if not isinstance(one, BaseException)]
    assert len(jobs) == 2
    assert all(isinstance(one, NoBattery) for one in made if isinstance(one, BaseException))
    assert max(Counter(id for job in jobs for id in job.battery_ids).values()) == 1


async def test_a_target_must_have_room_for_what_is_on_its_way_too(city: City, roads: Roads) -> None:
    source, shop = await city.station(charged=6), await roads.partner(capacity=3)
    await roads.job(source, shop, 2)

    with pytest.raises(Conflict):
        await roads.job(source, shop, 2)

    assert (await roads.job(source, shop, 1)).battery_count == 1


async def test_only_packs_of_the_wanted_type_go(city: City, roads: Roads) -> None:
    source, target = await city.station(charged=3), await city.station(charged=0)

    with pytest.raises(NoBattery):
        await roads.job(source, target, 1, battery_type="large")


async def test_an_end_must_exist(city: City, roads: Roads) -> None:
    source = await city.station()
    nowhere = EndRef(kind=EndKind.PARTNER, id=source.id)

    with pytest.raises(NotFound):
        await city.services.transport.create(
            Order(source=ref(source), target=nowhere, battery_count=1), by="admin"
        )


@pytest.mark.parametrize(
    ("metres", "packs", "credits"),
    [(0, 1, 120), (200, 1, 121), (199, 1, 120), (1000, 2, 143), (1_400, 0, 104), (10_000, 3, 185)],
)
def test_the_reward_is_rounded_half_up(metres: float, packs: int, credits: int) -> None:
    assert reward(100, metres, packs) == credits


async def test_a_job_says_its_straight_line_and_its_credits(city: City, roads: Roads) -> None:
    source, target = await city.station(), await city.station()

    job = await roads.job(source, target, 3)

    away_m = distance_m(source.location, target.location)
    assert job.distance_m == round(away_m)
    assert job.credits == int(100 + 2.5 * away_m / 1000 + 60 + 0.5)


# -- offers in waves


async def test_offers_reach_the_nearest_three_then_ten_then_all(city: City, roads: Roads) -> None:
    source, target = await city.station(), await city.station(charged=0)
    near = [await roads.transporter(north(source.location, 100 * number)) for number in range(12)]
    unknown = await roads.transporter()

    job = await roads.job(source, target)
    for _ in range(4):
        await city.fired(minutes=0.75)

    rooms = [event["rooms"] for event in await city.told("job:offered")]
    assert rooms == [
        (*(f"user:{id}" for id in near[:3]), "admin"),
        (*(f"user:{id}" for id in near[3:10]), "admin"),
        ("transporters", "admin"),
    ]
    for user_id in (*near, unknown):
        listed = await city.services.jobs.available(user_id, max_distance_km=None, limit=50, cursor=None)
        assert [offer.job_id for offer in listed.items] == [job.job_id]


async def test_without_a_known_transporter_all_are_asked_at_once(city: City, roads: Roads) -> None:
    source, target = await city.station(), await city.station(charged=0)
    old = await roads.transporter(source.location)
    city.clock.forward(minutes=20)

    await roads.job(source, target)

    (offered,) = await city.told("job:offered")
    assert offered["rooms"] == ("transporters", "admin")
    assert old not in str(offered)


async def test_when_all_of_a_wave_decline_the_next_goes_out_at_once(city: City, roads: Roads) -> None:
    source, target = await city.station(), await city.station(charged=0)
    near = [await roads.transporter(north(source.location, 100 * number)) for number in range(4)]
    job = await roads.job(source, target)

    for user_id in near[:3]:
        await city.services.transport.decline(job.job_id, None, by=user_id)
        await city.services.transport.decline(job.job_id, "again", by=user_id)

    offered = await city.told("job:offered")
    assert [event["wave"] for event in offered] == [1, 2]
    assert offered[1]["rooms"] == (f"user:{near[3]}", "admin")
    assert len(await city.told("job:declined")) == 3


async def test_nobody_is_asked_once_it_is_taken(city: City, roads: Roads) -> None:
    source, target = await city.station(), await city.station(charged=0)
    near = await roads.transporter(source.location)
    await roads.accepted(await roads.job(source, target), near)

    await city.fired(minutes=5)

    assert len(await city.told("job:offered")) == 1
    assert len(await city.told("job:taken")) == 1


async def test_an_offer_that_nobody_takes_expires_and_frees_its_packs(city: City, roads: Roads) -> None:
    source, target = await city.station(), await city.station(charged=0)
    job = await roads.job(source, target)

    await city.fired(minutes=60)

    assert (await city.services.jobs.get(job.job_id)).state is JobState.EXPIRED
    assert {pack.held_for for pack in await roads.packs(*job.battery_ids)} == {None}
    assert (await city.services.stations.status(source.id)).charged_batteries == 12
    with pytest.raises(NotActive):
        await roads.accepted(job)
    assert await roads.now.timers.count({"subject": job.job_id}) == 0


# -- one winner


async def test_of_many_who_accept_one_wins(city: City, roads: Roads) -> None:
    job = await roads.job(await city.station(), await city.station(charged=0))
    people = [await roads.transporter() for _ in range(12)]

    async def accept(user_id: str) -> Any:
        return await insist(lambda: city.services.transport.accept(job.job_id, by=user_id))

    answers = await asyncio.gather(*map(accept, people), return_exceptions=True)

    winners = [user_id for user_id, one in zip(people, answers, strict=True) if not isinstance(one, HubError)]
    assert len(winners) == 1
    assert [type(one) for one in answers].count(JobTaken) == 11
    assert (await city.services.jobs.get(job.job_id)).assignee_id == winners[0]
    assert len(await city.told("job:accepted")) == 1


async def test_the_winner_may_ask_again_and_others_never(city: City, roads: Roads) -> None:
    job, winner = await roads.accepted(await roads.job(await city.station(), await city.station(charged=0)))

    assert (await city.services.transport.accept(job.job_id, by=winner)) == job
    with pytest.raises(JobTaken):
        await city.services.transport.accept(job.job_id, by="late")
    with pytest.raises(JobTaken):
        await city.services.transport.decline(job.job_id, None, by="late")


async def test_an_accept_after_the_offers_end_is_late_though_no_timer_has_fired(
    city: City, roads: Roads
) -> None:
    job = await roads.job(await city.station(), await city.station(charged=0))
    city.clock.forward(minutes=61)

    with pytest.raises(NotActive):
        await roads.accepted(job)
    assert not (await city.services.jobs.available("t", max_distance_km=None, limit=5, cursor=None)).items


# -- given back, or taken back


async def test_a_released_job_is_offered_again_and_not_pushed_to_who_gave_it_back(
    city: City, roads: Roads
) -> None:
    source, target = await city.station(), await city.station(charged=0)
    first, second = await roads.transporter(source.location), await roads.transporter(source.location)
    job, _ = await roads.accepted(await roads.job(source, target), first)

    freed = await city.services.transport.release(job.job_id, "a flat tyre", by=first)

    assert (freed.state, freed.assignee_id, freed.battery_ids) == (JobState.PENDING, None, job.battery_ids)
    assert (await city.told("job:offered"))[-1]["rooms"] == (f"user:{second}", "admin")
    (released,) = await city.told("job:released")
    assert (released["released_by"], released["reason"]) == (first, "a flat tyre")
    assert f"user:{first}" in released["rooms"]
    with pytest.raises(JobNotYours):
        await city.services.transport.release(job.job_id, None, by=first)
    await roads.accepted(freed, second)


async def test_who_does_not_move_for_a_quarter_of_an_hour_loses_the_job(city: City, roads: Roads) -> None:
    source, target = await city.station(), await city.station(charged=0)
    here = north(source.location, 5000)
    parked = await roads.transporter(here)
    job, _ = await roads.accepted(await roads.job(source, target), parked)

    for minute in range(1, 16):
        await city.fired(minutes=1)
        if minute < 15:
            await roads.seen(parked, north(here, minute % 3 * 20))  # a phone on a table
            assert (await city.services.jobs.get(job.job_id)).assignee_id == parked

    assert (await city.services.jobs.get(job.job_id)).state is JobState.PENDING
    assert (await city.told("job:released"))[0]["reason"] == "no movement for 15 minutes"


async def test_who_moves_keeps_the_job_until_they_stop(city: City, roads: Roads) -> None:
    source, target = await city.station(), await city.station(charged=0)
    driver = await roads.transporter(north(source.location, 30_000))
    job, _ = await roads.accepted(await roads.job(source, target), driver)

    for minute in range(1, 31):
        await city.fired(minutes=1)
        await roads.seen(driver, north(source.location, 30_000 - 500 * minute))
    assert (await city.services.jobs.get(job.job_id)).assignee_id == driver

    await city.fired(minutes=14.9)
    assert (await city.services.jobs.get(job.job_id)).assignee_id == driver
    await city.fired(minutes=0.2)
    assert (await city.services.jobs.get(job.job_id)).state is JobState.PENDING


async def test_rare_fixes_far_from_each_other_are_movement(city: City, roads: Roads) -> None:
    source, target = await city.station(), await city.station(charged=0)
    driver = await roads.transporter(north(source.location, 30_000))
    job, _ = await roads.accepted(await roads.job(source, target), driver)
    city.clock.forward(minutes=14)
    await roads.seen(driver, north(source.location, 20_000))

    await city.fired(minutes=10)

    assert (await city.services.jobs.get(job.job_id)).assignee_id == driver
