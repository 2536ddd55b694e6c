"""Operators' operations, called by others, about what is not there, twice, and at the same moment."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from services.models import Role
from tests.api.test_filling import DOORS, HERE, STATION, filled, saved, swapped
from tests.support.audits import faults
from tests.support.hub import RunningHub
from tests.support.people import Door, Person

PARTNER = {"partner_id": "shop", "name": "Shop", "location": HERE}
PACK = {"battery_id": "pack", "holder": {"kind": "lost"}}
USER = {"user_id": "somebody", "role": "admin", "name": "Me"}

MAY: dict[str, tuple[dict[str, Any], set[Role]]] = {
    "station:save": (STATION, {Role.ADMIN}),
    "station:close": ({"station_id": "koramangala"}, {Role.ADMIN}),
    "station:open": ({"station_id": "koramangala"}, {Role.ADMIN}),
    "partner:save": (PARTNER, {Role.ADMIN}),
    "partner:list": ({}, {Role.ADMIN, Role.TRANSPORTER}),
    "battery:save": (PACK, {Role.ADMIN}),
    "battery:get": ({"battery_id": "pack_1"}, {Role.ADMIN, Role.STAFF}),
    "user:save": (USER, {Role.ADMIN}),
    "profile:save": ({"name": "Me"}, {Role.CONSUMER, Role.STAFF, Role.TRANSPORTER}),
}
"""By operation: a payload that would do something, and the roles that may."""


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("event", MAY)
async def test_the_wrong_role_is_forbidden_and_changes_nothing(
    hub: RunningHub, event: str, door: Door
) -> None:
    await filled(hub)
    payload, may = MAY[event]
    others = [hub._person(role, station="koramangala") for role in set(Role) - may]
    for person in others:
        await person.call("station:list")  # who is seen first is a change, too
    before = await _everything(hub)

    for person in others:
        assert (await person.ask(door, event, payload)).code == "forbidden"

    assert await _everything(hub) == before


async def _everything(hub: RunningHub) -> list[Any]:
    now = hub.records.now
    collections = (now.stations, now.batteries, now.partner_shops, now.custody)
    return [await collection.find({}) for collection in collections]


async def test_a_cursor_of_no_list_is_refused(hub: RunningHub) -> None:
    rider = await hub.rider().ready()

    answer = await rider.call("credits:history", user_id=rider.id, cursor="yesterday")

    assert (answer.code, answer.paths) == ("validation_failed", ["cursor"])


@pytest.mark.parametrize("door", DOORS)
async def test_credits_are_their_owners(hub: RunningHub, door: Door) -> None:
    admin, rider, staff = await filled(hub)
    await swapped(rider, staff)

    for person in (hub.rider(), staff, hub.transporter()):
        assert (await person.ask(door, "credits:history", {"user_id": rider.id})).code == "forbidden"
    assert (await admin.ask(door, "credits:history", {"user_id": rider.id})).data["balance"] == 10


@pytest.mark.parametrize("door", DOORS)
async def test_the_packs_of_a_station_are_for_those_who_work_there(hub: RunningHub, door: Door) -> None:
    await filled(hub)
    other = await hub.station()
    ask = {"station_id": "koramangala"}

    assert (await hub.staff(other).ask(door, "station:batteries", ask)).code == "forbidden"
    assert (await hub.rider().ask(door, "station:batteries", ask)).code == "forbidden"
    assert (await hub.transporter().ask(door, "station:batteries", ask)).code == "forbidden"


# -- closing


async def test_who_waits_at_a_station_that_closes_is_told_and_freed(hub: RunningHub) -> None:
    admin, served, staff = await filled(hub)
    waiting = await hub.rider().connect()
    place = (await served.call("queue:confirm", station_id="koramangala")).data
    swap = (await staff.verify(place["qr_token"])).data
    assert (await waiting.call("queue:confirm", station_id="koramangala")).ok

    closed = await saved(admin, "station:close", station_id="koramangala")

    ended = await waiting.until("queue:ended")
    assert (ended["state"], ended["reason"]) == ("cancelled", "station_closed")
    assert (await waiting.call("queue:mine")).data is None
    assert (closed["is_active"], closed["queue"]["length"], closed["queue"]["active"]) == (False, 0, 1)
    assert closed["batteries"]["held"] == 1
    assert (await waiting.call("queue:confirm", station_id="koramangala")).code == "station_closed"
    done = await staff.call(
        "swap:complete", swap_id=swap["swap_id"], old_battery_id="pack_3",
        new_battery_id=swap["assigned_battery"]["id"], old_battery_health="healthy",
    )  # fmt: skip
    assert done.ok
    assert (await saved(admin, "station:open", station_id="koramangala"))["is_active"]
    assert (await waiting.call("queue:confirm", station_id="koramangala")).ok
    assert await faults(hub.records) == []


async def test_closing_twice_is_closing_once(hub: RunningHub) -> None:
    admin, _, _ = await filled(hub)

    first = await saved(admin, "station:close", station_id="koramangala")
    second = await saved(admin, "station:close", station_id="koramangala")

    assert second == first


async def test_a_rider_who_confirms_while_the_station_closes_is_in_or_out(hub: RunningHub) -> None:
    admin, rider, _ = await filled(hub)

    answer, _ = await asyncio.gather(
        rider.call("queue:confirm", station_id="koramangala"),
        admin.call("station:close", station_id="koramangala"),
    )

    assert answer.code in ("ok", "station_closed")
    assert (await rider.call("queue:mine")).data is None
    assert (await saved(admin, "station:status", station_id="koramangala"))["batteries"]["held"] == 0


# -- packs


async def test_two_packs_cannot_take_one_slot_or_the_last_room(hub: RunningHub) -> None:
    admin, _, _ = await filled(hub)
    await saved(admin, "partner:save", partner_id="shop", name="Shop", location=HERE, capacity=1)
    free = hub._person(Role.CONSUMER)
    await saved(admin, "user:save", user_id=free.id, role="consumer", name="Free")
    places = [
        {"kind": "slot", "id": "koramangala", "slot": 5},
        {"kind": "partner", "id": "shop"},
        {"kind": "rider", "id": free.id},
    ]

    for number, place in enumerate(places):
        answers = await asyncio.gather(
            *(
                hub.admin().call("battery:save", battery_id=f"raced_{number}_{each}", holder=place)
                for each in range(5)
            )
        )
        assert sorted(answer.code for answer in answers) == ["conflict"] * 4 + ["ok"]
    assert await faults(hub.records) == []


async def test_the_same_new_pack_saved_at_once_is_one_pack(hub: RunningHub) -> None:
    await filled(hub)
    place = {"kind": "slot", "id": "koramangala"}

    answers = await asyncio.gather(
        *(hub.admin().call("battery:save", battery_id="new", holder=place, soc=50) for _ in range(5))
    )

    assert {answer.code for answer in answers} == {"ok"}
    assert {answer.data["holder"]["slot"] for answer in answers} == {3}
    assert len(await hub.records.now.custody.find({"battery_id": "new"})) == 1


async def test_a_promised_pack_cannot_be_moved_or_changed(hub: RunningHub) -> None:
    admin, rider, staff = await filled(hub)
    place = (await rider.call("queue:confirm", station_id="koramangala")).data
    await staff.verify(place["qr_token"])  # the pack is chosen now
    [held] = [pack for pack in await hub.records.now.batteries.find({}) if pack.held_for]

    for change in (
        {"holder": {"kind": "workshop"}},
        {"holder": {"kind": "slot", "id": "koramangala", "slot": 6}},
        {"state": "quarantined"},
        {"battery_type": "long"},
        {"soc": 10},
    ):
        assert (await admin.call("battery:save", battery_id=held.id, **change)).code == "conflict"
    assert (await saved(admin, "battery:save", battery_id=held.id, soh=90))["held"]


async def test_a_quarantined_pack_is_released_by_an_admin_alone_and_then_charges(hub: RunningHub) -> None:
    admin, _, _ = await filled(hub)
    await saved(admin, "battery:save", battery_id="pack_1", state="quarantined")
    before = await saved(admin, "station:status", station_id="koramangala")

    moved = await saved(admin, "battery:save", battery_id="pack_1", holder={"kind": "workshop"})
    back = {"kind": "slot", "id": "koramangala"}
    returned = await saved(admin, "battery:save", battery_id="pack_1", holder=back)
    straight = await admin.call("battery:save", battery_id="pack_1", state="charged")
    released = await saved(admin, "battery:save", battery_id="pack_1", state="charging")

    assert before["batteries"]["quarantined"] == 1
    assert (moved["state"], returned["state"]) == ("quarantined", "quarantined")
    assert straight.code == "conflict"
    assert released["state"] == "charging"
    device = hub._person(Role.DEVICE, station="koramangala")
    reading = {"battery_id": "pack_1", "soc": 97}
    await device.call("station:telemetry", station_id="koramangala", slots=[reading])
    after = await saved(admin, "station:status", station_id="koramangala")
    assert (after["batteries"]["charged"], after["batteries"]["quarantined"]) == (2, 0)


async def test_a_retired_pack_is_retired(hub: RunningHub) -> None:
    admin, _, _ = await filled(hub)
    for state in ("quarantined", "retired"):
        await saved(admin, "battery:save", battery_id="pack_1", state=state)

    assert (await admin.call("battery:save", battery_id="pack_1", state="charging")).code == "conflict"


async def test_a_station_keeps_the_slots_that_its_packs_are_in(hub: RunningHub) -> None:
    admin, _, _ = await filled(hub)

    assert (await admin.call("station:save", station_id="koramangala", slots=1)).code == "conflict"
    assert (await saved(admin, "station:save", station_id="koramangala", slots=2))["slots"] == 2
    full = await admin.call(
        "battery:save", battery_id="more", holder={"kind": "slot", "id": "koramangala"}, soc=5
    )
    assert full.code == "conflict"


# -- people


async def test_a_rider_with_a_place_keeps_role_and_battery_type(hub: RunningHub) -> None:
    admin, rider, _ = await filled(hub)
    await rider.call("queue:confirm", station_id="koramangala")
    other = {"id": "KA", "battery_type": "long"}

    assert (await rider.call("profile:save", vehicle=other)).code == "conflict"
    assert (await admin.call("user:save", user_id=rider.id, vehicle=None)).ok  # a standard one fits still
    assert (await admin.call("user:save", user_id=rider.id, role="staff")).code == "conflict"
    assert (await rider.call("queue:leave")).ok
    assert (await rider.call("profile:save", vehicle=other)).ok
    assert (await admin.call("user:save", user_id=rider.id, role="staff")).code == "conflict"  # has a pack


async def test_staff_who_are_moved_count_at_their_new_station(hub: RunningHub) -> None:
    admin, _, staff = await filled(hub)
    await saved(admin, "station:save", **{**STATION, "station_id": "hebbal"})

    await saved(admin, "user:save", user_id=staff.id, station_id="hebbal")

    counts = [
        (await saved(admin, "station:status", station_id=id))["staff_on_duty"]
        for id in ("koramangala", "hebbal")
    ]
    assert counts == [0, 1]


async def test_an_admin_saves_a_profile_for_somebody_and_it_is_audited(hub: RunningHub) -> None:
    admin, rider, _ = await filled(hub)

    assert (await admin.call("profile:save", name="Asha R", on_behalf_of=rider.id)).data[
        "user_id"
    ] == rider.id

    [record] = await hub.records.now.audit.find({"actor": admin.id})
    assert (record.action, record.on_behalf_of) == ("profile:save", rider.id)


async def test_a_save_with_a_request_id_happens_once(hub: RunningHub) -> None:
    admin: Person = hub.admin()

    first = await admin.call("station:save", **STATION, request_id="one")
    again = await admin.call("station:save", **STATION, request_id="one")
    other = await admin.call("station:save", **{**STATION, "name": "Other"}, request_id="one")

    assert (again.data, again.replayed) == (first.data, True)
    assert other.code == "conflict"


async def test_a_transporter_sees_the_packs_while_they_have_a_job_there(hub: RunningHub) -> None:
    admin, _, _ = await filled(hub)
    await saved(admin, "partner:save", **PARTNER)
    ends = {"from": {"kind": "station", "id": "koramangala"}, "to": {"kind": "partner", "id": "shop"}}
    job = await saved(admin, "job:create", **ends, battery_count=1)
    carrier, other = hub.transporter(), hub.transporter()
    ask = {"station_id": "koramangala"}

    await saved(carrier, "job:accept", job_id=job["job_id"])

    held = [
        pack["battery_id"]
        for pack in (await saved(carrier, "station:batteries", **ask))["items"]
        if pack["held"]
    ]
    assert held == job["battery_ids"]
    assert (await other.call("station:batteries", ask)).code == "forbidden"
    assert (await admin.call("battery:save", battery_id=held[0], holder={"kind": "lost"})).code == "conflict"
    await saved(carrier, "job:release", job_id=job["job_id"], reason="no")
    assert (await carrier.call("station:batteries", ask)).code == "forbidden"
