"""Faults and tickets through both doors: what each may do, see and hear."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from services.models import Station
from tests.support.hub import RunningHub
from tests.support.people import Door, Person

DOORS: tuple[Door, ...] = ("socket", "rest")


def _fault(station: Station, **fields: Any) -> dict[str, Any]:
    return {"station_id": station.id, "kind": "slot_jam", "severity": "critical", **fields}


async def _ticket(hub: RunningHub, station: Station) -> dict[str, Any]:
    """A critical fault, and its ticket."""
    taken = await hub.admin().call("fault:report", _fault(station))
    return {"incident_id": taken.data["incident_id"], "ticket_id": taken.data["ticket_id"]}


@pytest.mark.parametrize("door", DOORS)
async def test_a_fault_goes_from_its_report_to_its_end(hub: RunningHub, door: Door) -> None:
    station = await hub.station()
    device, staff = await hub.device(station).connect(), await hub.staff(station).connect()
    await staff.call("room:join", room=f"station:{station.id}:staff")

    taken = (await device.ask(door, "fault:report", _fault(station, kind="Slot jam"))).data
    of_ticket = {"ticket_id": taken["ticket_id"]}
    command = await device.until("device:command")
    acknowledged = await staff.ask(door, "ticket:update", {**of_ticket, "status": "acknowledged"})
    mine = await staff.ask(door, "ticket:update", {**of_ticket, "assignee": staff.id})
    cleared = await device.ask(door, "fault:report", _fault(station, cleared=True))
    done = {**of_ticket, "status": "resolved", "note": "freed by hand"}
    resolved = await staff.ask(door, "ticket:update", done)

    assert (taken["level"], taken["state"], taken["reports"]) == (3, "ticketed", 1)
    assert (command["command"], command["incident_id"]) == ("unlock_slot", taken["incident_id"])
    assert acknowledged.data["clocks"]["acknowledge"]["met_at"]
    assert mine.data["assignee"] == staff.id
    assert cleared.data["state"] == "cleared"
    assert resolved.data["notes"][0]["text"] == "freed by hand"
    ended = (await staff.ask(door, "fault:get", {"incident_id": taken["incident_id"]})).data
    assert (ended["state"], ended["end_reason"]) == ("resolved", "freed by hand")
    assert ended["analysis"]["source"] == "heuristic"
    assert [step["by"] for step in ended["history"] if step["by"]] == [device.id, device.id, staff.id]
    assert (await staff.until("fault:raised"))["incident_id"] == taken["incident_id"]
    assert (await staff.until("fault:changed", 2))["state"] == "resolved"
    assert (await staff.until("ticket:changed", 4))["status"] == "resolved"


@pytest.mark.parametrize("door", DOORS)
async def test_lists_show_a_station_to_its_staff_and_everything_to_admins(
    hub: RunningHub, door: Door
) -> None:
    here, there = await hub.station(), await hub.station()
    admin, staff = hub.admin(), hub.staff(here)
    one, other = await _ticket(hub, here), await _ticket(hub, there)
    gone = (await admin.ask(door, "fault:report", _fault(here, kind="odd", severity="low"))).data
    await admin.ask(door, "fault:report", _fault(here, kind="odd", severity="low", cleared=True))

    async def ids(who: Person, event: str, key: str, **fields: Any) -> list[str]:
        answer = await who.ask(door, event, fields)
        assert answer.ok, answer.error
        return [item[key] for item in answer.data["items"]]

    both = [other["incident_id"], one["incident_id"]]
    assert await ids(staff, "fault:list", "incident_id") == [gone["incident_id"], one["incident_id"]]
    assert await ids(staff, "fault:list", "incident_id", open_only=True) == [one["incident_id"]]
    assert await ids(admin, "fault:list", "incident_id", open_only=True) == both
    assert await ids(admin, "fault:list", "incident_id", station_id=there.id) == both[:1]
    assert await ids(staff, "ticket:list", "ticket_id") == [one["ticket_id"]]
    assert await ids(admin, "ticket:list", "ticket_id", limit=1) == [other["ticket_id"]]
    assert await ids(admin, "ticket:list", "ticket_id", status="resolved") == []
    part = await admin.ask(door, "ticket:list", {"limit": 1})
    rest = await ids(admin, "ticket:list", "ticket_id", cursor=part.data["next_cursor"])
    assert rest == [one["ticket_id"]]


REFUSED: list[tuple[str, str, dict[str, Any], str]] = [
    # who (s: of the station, e: of another), operation, changed fields, code
    ("rider", "fault:report", {}, "forbidden"),
    ("transporter", "fault:report", {}, "forbidden"),
    ("e", "fault:report", {}, "forbidden"),
    ("foreign device", "fault:report", {}, "forbidden"),
    ("s", "fault:report", {"station_id": "nowhere"}, "not_found"),
    ("s", "fault:report", {"battery_id": "nothing"}, "not_found"),
    ("s", "fault:report", {"battery_id": "{battery elsewhere}"}, "wrong_battery"),
    ("s", "fault:report", {"severity": "fatal"}, "validation_failed"),
    ("s", "fault:report", {"kind": "../etc"}, "validation_failed"),
    ("s", "fault:report", {"kind": "x" * 49}, "validation_failed"),
    ("s", "fault:report", {"description": "x" * 1001}, "validation_failed"),
    ("s", "fault:report", {"kind": "other", "cleared": True}, "not_found"),
    ("device", "fault:list", {}, "forbidden"),
    ("rider", "fault:list", {}, "forbidden"),
    ("e", "fault:list", {}, "forbidden"),
    ("e", "fault:get", {}, "not_found"),
    ("s", "fault:get", {"incident_id": "nothing"}, "not_found"),
    ("rider", "fault:get", {}, "forbidden"),
    ("e", "ticket:list", {}, "forbidden"),
    ("s", "ticket:list", {"status": "lost"}, "validation_failed"),
    ("e", "ticket:get", {}, "not_found"),
    ("s", "ticket:get", {"ticket_id": "nothing"}, "not_found"),
    ("device", "ticket:get", {}, "forbidden"),
    ("e", "ticket:update", {"status": "closed", "note": "not mine"}, "not_found"),
    ("s", "ticket:update", {"ticket_id": "nothing", "note": "x"}, "not_found"),
    ("rider", "ticket:update", {"status": "resolved"}, "forbidden"),
    ("transporter", "ticket:update", {"status": "resolved"}, "forbidden"),
    ("s", "ticket:update", {}, "validation_failed"),
    ("s", "ticket:update", {"paused": True}, "validation_failed"),
    ("s", "ticket:update", {"paused": False}, "conflict"),
    ("s", "ticket:update", {"status": "open"}, "conflict"),
    ("s", "ticket:update", {"status": "done"}, "validation_failed"),
    ("s", "ticket:update", {"status": "closed"}, "validation_failed"),
    ("s", "ticket:update", {"note": ""}, "validation_failed"),
    ("s", "ticket:update", {"assignee": "ghost"}, "not_found"),
    ("s", "ticket:update", {"assignee": "{staff elsewhere}"}, "conflict"),
]


@pytest.mark.parametrize("door", DOORS)
async def test_what_is_not_allowed_is_refused_and_changes_nothing(hub: RunningHub, door: Door) -> None:
    station, elsewhere = await hub.station(), await hub.station()
    made = await _ticket(hub, station)
    people = {
        "rider": hub.rider(pack=False),
        "transporter": hub.transporter(),
        "s": hub.staff(station),
        "e": await hub.staff(elsewhere).ready(),
        "device": hub.device(station),
        "foreign device": hub.device(elsewhere),
    }
    pack = await hub.records.now.batteries.first({"holder.id": elsewhere.id})
    names = {"{battery elsewhere}": pack.id, "{staff elsewhere}": people["e"].id}
    base = {
        "fault:report": _fault(station),
        "fault:list": {"station_id": station.id},
        "fault:get": {"incident_id": made["incident_id"]},
        "ticket:list": {"station_id": station.id},
        "ticket:get": {"ticket_id": made["ticket_id"]},
        "ticket:update": {"ticket_id": made["ticket_id"]},
    }
    before = await _everything(hub)

    for who, event, fields, code in REFUSED:
        wanted = {
            key: names.get(value, value) if isinstance(value, str) else value for key, value in fields.items()
        }
        answer = await people[who].ask(door, event, {**base[event], **wanted})
        assert answer.code == code, (who, event, fields, answer)

    assert await _everything(hub) == before


async def _everything(hub: RunningHub) -> Any:
    reads = hub.records.now
    return await reads.incidents.find({}), await reads.tickets.find({}), await reads.batteries.find({})


async def test_staff_off_duty_neither_report_nor_see(hub: RunningHub) -> None:
    station = await hub.station()
    made = await _ticket(hub, station)
    staff = await hub.staff(station).ready()
    async with hub.records.transaction() as tx:
        shift = await tx.staff_assignments.first({"staff_id": staff.id})
        await tx.staff_assignments.replace(shift.changed(ends_at=hub.now()))

    codes = [
        (await staff.call("fault:report", _fault(station))).code,
        (await staff.call("fault:get", incident_id=made["incident_id"])).code,
        (await staff.call("ticket:update", ticket_id=made["ticket_id"], note="x")).code,
    ]

    assert codes == ["forbidden", "not_found", "not_found"]


async def test_twenty_first_reports_at_once_are_one_incident_with_one_ticket(hub: RunningHub) -> None:
    station = await hub.station()
    reporters = [hub.device(station) for _ in range(4)] + [hub.staff(station)]
    for reporter in reporters:
        await reporter.connect()

    answers = await asyncio.gather(
        *(reporter.call("fault:report", _fault(station)) for reporter in reporters for _ in range(4))
    )

    assert {answer.code for answer in answers} == {"ok"}
    assert len({answer.data["incident_id"] for answer in answers}) == 1
    assert sorted(answer.data["reports"] for answer in answers) == list(range(1, 21))
    assert await hub.records.now.tickets.count({"station_id": station.id}) == 1


async def test_of_many_who_acknowledge_at_once_one_does(hub: RunningHub) -> None:
    station = await hub.station()
    made = await _ticket(hub, station)
    staff = [await hub.staff(station).connect() for _ in range(6)]

    answers = await asyncio.gather(
        *(
            one.call("ticket:update", ticket_id=made["ticket_id"], status="acknowledged", note=one.id)
            for one in staff
        )
    )

    assert sorted(answer.code for answer in answers) == ["conflict"] * 5 + ["ok"]
    ticket = await hub.records.now.tickets.get(made["ticket_id"])
    assert len(ticket.notes) == 1


@pytest.mark.parametrize("door", DOORS)
async def test_a_report_with_the_same_request_id_counts_once(hub: RunningHub, door: Door) -> None:
    station = await hub.station()
    device, said = hub.device(station), _fault(station, request_id="r1")

    first, again = await device.ask(door, "fault:report", said), await device.ask(door, "fault:report", said)

    assert again.replayed
    assert again.data == first.data
    (incident,) = await hub.records.now.incidents.find({"station_id": station.id})
    assert incident.reports == 1


async def test_admins_are_alerted_and_riders_hear_nothing_of_faults(hub: RunningHub) -> None:
    station = await hub.station()
    admin, rider = await hub.admin().connect(), await hub.rider().connect()
    await admin.call("room:join", room="admin")
    await rider.call("room:join", room=f"station:{station.id}")

    await _ticket(hub, station)
    alert = await admin.until("alert:raised", 2)
    updated = await rider.until("station:updated")

    assert alert["severity"] == "critical"
    assert (updated["open_tickets"], updated["predicted_fault_risk"] > 0) == (1, True)
    assert [name for name, _ in rider.heard if name.startswith(("fault", "ticket", "alert"))] == []
    snapshot = (await admin.call("room:join", room="admin")).data["snapshot"]
    assert [len(snapshot["incidents"]), len(snapshot["tickets"])] == [1, 1]
