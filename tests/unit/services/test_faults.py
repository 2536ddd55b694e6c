"""One incident per cause: runbooks, opinions and tickets, by rules and clocks."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.errors import NotFound, WrongBattery
from services.fault_models import RunState, Severity
from services.models import PackHealth
from services.runbooks import RUNBOOKS
from services.states import INCIDENT_OPEN, BatteryState, IncidentState
from services.stations import SlotReading
from tests.unit.services.city import City
from tests.unit.services.faulty import controller, free_pack, now_of, report, swapped, ticket_of


async def test_the_same_cause_while_open_is_the_same_incident(city: City) -> None:
    station, elsewhere = await city.station(), await city.station()

    first = await report(city, station)
    again = await report(city, station, severity=Severity.LOW, description="still stuck")
    others = [
        await report(city, elsewhere),
        await report(city, station, "lock_fault"),
        await report(city, station, battery_id=(await free_pack(city, station)).id),
    ]

    assert (again.id, again.reports, again.severity) == (first.id, 2, Severity.HIGH)
    assert again.description == "still stuck"
    assert len({first.id, *(one.id for one in others)}) == 4


async def test_a_known_kind_runs_its_runbook_once_there_is_a_controller(city: City) -> None:
    station = await city.station()
    without = await report(city, station, "lock_fault")
    await controller(city, station)

    incident = await report(city, station)

    assert (without.level, without.state) == (2, IncidentState.ASSESSED)
    assert "no controller" in without.history[1].what
    assert (incident.level, incident.state) == (1, IncidentState.ACTING)
    (command,) = await city.told("device:command")
    assert (command["command"], command["device_id"]) == ("unlock_slot", "device_x")
    assert "user:device_x" in command["rooms"]


async def test_a_runbook_that_does_not_help_is_undone_tried_again_and_climbs(city: City) -> None:
    station = await city.station()
    await controller(city, station)
    incident = await report(city, station)

    await city.fired(minutes=2)
    second = await now_of(city, incident)
    await city.fired(minutes=2)
    assessed = await now_of(city, incident)
    await city.fired(minutes=15)
    ticketed = await now_of(city, incident)

    assert [run.state for run in second.runs] == [RunState.FAILED, RunState.RUNNING]
    assert [run.state for run in assessed.runs] == [RunState.FAILED, RunState.FAILED]
    assert (assessed.level, assessed.state) == (2, IncidentState.ASSESSED)
    assert (ticketed.level, ticketed.state) == (3, IncidentState.TICKETED)
    commands = [told["command"] for told in await city.told("device:command")]
    assert commands == ["unlock_slot", "lock_slot", "unlock_slot", "lock_slot"]
    types = [told["type"] for told in await city.told() if (told["type"] or "").startswith("fault.")]
    assert types == ["fault.raised", "fault.changed", "fault.escalated", "fault.escalated"]


async def test_a_cleared_fault_recovers_with_its_reason_and_a_new_one_is_another(city: City) -> None:
    station = await city.station()
    await controller(city, station)
    incident = await report(city, station)

    gone = await report(city, station, cleared=True)
    again = await report(city, station)

    assert (gone.id, gone.state) == (incident.id, IncidentState.RECOVERED)
    assert gone.end_reason == "reported gone by device_x"
    assert gone.runs[0].state is RunState.VERIFIED
    assert again.id != incident.id
    assert [told["state"] for told in await city.told("fault:changed")] == ["recovered"]
    await city.fired(minutes=60)
    assert await now_of(city, incident) == gone  # no timer moves what has ended


async def test_a_runbooks_budget_is_per_station_and_hour(city: City) -> None:
    station, other = await city.station(), await city.station()
    await controller(city, station)
    for _ in range(2):
        await report(city, station)
        await report(city, station, cleared=True)

    spent = await report(city, station)
    await report(city, station, cleared=True)
    await city.fired(minutes=61)
    anew = await report(city, station)

    assert (spent.state, spent.runs) == (IncidentState.ASSESSED, ())
    assert "2 runs in an hour" in spent.history[1].what
    assert anew.state is IncidentState.ACTING
    assert (await report(city, other)).state is IncidentState.ASSESSED  # it has no controller


async def test_a_charger_is_proved_to_work_by_the_charge_of_itsfree_pack(city: City) -> None:
    station = await city.station(charging=1)
    await controller(city, station)
    pack = await free_pack(city, station, BatteryState.CHARGING)
    incident = await report(city, station, "charger_fault", battery_id=pack.id)

    for soc in (46, 52):
        await city.services.stations.telemetry(station.id, [SlotReading(battery_id=pack.id, soc=soc)])
    await city.fired(minutes=10)

    recovered = await now_of(city, incident)
    assert (recovered.state, recovered.end_reason) == (
        IncidentState.RECOVERED,
        "restart_charger has helped",
    )
    after = await city.services.world.records.now.batteries.get(pack.id)
    assert after
    assert after.state is BatteryState.CHARGING  # a pack is not suspect when its charger is


async def test_silence_proves_nothing(city: City) -> None:
    station = await city.station(charging=1)
    await controller(city, station)
    pack = await free_pack(city, station, BatteryState.CHARGING)
    incident = await report(city, station, "charger_fault", battery_id=pack.id)

    await city.fired(minutes=10)

    assert (await now_of(city, incident)).runs[0].state is RunState.FAILED


async def test_a_precondition_keeps_a_runbook_from_running(city: City) -> None:
    station = await city.station(charging=0)
    await controller(city, station)

    incident = await report(city, station, "grid_unstable")

    assert incident.runs == ()
    assert "packs_charging does not hold" in incident.history[1].what


async def test_critical_has_its_ticket_at_once_beside_the_runbook(city: City) -> None:
    station = await city.station()
    await controller(city, station)

    incident = await report(city, station, severity=Severity.CRITICAL)

    assert (incident.level, incident.state) == (3, IncidentState.TICKETED)
    assert incident.running is not None
    assert incident.analysis is not None
    assert (await city.services.stations.status(station.id)).open_tickets == 1
    alerts = {alert["alert"] for alert in await city.told("alert:raised")}
    assert alerts == {"critical_fault", "ticket_opened"}


async def test_a_report_may_make_it_critical(city: City) -> None:
    station = await city.station()
    mild = await report(city, station, severity=Severity.LOW)
    assert mild.state is IncidentState.ASSESSED

    bad = await report(city, station, severity=Severity.CRITICAL)

    assert (bad.id, bad.level, bad.severity) == (mild.id, 3, Severity.CRITICAL)
    await city.fired(minutes=300)  # the climb of the mild one is off
    assert (await city.services.stations.status(station.id)).open_tickets == 1


async def test_a_worse_report_leaves_the_advice_less_time(city: City) -> None:
    station = await city.station()
    mild = await report(city, station, severity=Severity.LOW)

    await report(city, station, severity=Severity.HIGH)
    await city.fired(minutes=15)

    assert (await now_of(city, mild)).state is IncidentState.TICKETED


async def test_what_recovers_with_an_open_ticket_waits_for_a_person_and_may_come_back(city: City) -> None:
    station = await city.station()
    incident = await report(city, station, severity=Severity.CRITICAL)

    gone = await report(city, station, severity=Severity.CRITICAL, cleared=True)
    twice = await report(city, station, severity=Severity.CRITICAL, cleared=True)
    back = await report(city, station)

    assert (gone.state, gone.ended_at) == (IncidentState.CLEARED, None)
    assert twice.version == gone.version
    assert (back.id, back.state) == (incident.id, IncidentState.TICKETED)
    assert (await ticket_of(city, incident)).status == "open"


async def test_nothing_open_cannot_be_cleared(city: City) -> None:
    station = await city.station()
    with pytest.raises(NotFound):
        await report(city, station, cleared=True)


async def test_the_opinion_says_that_it_is_a_heuristic_and_follows_the_signs(city: City) -> None:
    station = await city.station()
    first = await report(city, station, "strange_smell")
    await report(city, station, "strange_smell", cleared=True)
    city.clock.forward(hours=1)

    again = await report(city, station, "strange_smell")

    assert first.analysis
    assert again.analysis
    assert again.analysis.source == "heuristic"
    assert 0 < first.analysis.probability < again.analysis.probability < 1
    assert [reason.feature for reason in again.analysis.reasons] == ["severity", "same_fault_7d"]
    assert sum(reason.effect for reason in again.analysis.reasons) == pytest.approx(
        again.analysis.probability, abs=0.002
    )
    assert "come back" in again.analysis.recommendation


# -- packs


async def test_a_pack_that_is_reported_is_quarantined_and_its_promise_kept(city: City) -> None:
    station = await city.station(charged=2)
    rider = await city.rider()
    await city.place(station, rider)
    await city.arrive(rider, station)
    entry = await city.services.world.records.now.queues.first({"user_id": rider})
    assert entry
    assert entry.battery_id

    await report(city, station, "battery_overheat", battery_id=entry.battery_id)

    reads = city.services.world.records.now
    reported, after = await reads.batteries.get(entry.battery_id), await reads.queues.get(entry.id)
    swap = await reads.swaps.get(entry.swap_id)
    assert reported
    assert after
    assert swap
    assert (reported.state, reported.held_for) == (BatteryState.QUARANTINED, None)
    assert after.battery_id not in (None, reported.id)
    assert swap.assigned_battery_id == after.battery_id
    status = await city.services.stations.status(station.id)
    assert (status.batteries.quarantined, status.batteries.held, status.charged_batteries) == (1, 1, 0)
    assert status.predicted_fault_risk > 0
    assert (await city.told("queue:updated"))[-1]["battery_id"] == after.battery_id


async def test_without_another_pack_the_rider_keeps_the_place(city: City) -> None:
    station = await city.station(charged=1)
    rider = await city.rider()
    place = await city.place(station, rider)
    await city.arrive(rider, station)
    (pack,) = await city.services.world.records.now.batteries.find({"held_for": place.entry_id})

    await report(city, station, "battery_fault", battery_id=pack.id)

    entry = await city.services.world.records.now.queues.get(place.entry_id)
    assert entry
    assert (entry.battery_id, entry.state, entry.pack) == (None, "arrived", "short")
    assert entry.called_at is None
    assert await city.services.queue.mine(rider)


async def test_a_riders_pack_is_quarantined_when_it_comes_back(city: City) -> None:
    station, rider = await city.station(), await city.rider()
    pack = await city.pack_of(rider)
    assert pack
    await report(city, station, "battery_overheat", battery_id=pack.id)
    assert await city.pack_of(rider) == pack  # it is still being ridden with

    await swapped(city, station, rider, PackHealth.HEALTHY)

    back = await city.services.world.records.now.batteries.get(pack.id)
    assert back
    assert back.state is BatteryState.QUARANTINED


async def test_packs_that_are_not_here_cannot_be_reported(city: City) -> None:
    station, elsewhere = await city.station(), await city.station()
    with pytest.raises(NotFound):
        await report(city, station, battery_id="battery_none")
    with pytest.raises(WrongBattery):
        await report(city, station, battery_id=(await free_pack(city, elsewhere)).id)
    assert await city.services.world.records.now.incidents.count({"state": INCIDENT_OPEN}) == 0


async def test_a_faulty_pack_at_a_swap_is_an_incident_with_a_ticket(city: City) -> None:
    station, rider = await city.station(), await city.rider()
    old = await city.pack_of(rider)
    assert old

    swap_id = await swapped(city, station, rider, PackHealth.FAULTY, notes="swollen")

    (incident,) = await city.services.world.records.now.incidents.find({"station_id": station.id})
    ticket = await ticket_of(city, incident)
    assert (incident.state, incident.level, incident.reported_by) == ("ticketed", 3, "staff_x")
    assert (ticket.swap_id, ticket.battery_id, ticket.description) == (swap_id, old.id, "swollen")


def test_every_runbook_is_declared_in_full() -> None:
    kinds = [kind for runbook in RUNBOOKS for kind in runbook.kinds]
    assert len(kinds) == len(set(kinds))
    for runbook in RUNBOOKS:
        assert runbook.per_hour == 2
        assert runbook.time_limit.total_seconds() > 0
        assert runbook.action


def test_the_docs_know_every_runbook() -> None:
    text = (Path(__file__).parents[3] / "docs" / "faults.md").read_text()
    for runbook in RUNBOOKS:
        (row,) = [line for line in text.splitlines() if line.startswith(f"| `{runbook.name}` |")]
        words = {runbook.action, runbook.undo or runbook.action, *runbook.kinds}
        assert all(f"`{word}`" in row for word in words)
        assert f"{runbook.time_limit.total_seconds() / 60:g} min" in row


# -- telemetry


async def test_a_hot_pack_is_an_incident_once_and_cooling_is_its_proof(city: City) -> None:
    station = await city.station(charged=2)
    pack = await free_pack(city, station)

    async def read(temperature_c: float) -> None:
        reading = SlotReading(battery_id=pack.id, soc=pack.soc, temperature_c=temperature_c)
        await city.services.stations.telemetry(station.id, [reading])

    for warm in (44, 59):
        await read(warm)
    calm = await city.services.world.records.now.incidents.count({})
    for hot in (61, 62, 61):
        await read(hot)
    (incident,) = await city.services.world.records.now.incidents.find({})
    for cooler in (50, 44, 40):
        await read(cooler)

    assert calm == 0
    assert (incident.kind, incident.reports, incident.severity) == ("battery_overheat", 1, Severity.HIGH)
    after = await now_of(city, incident)
    assert (after.state, after.end_reason) == (IncidentState.RECOVERED, "reported gone by telemetry")
    out = await city.services.world.records.now.batteries.get(pack.id)
    assert out
    assert out.state is BatteryState.QUARANTINED  # a person looks at it first
    assert await city.services.stations.live_equals_records()


async def test_a_burning_pack_has_a_ticket_at_once(city: City) -> None:
    station = await city.station(charged=1)
    pack = await free_pack(city, station)

    for hot in (62, 80, 81):
        reading = SlotReading(battery_id=pack.id, soc=pack.soc, temperature_c=hot)
        await city.services.stations.telemetry(station.id, [reading])

    (incident,) = await city.services.world.records.now.incidents.find({})
    assert (incident.reports, incident.severity, incident.level) == (2, Severity.CRITICAL, 3)
    assert (await city.services.stations.status(station.id)).open_tickets == 1


async def test_a_pack_whose_health_drops_is_quarantined(city: City) -> None:
    station = await city.station(charged=1)
    pack = await free_pack(city, station)

    for soh in (97, 86, 86):
        reading = SlotReading(battery_id=pack.id, soc=pack.soc, soh=soh)
        await city.services.stations.telemetry(station.id, [reading])

    (incident,) = await city.services.world.records.now.incidents.find({})
    assert (incident.kind, incident.reports) == ("battery_health", 1)
    assert incident.description == "state of health fell from 97 to 86 %"
    assert (await city.services.stations.status(station.id)).batteries.quarantined == 1
