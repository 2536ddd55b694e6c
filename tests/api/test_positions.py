"""Positions through both doors: who may see where somebody was, and who sees how far it is trusted."""

from __future__ import annotations

import asyncio

import pytest

from services.base import rfc3339
from tests.support.hub import RunningHub
from tests.support.people import Door
from tests.support.transport import BOTH

NOWHERE = {"lat": 12.97, "lng": 77.59, "accuracy": 5}


@pytest.mark.parametrize("door", BOTH)
async def test_track_is_for_its_owner_and_admins(hub: RunningHub, door: Door) -> None:
    station = await hub.station()
    rider, other, staff, driver = hub.rider(), hub.rider(), hub.staff(station), hub.transporter()
    await rider.call("gps:ping", NOWHERE)
    asked = {"user_id": rider.id}

    for person in (other, staff, driver):
        answer = await person.ask(door, "gps:track", asked)
        assert (answer.code, answer.error.details) == ("forbidden", {"user_id": rider.id})
        assert (await person.ask(door, "gps:track", {"user_id": "nobody"})).code == "forbidden"
    assert (await hub.device(station).ask(door, "gps:track", asked)).code == "forbidden"
    assert (await hub.anybody("x").rest("GET", f"/location/{rider.id}/history")).code == "unauthenticated"
    assert (await hub.admin().ask(door, "gps:track", {"user_id": "nobody"})).code == "not_found"
    [own] = (await rider.ask(door, "gps:track", asked)).data["items"]
    [seen] = (await hub.admin().ask(door, "gps:track", asked)).data["items"]
    assert own["location"] == {"lat": 12.97, "lng": 77.59}
    assert (own["trust"], own["trust_reasons"]) == (None, None)
    assert (seen["trust"], seen["trust_reasons"]) == (1.0, [])


async def test_moments_of_a_track_are_checked(hub: RunningHub) -> None:
    rider = hub.rider()

    for door in BOTH:
        for field in ("from", "to", "cursor"):
            answer = await rider.ask(door, "gps:track", {"user_id": rider.id, field: "yesterday"})
            assert (answer.code, answer.paths) == ("validation_failed", [field])


async def test_one_fix_sent_many_times_at_once_is_one_fix(hub: RunningHub) -> None:
    rider = await hub.rider().connect()
    ping = {**NOWHERE, "at": rfc3339(hub.now())}

    answers = await asyncio.gather(*(rider.ask(BOTH[number % 2], "gps:ping", ping) for number in range(10)))

    assert [answer.code for answer in answers] == ["ok"] * 10
    reasons = [fault["reason"] for answer in answers for fault in answer.data["rejected"]]
    assert (sum(answer.data["accepted"] for answer in answers), reasons) == (1, ["duplicate"] * 9)
    assert len((await rider.call("gps:track", user_id=rider.id)).data["items"]) == 1


async def test_admins_see_the_trust_of_who_moves(hub: RunningHub) -> None:
    rider, admin = await hub.rider().connect(), await hub.admin().connect()
    assert (await admin.call("room:join", room="admin")).ok

    taken = await rider.call("gps:ping", {**NOWHERE, "mock": True})

    assert taken.data == {"accepted": 1, "rejected": [], "entered": [], "left": []}
    [moved] = (await admin.until("gps:positions"))["positions"]
    assert (moved["user_id"], moved["trust"], moved["trust_reasons"]) == (rider.id, 0.0, ["mock"])
    [shown] = (await admin.call("room:join", room="admin")).data["snapshot"]["positions"]
    assert (shown["trust"], shown["trust_reasons"]) == (0.0, ["mock"])
