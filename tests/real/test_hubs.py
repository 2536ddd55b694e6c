"""Two whole hubs on one MongoDB and one Redis: one network, whoever serves whom."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import socketio

from tests.real.mongo_fixtures import mongo_databases, mongo_uri
from tests.real.redis_fixtures import redis_databases, redis_url
from tests.support.hub import RunningHub, running
from tests.support.people import Person
from tests.support.transport import Haulage

__all__ = ["mongo_databases", "mongo_uri", "redis_databases", "redis_url"]
SECRET = "only for this test, and for nothing else at all"


@pytest.fixture
async def hubs(mongo_uri: str, redis_url: str, tmp_path: Path) -> AsyncIterator[list[RunningHub]]:
    shared = {"mongodb_uri": mongo_uri, "redis_host": redis_url, "jwt_secret": SECRET, "qr_secret": SECRET}
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(running(tmp_path / name, **shared)) for name in "ab"]


def at(hub: RunningHub, person: Person) -> Person:
    """The same person, who calls another hub."""
    return Person(hub, person.id, person.token)


async def test_rider_of_one_hub_is_served_by_staff_of_the_other(hubs: list[RunningHub]) -> None:
    here, there = hubs
    station = await here.station()
    rider, staff = await here.rider().ready(), at(there, await here.staff(station).ready())
    await staff.call("room:join", room=f"station:{station.id}:staff")
    await rider.connect()

    entry = (await rider.confirm(station)).data
    heard = await staff.until("queue:confirmed")
    token = entry["qr_token"]
    assert (await staff.verify(token)).ok
    scanned = await rider.until("qr:scanned")

    assert heard["entry_id"] == scanned["entry_id"] == entry["entry_id"]
    assert not (await at(here, staff).verify(token)).ok


async def test_places_are_sold_once_whichever_hubs_sell_them(hubs: list[RunningHub]) -> None:
    here, _ = hubs
    station = await here.station(places=8, charged=8)
    riders = [at(hubs[number % 2], await here.rider().ready()) for number in range(24)]
    for rider in riders:
        await rider.connect()

    answers = await asyncio.gather(*(rider.confirm(station) for rider in riders))

    assert sum(answer.ok for answer in answers) == 8
    assert await here.held_batteries(station) == 8


async def test_members_of_a_room_hear_the_same_in_the_same_order(hubs: list[RunningHub]) -> None:
    here, there = hubs
    station = await here.station(charged=10)
    watchers = [at(hub, hub.admin()) for hub in (here, there)]
    for watcher in watchers:
        await watcher.call("room:join", room=f"station:{station.id}")
    riders = [at(hubs[number % 2], await here.rider().ready()) for number in range(10)]

    await asyncio.gather(*(rider.confirm(station) for rider in riders))
    for watcher in watchers:
        await watcher.until("queue:changed", 10)

    ids = [[event["id"] for event in watcher.of("queue:changed")] for watcher in watchers]
    assert ids[0] == ids[1]
    assert len(set(ids[0])) == len(ids[0])


async def test_a_command_sent_again_to_another_hub_is_not_done_again(hubs: list[RunningHub]) -> None:
    here, there = hubs
    station = await here.station()
    rider = await here.rider().ready()
    first = await rider.confirm(station, request_id="one")
    again = await at(there, rider).confirm(station, request_id="one")
    assert first.ok
    assert again.data == first.data


async def test_admins_see_the_sums_of_all_hubs(hubs: list[RunningHub]) -> None:
    here, there = hubs
    admin = at(there, there.admin())
    riders = [await here.rider().connect() for _ in range(3)]
    await admin.call("room:join", room="admin")
    async with asyncio.timeout(10):
        while (await admin.until("stats:tick", len(admin.of("stats:tick")) + 1))["connections"] < 4:
            pass
    assert len(riders) == 3


async def test_what_another_process_emits_arrives(hubs: list[RunningHub], redis_url: str) -> None:
    rider = await hubs[1].rider().connect()
    emitter = socketio.AsyncRedisManager(redis_url, write_only=True)
    async with asyncio.timeout(10):
        while not rider.of("maintenance:announced"):
            await emitter.emit("maintenance:announced", {"id": "x"}, room=f"user:{rider.id}")
            await asyncio.sleep(0.05)
    assert rider.of("maintenance:announced")[0] == {"id": "x"}
    await emitter.redis.aclose()


async def test_sockets_of_staff_follow_their_duty_on_every_hub(hubs: list[RunningHub]) -> None:
    here, there = hubs
    station, other = await here.station(), await here.station()
    people = [await here.staff(station).ready() for _ in range(2)]
    old, new = (f"station:{one.id}:staff" for one in (station, other))
    phones = [await at(hub, people[0]).connect() for hub in (here, there)]
    for phone in phones:
        assert (await phone.call("room:join", room=old)).ok
    order = {"from_station_id": station.id, "to_station_id": other.id, "staff_ids": [people[0].id]}
    asked = await at(there, there.admin()).call("staff:divert", {**order, "reason": "a long queue"})
    answer = {"diversion_id": asked.data["diversion_id"], "accept": True}

    assert (await phones[1].call("staff:respond", answer)).ok

    for phone in phones:
        moved = await phone.until("room:changed")
        assert (moved["joined"], moved["left"]) == ([new], [old])
    riders = [await here.rider().connect() for _ in range(2)]
    await riders[0].confirm(station)
    await riders[1].confirm(other)
    for phone in phones:
        assert (await phone.until("queue:confirmed"))["station_id"] == other.id


async def test_who_gives_a_job_back_on_one_hub_hears_it_no_longer_on_the_other(
    hubs: list[RunningHub],
) -> None:
    here, there = hubs
    haulage = Haulage(here)
    job, driver = await haulage.accepted(await here.station(), await here.station(charged=0))
    phone, watcher, room = at(there, driver), at(there, there.admin()), f"job:{job['job_id']}"
    for person in (phone, watcher):
        assert (await person.call("room:join", room=room)).ok

    assert (await driver.call("job:release", job_id=job["job_id"])).ok

    assert (await phone.until("room:changed"))["left"] == [room]
    second, count = here.transporter(), 1
    assert (await second.call("job:accept", job_id=job["job_id"])).ok
    while (await watcher.until("job:accepted", count))["assignee_id"] != second.id:
        count += 1  # the first acceptance was under way when they came
    await phone.call("room:join", room=f"user:{driver.id}")  # whatever came before this answer is heard
    assert {one["assignee_id"] for one in phone.of("job:accepted")} <= {driver.id}
    assert (await phone.call("room:join", room=room)).code == "forbidden"


async def test_acceptances_that_race_on_two_hubs_leave_the_minimum(hubs: list[RunningHub]) -> None:
    here, _ = hubs
    station, other = await here.station(), await here.station()
    people = [at(hubs[number % 2], await here.staff(station).ready()) for number in range(6)]
    admin, offers = here.admin(), []
    for person in people:
        order = {"from_station_id": station.id, "to_station_id": other.id, "staff_ids": [person.id]}
        asked = await admin.call("staff:divert", {**order, "reason": "a long queue"})
        offers.append(asked.data["diversion_id"])

    answers = await asyncio.gather(
        *(
            person.call("staff:respond", diversion_id=offer, accept=True)
            for person, offer in zip(people, offers, strict=True)
        )
    )

    assert sorted(answer.code for answer in answers) == ["not_enough_staff", *["ok"] * 5]
    status = await admin.call("station:status", station_id=station.id)
    assert status.data["staff_on_duty"] == 1
