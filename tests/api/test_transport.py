"""Jobs through both doors: the whole way, and what each room hears of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.hub import RunningHub, running
from tests.support.people import Door
from tests.support.transport import BOTH, FAR, Haulage, fields

JOB = {
    "job_id",
    "state",
    "from",
    "to",
    "battery_ids",
    "battery_count",
    "distance_m",
    "credits",
    "priority",
    "assignee_id",
    "expires_at",
}


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[RunningHub]:
    """Vans may go anywhere at once."""
    async with running(tmp_path / "data", gps_max_speed_mps=0) as hub:
        yield hub


@pytest.fixture
def haulage(hub: RunningHub) -> Haulage:
    return Haulage(hub)


@pytest.mark.parametrize("door", BOTH)
async def test_a_job_goes_its_whole_way(hub: RunningHub, haulage: Haulage, door: Door) -> None:
    source, target = await hub.station(), await hub.station(charged=0)
    driver = hub.transporter()

    job = (await haulage.admin.ask(door, "job:create", haulage.order(source, target, 3, priority=4))).data
    assert set(job) >= JOB
    assert fields(job, "state", "battery_count", "priority", "assignee_id") == {
        "state": "pending",
        "battery_count": 3,
        "priority": 4,
        "assignee_id": None,
    }
    assert fields(job["from"], "kind", "id") == {"kind": "station", "id": source.id}
    (offer,) = (await driver.ask(door, "job:available")).data["items"]
    assert fields(offer, "job_id", "battery_count", "credits") == fields(
        job, "job_id", "battery_count", "credits"
    )

    accepted = (await driver.ask(door, "job:accept", {"job_id": job["job_id"]})).data
    assert fields(accepted, "state", "assignee_id") == {"state": "assigned", "assignee_id": driver.id}
    scan = {"job_id": job["job_id"], "battery_ids": job["battery_ids"]}
    await haulage.at(driver, source, FAR)
    assert (await driver.ask(door, "job:pickup", scan)).code == "outside_geofence"
    await haulage.at(driver, source)
    assert (await driver.ask(door, "job:pickup", scan)).data["state"] == "in_transit"
    assert (await driver.ask(door, "job:complete", scan)).code == "outside_geofence"
    await haulage.at(driver, target)
    done = (await driver.ask(door, "job:complete", scan)).data

    assert fields(done, "state", "credits_earned") == {"state": "delivered", "credits_earned": job["credits"]}
    history = (await driver.ask(door, "job:history", {"transporter_id": driver.id})).data
    assert [item["job_id"] for item in history["items"]] == [job["job_id"]]
    assert history["totals"] == {
        "jobs": 1,
        "batteries": 3,
        "distance_m": job["distance_m"],
        "credits": job["credits"],
    }
    seen = await haulage.admin.ask(door, "job:history", {"transporter_id": driver.id})
    assert seen.data == history
    status = (await driver.call("station:status", station_id=target.id)).data
    assert status["batteries"]["charged"] == 3


async def test_one_of_many_wins_and_the_others_hear_of_it(hub: RunningHub, haulage: Haulage) -> None:
    job = await haulage.job(await hub.station(), await hub.station(charged=0))
    people = [await hub.transporter().connect() for _ in range(8)]

    answers = await asyncio.gather(*(one.call("job:accept", job_id=job["job_id"]) for one in people))

    assert sorted(answer.code for answer in answers) == ["job_taken"] * 7 + ["ok"]
    for one in people:
        assert (await one.until("job:taken"))["job_id"] == job["job_id"]


async def test_the_same_request_id_gives_the_first_answer(hub: RunningHub, haulage: Haulage) -> None:
    source, target = await hub.station(charged=4), await hub.station(charged=0)
    order = haulage.order(source, target, 3, request_id="once")

    first, again = (
        await haulage.admin.call("job:create", order),
        await haulage.admin.call("job:create", order),
    )

    assert (first.data, again.replayed) == (again.data, True)
    job, driver = first.data, hub.transporter()
    await driver.call("job:accept", job_id=job["job_id"])
    await haulage.at(driver, source)
    scan = {"job_id": job["job_id"], "battery_ids": job["battery_ids"]}
    assert (await driver.call("job:pickup", scan)).ok
    await haulage.at(driver, target)
    answers = await asyncio.gather(*(driver.call("job:complete", scan, request_id="end") for _ in range(5)))
    assert {answer.data["credits_earned"] for answer in answers} == {job["credits"]}
    assert sum(answer.replayed for answer in answers) == 4
    assert await hub.hub.services.credits.balance(hub.records.now, driver.id) == job["credits"]


async def test_completing_at_the_same_time_pays_once(hub: RunningHub, haulage: Haulage) -> None:
    source, target = await hub.station(), await hub.station(charged=0)
    job, driver = await haulage.aboard(source, target)
    await haulage.at(driver, target)
    scan = {"job_id": job["job_id"], "battery_ids": job["battery_ids"]}

    answers = await asyncio.gather(*(driver.call("job:complete", scan) for _ in range(5)))

    assert sorted(answer.code for answer in answers) == ["not_active"] * 4 + ["ok"]
    assert await hub.hub.services.credits.balance(hub.records.now, driver.id) == job["credits"]


async def test_offers_come_to_the_nearest_by_themselves(hub: RunningHub, haulage: Haulage) -> None:
    source, target = await hub.station(), await hub.station(charged=0)
    near = [await hub.transporter().connect() for _ in range(3)]
    for one in near:
        await haulage.at(one, source)
    far = await hub.transporter().connect()
    await haulage.at(far, source, FAR)

    job = await haulage.job(source, target)

    for one in near:
        assert (await one.until("job:offered"))["job_id"] == job["job_id"]
    assert not far.of("job:offered")
    assert (await far.call("job:available")).data["items"][0]["pickup_distance_m"] == FAR
    own = (await near[0].call("room:join", room=f"user:{near[0].id}")).data["snapshot"]
    assert [offer["job_id"] for offer in own["offers"]] == [job["job_id"]]


async def test_who_it_concerns_hears_every_step(hub: RunningHub, haulage: Haulage) -> None:
    source, target = await hub.station(), await hub.station(charged=0)
    giver, taker, stranger = hub.staff(source), hub.staff(target), hub.staff(await hub.station())
    job, driver = await haulage.accepted(source, target)
    room = f"job:{job['job_id']}"
    for person, place in ((giver, source), (taker, target)):
        await person.call("room:join", room=f"station:{place.id}:staff")
        shown = (await person.call("room:join", room=room)).data["snapshot"]
        assert shown["job"] == job
    assert (await stranger.call("room:join", room=room)).code == "forbidden"
    assert (await hub.transporter().call("room:join", room=room)).code == "forbidden"
    shown = (await driver.call("room:join", room=room)).data["snapshot"]

    await haulage.at(driver, source)
    moved = await taker.until("job:moved")
    assert moved["van"]["distance_left_m"] == 50
    scan = {"job_id": job["job_id"], "battery_ids": job["battery_ids"]}
    await driver.call("job:pickup", scan)
    await haulage.at(driver, target)
    await driver.call("job:complete", scan)

    for person in (giver, taker, driver):
        assert (await person.until("job:completed"))["state"] == "delivered"
        assert (await person.until("job:picked-up"))["loaded_ids"] == job["battery_ids"]
    assert (await driver.until("credits:awarded"))["amount"] == job["credits"]
    assert len(taker.of("job:completed")) == 1  # in two of its rooms, told once


async def test_admins_see_every_van_in_the_snapshot_and_as_it_moves(
    hub: RunningHub, haulage: Haulage
) -> None:
    source, target = await hub.station(), await hub.station(charged=0)
    job, driver = await haulage.accepted(source, target)
    await haulage.at(driver, source, metres=3000)
    admin = await hub.admin().connect()
    snapshot = (await admin.call("room:join", room="admin")).data["snapshot"]
    await admin.call("room:join", room=f"job:{job['job_id']}")

    await haulage.at(driver, source)
    moved = await admin.until("job:moved")

    (van,) = snapshot["vans"]
    assert fields(van, "job_id", "assignee_id") == fields(moved, "job_id", "assignee_id")
    assert van["van"]["distance_left_m"] == 3000
    assert moved["van"]["distance_left_m"] == 50
    assert len(admin.of("job:moved")) == 1  # in two of its rooms, told once


async def test_staff_see_vans_that_come(hub: RunningHub, haulage: Haulage) -> None:
    source, target = await hub.station(), await hub.station(charged=0)
    staff = await hub.staff(target).connect()
    await staff.call("room:join", room=f"station:{target.id}:staff")

    job, _ = await haulage.accepted(source, target)

    assert (await staff.until("job:incoming"))["job_id"] == job["job_id"]
    again = (await staff.call("room:join", room=f"station:{target.id}:staff")).data["snapshot"]
    assert [one["job_id"] for one in again["jobs"]] == [job["job_id"]]


async def test_who_loses_a_job_leaves_its_room(hub: RunningHub, haulage: Haulage) -> None:
    job, driver = await haulage.accepted(await hub.station(), await hub.station(charged=0))
    room = f"job:{job['job_id']}"
    await driver.call("room:join", room=room)

    released = await driver.call("job:release", job_id=job["job_id"], reason="flat tyre")

    assert fields(job, "assignee_id", "assignee_name") == {
        "assignee_id": driver.id,
        "assignee_name": driver.id,
    }
    assert fields(released.data, "assignee_id", "assignee_name") == {
        "assignee_id": None,
        "assignee_name": None,
    }
    assert room in (await driver.until("room:changed"))["left"]
    assert (await driver.call("room:join", room=room)).code == "forbidden"


async def test_other_packs_at_the_van_become_an_incident(hub: RunningHub, haulage: Haulage) -> None:
    source, target = await hub.station(), await hub.station(charged=0)
    staff = await hub.staff(source).connect()
    await staff.call("room:join", room=f"station:{source.id}:staff")
    job, driver = await haulage.accepted(source, target, 3)
    await haulage.at(driver, source)

    scan = [job["battery_ids"][0], "battery_unknown"]
    answer = await driver.call("job:pickup", job_id=job["job_id"], battery_ids=scan)

    (noted,) = answer.data["differences"]
    assert noted["missing"] == job["battery_ids"][1:]
    assert noted["surplus"] == ["battery_unknown"]
    assert (await staff.until("job:differs"))["missing"] == noted["missing"]
    raised = await staff.until("fault:raised")
    assert (raised["station_id"], raised["kind"]) == (source.id, "battery_count")


ATTACKS: list[tuple[str, str, dict[str, Any], str]] = [
    # who, operation, payload over the job's own, code
    ("rider", "job:available", {}, "forbidden"),
    ("rider", "job:accept", {}, "forbidden"),
    ("staff", "job:pickup", {}, "forbidden"),
    ("staff", "job:create", {}, "forbidden"),
    ("driver", "job:create", {}, "forbidden"),
    ("driver", "job:cancel", {}, "forbidden"),
    ("admin", "job:accept", {}, "forbidden"),
    ("admin", "job:complete", {}, "forbidden"),
    ("device", "job:history", {}, "forbidden"),
    ("driver", "job:accept", {"job_id": "nothing"}, "not_found"),
    ("driver", "job:decline", {"job_id": "nothing"}, "not_found"),
    ("driver", "job:release", {"job_id": "nothing"}, "not_found"),
    ("driver", "job:pickup", {"job_id": "nothing"}, "not_found"),
    ("driver", "job:complete", {"job_id": "nothing"}, "not_found"),
    ("admin", "job:cancel", {"job_id": "nothing"}, "not_found"),
    ("other", "job:accept", {}, "job_taken"),
    ("other", "job:decline", {}, "job_taken"),
    ("other", "job:release", {}, "job_not_yours"),
    ("other", "job:pickup", {}, "job_not_yours"),
    ("other", "job:complete", {}, "job_not_yours"),
    ("other", "job:history", {}, "forbidden"),
    ("driver", "job:complete", {}, "not_active"),
    ("driver", "job:decline", {}, "not_active"),
    ("driver", "job:pickup", {}, "outside_geofence"),
    ("driver", "job:pickup", {"battery_ids": []}, "validation_failed"),
    ("driver", "job:pickup", {"battery_ids": ["x"] * 201}, "validation_failed"),
    ("driver", "job:pickup", {"battery_ids": [7]}, "validation_failed"),
    ("driver", "job:release", {"reason": "x" * 201}, "validation_failed"),
    ("driver", "job:available", {"max_distance_km": 0}, "validation_failed"),
    ("driver", "job:available", {"cursor": "elsewhere"}, "validation_failed"),
    ("admin", "job:create", {"battery_count": 0}, "validation_failed"),
    ("admin", "job:create", {"battery_count": 99}, "no_battery"),
    ("admin", "job:create", {"priority": 6}, "validation_failed"),
    ("admin", "job:create", {"to": {"kind": "van", "id": "x"}}, "validation_failed"),
    ("admin", "job:create", {"to": {"kind": "partner", "id": "nowhere"}}, "not_found"),
    ("admin", "job:create", {"battery_type": "other"}, "no_battery"),
]


@pytest.mark.parametrize("door", BOTH)
async def test_attacks_get_their_codes_and_change_nothing(
    hub: RunningHub, haulage: Haulage, door: Door
) -> None:
    source, target = await hub.station(), await hub.station(charged=0)
    job, driver = await haulage.accepted(source, target)
    people = {
        "rider": hub.rider(),
        "staff": hub.staff(source),
        "device": hub.device(source),
        "admin": haulage.admin,
        "driver": driver,
        "other": hub.transporter(),
    }
    whole = {
        "job_id": job["job_id"],
        "battery_ids": job["battery_ids"],
        "transporter_id": driver.id,
        **haulage.order(source, target),
    }
    before = await hub.hub.services.jobs.get(job["job_id"])

    for who, event, changed, code in ATTACKS:
        payload = {**_asked(event, whole), **changed}
        assert (await people[who].ask(door, event, payload)).code == code, (who, event, changed)

    assert await hub.hub.services.jobs.get(job["job_id"]) == before
    assert await hub.records.now.transport_jobs.count({}) == 1


def _asked(event: str, whole: dict[str, Any]) -> dict[str, Any]:
    """The fields that an operation takes."""
    wanted = {
        "job:create": ("from", "to", "battery_count"),
        "job:pickup": ("job_id", "battery_ids"),
        "job:complete": ("job_id", "battery_ids"),
        "job:history": ("transporter_id",),
        "job:available": (),
    }
    return {name: whole[name] for name in wanted.get(event, ("job_id",))}


@pytest.mark.parametrize("door", BOTH)
async def test_a_job_to_where_it_comes_from_is_refused(hub: RunningHub, haulage: Haulage, door: Door) -> None:
    station = await hub.station()

    answer = await haulage.admin.ask(door, "job:create", haulage.order(station, station))

    assert answer.code == "validation_failed"


async def test_a_cancelled_job_is_over_for_everybody(hub: RunningHub, haulage: Haulage) -> None:
    source, target = await hub.station(), await hub.station(charged=0)
    job, driver = await haulage.accepted(source, target)

    answer = await haulage.admin.ask("rest", "job:cancel", {"job_id": job["job_id"], "reason": "no need"})

    assert fields(answer.data, "state", "end_reason") == {"state": "cancelled", "end_reason": "no need"}
    assert (await driver.until("job:cancelled"))["end_reason"] == "no need"
    await haulage.at(driver, source)
    scan = {"job_id": job["job_id"], "battery_ids": job["battery_ids"]}
    for event in ("job:pickup", "job:complete", "job:release", "job:accept"):
        payload = scan if event in ("job:pickup", "job:complete") else {"job_id": job["job_id"]}
        assert (await driver.call(event, payload)).code == "not_active"
    assert (await haulage.admin.call("job:cancel", job_id=job["job_id"])).code == "not_active"
    assert (await haulage.pack(job["battery_ids"][0])).held_for is None
    assert await hub.held_batteries(source) == 0
