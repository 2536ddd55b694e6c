"""Shifts and diversions through both doors, and every attack on them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from services.models import Station
from tests.support.answers import Answer
from tests.support.hub import RunningHub
from tests.support.people import Door, Person

DOORS: tuple[Door, ...] = ("socket", "rest")


async def crew(hub: RunningHub, station: Station, size: int) -> list[Person]:
    return [await hub.staff(station).ready() for _ in range(size)]


def order(here: Station, there: Station, *people: Person) -> dict[str, Any]:
    return {
        "from_station_id": here.id,
        "to_station_id": there.id,
        "staff_ids": [person.id for person in people],
        "reason": "a long queue",
    }


async def on_duty(hub: RunningHub, station: Station) -> int:
    status = await hub.admin().call("station:status", station_id=station.id)
    return int(status.data["staff_on_duty"])


@pytest.mark.parametrize("door", DOORS)
async def test_a_diversion_from_the_question_to_the_way_home(hub: RunningHub, door: Door) -> None:
    here, there = await hub.station(), await hub.station()
    asha, _ = await crew(hub, here, 2)
    admin = hub.admin()
    await asha.connect()

    asked = await admin.ask(door, "staff:divert", order(here, there, asha))
    offer = await asha.until("staff:diversion-offered")
    diversion_id = asked.data["diversion_id"]
    assert (asked.data["state"], asked.data["staff"][0]["state"]) == ("offered", "offered")
    assert offer["diversion_id"] == diversion_id

    answer = {"diversion_id": diversion_id, "accept": True}
    accepted = await asha.ask(door, "staff:respond", answer)
    assert accepted.data["state"] == "accepted"
    assert (await asha.until("diversion:changed"))["to_station_id"] == there.id
    assert (await on_duty(hub, here), await on_duty(hub, there)) == (1, 1)

    arrived = await asha.ask(door, "shift:start", {"station_id": there.id})
    assert arrived.data["arrived_at"] is not None
    roster = await asha.ask(door, "staff:station", {"station_id": there.id})
    assert [(row["staff_id"], row["on_duty"], row["expected_at"]) for row in roster.data["items"]] == [
        (asha.id, True, None)
    ]

    back = await asha.ask(door, "shift:start", {"station_id": here.id})
    assert (back.data["kind"], back.data["state"]) == ("shift", "running")
    ended = await asha.ask(door, "shift:end")
    assert ended.data["state"] == "ended"
    assert (await on_duty(hub, here), await on_duty(hub, there)) == (1, 0)

    times = await asha.ask(door, "staff:assignments", {"staff_id": asha.id})
    assert [(one["kind"], one["state"]) for one in times.data["items"]] == [
        ("shift", "ended"),
        ("diversion", "returned"),
        ("shift", "ended"),
    ]
    assert (await admin.ask(door, "staff:assignments", {"staff_id": asha.id})).data == times.data


@pytest.mark.parametrize("door", DOORS)
async def test_roles_and_ids_of_others_are_refused(hub: RunningHub, door: Door) -> None:
    here, there = await hub.station(), await hub.station()
    asha, bina = await crew(hub, here, 2)
    [stranger] = await crew(hub, there, 1)
    admin, rider, driver, device = hub.admin(), await hub.rider().ready(), hub.transporter(), hub.device(here)
    asked = (await admin.ask(door, "staff:divert", order(here, there, asha))).data["diversion_id"]
    answer = {"diversion_id": asked, "accept": True}
    refused: list[tuple[Person, str, dict[str, Any], str]] = [
        *(
            (person, "staff:divert", order(here, there, asha), "forbidden")
            for person in (asha, rider, driver)
        ),
        *((person, "staff:respond", answer, "forbidden") for person in (admin, rider, driver, device)),
        *((person, "staff:respond", answer, "not_found") for person in (bina, stranger)),
        *((person, "shift:start", {}, "forbidden") for person in (admin, rider, driver, device)),
        *((person, "shift:end", {}, "forbidden") for person in (admin, rider, driver, device)),
        *((person, "staff:station", {"station_id": here.id}, "forbidden") for person in (stranger, rider)),
        *((person, "staff:assignments", {"staff_id": asha.id}, "forbidden") for person in (bina, rider)),
        (admin, "staff:assignments", {"staff_id": "nobody"}, "not_found"),
        (admin, "staff:station", {"station_id": "nowhere"}, "not_found"),
        (asha, "staff:station", {"station_id": "nowhere"}, "forbidden"),
        (asha, "staff:respond", {**answer, "diversion_id": "nothing"}, "not_found"),
        (asha, "shift:start", {"station_id": there.id}, "conflict"),
        (asha, "shift:start", {"station_id": "nowhere"}, "not_found"),
        (asha, "shift:end", {"station_id": there.id}, "forbidden"),
        (admin, "staff:divert", order(here, there, asha, bina), "conflict"),  # asha is asked already
        (admin, "staff:divert", order(there, here, stranger), "not_enough_staff"),
        (admin, "staff:divert", order(there, here, asha), "conflict"),
        (admin, "staff:divert", order(here, there, rider), "not_found"),
    ]

    for person, event, payload, code in refused:
        said = await person.ask(door, event, payload)
        assert said.code == code, (person.id, event, payload, said)

    assert (await on_duty(hub, here), await on_duty(hub, there)) == (2, 1)


@pytest.mark.parametrize(
    ("change", "paths"),
    [
        ({"staff_ids": []}, ["staff_ids"]),
        ({"staff_ids": ["a", "a"]}, [""]),
        ({"staff_ids": ["a b"]}, ["staff_ids.0"]),
        ({"staff_ids": [f"s{n}" for n in range(51)]}, ["staff_ids"]),
        ({"to_station_id": "same", "from_station_id": "same"}, [""]),
        ({"reason": ""}, ["reason"]),
        ({"reason": "x" * 201}, ["reason"]),
        (
            {"staff_ids": None, "reason": None, "to_station_id": 5},
            ["to_station_id", "staff_ids", "reason"],
        ),
    ],
)
async def test_an_order_that_makes_no_sense_says_what_is_wrong(
    hub: RunningHub, change: dict[str, Any], paths: list[str]
) -> None:
    asked = {"from_station_id": "a", "to_station_id": "b", "staff_ids": ["s"], "reason": "r", **change}

    for door in DOORS:
        said = await hub.admin().ask(door, "staff:divert", asked)
        assert said.code == "validation_failed"
        assert said.paths == paths


async def test_the_same_request_id_gives_the_first_answer(hub: RunningHub) -> None:
    here, there = await hub.station(), await hub.station()
    asha, *_ = await crew(hub, here, 3)
    admin = hub.admin()
    asked = {**order(here, there, asha), "request_id": "once"}

    first, again = await admin.call("staff:divert", asked), await admin.call("staff:divert", asked)
    assert (again.data, again.replayed) == (first.data, True)
    yes = {"diversion_id": first.data["diversion_id"], "accept": True, "request_id": "yes"}
    said, replayed = await asha.call("staff:respond", yes), await asha.call("staff:respond", yes)
    assert (replayed.data, replayed.replayed) == (said.data, True)
    twice = await asha.call("staff:respond", {**yes, "request_id": "again"})
    assert twice.code == "not_active"
    assert await on_duty(hub, there) == 1


async def test_acceptances_that_race_through_both_doors_leave_the_minimum(hub: RunningHub) -> None:
    here, there = await hub.station(), await hub.station()
    people = await crew(hub, here, 5)
    admin = hub.admin()

    async def asked(person: Person) -> str:
        return str((await admin.call("staff:divert", order(here, there, person))).data["diversion_id"])

    offers = [await asked(person) for person in people]
    answers: list[Answer] = await asyncio.gather(
        *(
            person.ask(DOORS[number % 2], "staff:respond", {"diversion_id": offer, "accept": True})
            for number, (person, offer) in enumerate(zip(people, offers, strict=True))
        )
    )

    assert sorted(answer.code for answer in answers) == ["not_enough_staff", "ok", "ok", "ok", "ok"]
    assert (await on_duty(hub, here), await on_duty(hub, there)) == (1, 4)


async def test_starts_that_race_through_both_doors_leave_one_shift(hub: RunningHub) -> None:
    stations = [await hub.station() for _ in range(4)]
    here = stations[0]
    [asha] = await crew(hub, here, 1)
    await asha.call("shift:end")

    answers = await asyncio.gather(
        *(
            asha.ask(DOORS[number % 2], "shift:start", {"station_id": stations[number % 4].id})
            for number in range(12)
        )
    )

    assert {answer.code for answer in answers} == {"ok", "conflict"}
    assert len({answer.data["shift_id"] for answer in answers if answer.ok}) == 1
    running = await hub.records.now.staff_assignments.find({"staff_id": asha.id, "ends_at": None})
    assert len(running) == 1


async def test_an_admin_acts_for_staff_and_it_is_written_down(hub: RunningHub) -> None:
    station = await hub.station()
    [asha] = await crew(hub, station, 1)
    admin = hub.admin()

    ended = await admin.call("shift:end", on_behalf_of=asha.id)

    assert ended.data["staff_id"] == asha.id
    [written] = await hub.records.now.audit.find({"actor": admin.id})
    assert (written.on_behalf_of, written.action) == (asha.id, "shift:end")


async def test_rights_follow_the_duty_at_once(hub: RunningHub) -> None:
    here, there = await hub.station(), await hub.station()
    asha, _ = await crew(hub, here, 2)
    asked = (await hub.admin().call("staff:divert", order(here, there, asha))).data["diversion_id"]

    await asha.call("staff:respond", diversion_id=asked, accept=True)
    assert (await asha.call("staff:station", station_id=here.id)).code == "forbidden"
    assert (await asha.call("staff:station", station_id=there.id)).ok
    await asha.call("shift:end")

    assert (await asha.call("staff:station", station_id=there.id)).code == "forbidden"
    assert (await asha.call("qr:verify", token="x")).code == "forbidden"


async def test_a_ping_inside_the_geofence_is_the_arrival(hub: RunningHub) -> None:
    here, there = await hub.station(), await hub.station()
    asha, _ = await crew(hub, here, 2)
    asked = (await hub.admin().call("staff:divert", order(here, there, asha))).data["diversion_id"]
    await asha.call("staff:respond", diversion_id=asked, accept=True)

    await asha.call("gps:ping", hub.near(there, 50))

    assert (await asha.until("diversion:changed", 2))["state"] == "arrived"
