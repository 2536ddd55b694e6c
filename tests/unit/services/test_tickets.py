"""A ticket's states, its two clocks, and what it does to its incident."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services.errors import Conflict, NotFound, ValidationFailed
from services.fault_models import Severity
from services.models import Role, User
from services.states import IncidentState, TicketStatus
from tests.unit.services.city import City
from tests.unit.services.faulty import change, controller, now_of, percents, report, ticket_of


async def _critical(city: City) -> tuple[Any, Any]:
    """A critical incident, and its ticket: 5 minutes to acknowledge, 2 hours to repair."""
    incident = await report(city, await city.station(), severity=Severity.CRITICAL)
    return incident, await ticket_of(city, incident)


async def test_both_clocks_escalate_at_half_three_quarters_and_all(city: City) -> None:
    await _critical(city)

    for _ in range(16):
        await city.fired(minutes=0.5)
    acknowledge = await percents(city, "acknowledge")
    for _ in range(13):
        await city.fired(minutes=10)

    assert acknowledge == await percents(city, "acknowledge") == [50, 75, 100]
    assert await percents(city, "repair") == [50, 75, 100]
    assert {told["type"] for told in await city.told("ticket:changed")} == {
        "ticket.opened",
        "ticket.escalated",
    }


async def test_after_an_outage_only_the_highest_part_is_told(city: City) -> None:
    await _critical(city)

    await city.fired(minutes=4)

    assert await percents(city, "acknowledge") == [75]


async def test_an_acknowledged_ticket_has_only_its_repair_clock(city: City) -> None:
    _, ticket = await _critical(city)

    answer = await change(city, ticket, TicketStatus.ACKNOWLEDGED)
    await city.fired(minutes=10)

    assert answer.clocks.acknowledge.met_at == ticket.opened_at
    assert answer.clocks.acknowledge.due_at is None
    assert answer.clocks.repair.due_at is not None
    assert await percents(city, "acknowledge") == []


async def test_a_pause_stops_both_clocks_and_gives_the_time_back(city: City) -> None:
    _, ticket = await _critical(city)
    city.clock.forward(minutes=1)

    paused = await change(city, ticket, paused=True, note="no spare part")
    await city.fired(minutes=600)
    silent = await percents(city, "acknowledge") + await percents(city, "repair")
    going = await change(city, ticket, paused=False)
    await city.fired(minutes=1.5)

    assert paused.clocks.pause_reason == "no spare part"
    assert (paused.clocks.acknowledge.due_at, paused.clocks.acknowledge.remaining_s) == (None, 240)
    assert silent == []
    assert going.clocks.acknowledge.due_at == ticket.opened_at + timedelta(minutes=605)
    assert await percents(city, "acknowledge") == [50]


async def test_a_pause_is_not_begun_or_ended_twice(city: City) -> None:
    _, ticket = await _critical(city)

    with pytest.raises(Conflict):
        await change(city, ticket, paused=False)
    await change(city, ticket, paused=True, note="waiting")
    with pytest.raises(Conflict):
        await change(city, ticket, paused=True, note="waiting")
    with pytest.raises(Conflict):
        await change(city, ticket, TicketStatus.RESOLVED, paused=False)


async def test_a_resolved_ticket_ends_its_incident_and_can_be_taken_up_again(city: City) -> None:
    incident, ticket = await _critical(city)
    city.clock.forward(minutes=3)

    await change(city, ticket, TicketStatus.RESOLVED, note="slot freed by hand")
    ended = await now_of(city, incident)
    none_open = (await city.services.stations.status(incident.station_id)).open_tickets
    await city.fired(minutes=300)
    again = await change(city, ticket, TicketStatus.IN_PROGRESS)

    assert (ended.state, ended.end_reason) == (IncidentState.RESOLVED, "slot freed by hand")
    assert none_open == 0
    assert await percents(city, "repair") == []
    assert (await now_of(city, incident)).state is IncidentState.TICKETED
    assert again.resolved_at is None
    assert again.clocks.repair.due_at == ticket.opened_at + timedelta(minutes=120 + 300)
    assert (await city.services.stations.status(incident.station_id)).open_tickets == 1


async def test_a_ticket_is_not_taken_up_while_the_fault_is_another_incident(city: City) -> None:
    incident, ticket = await _critical(city)
    await change(city, ticket, TicketStatus.RESOLVED)
    station = await city.services.world.records.now.stations.get(incident.station_id)
    assert station
    other = await report(city, station)
    assert other.id != incident.id

    with pytest.raises(Conflict) as refused:
        await change(city, ticket, TicketStatus.IN_PROGRESS)

    assert refused.value.details == {"incident_id": other.id}


async def test_an_unresolved_ticket_is_not_closed_without_a_word(city: City) -> None:
    incident, ticket = await _critical(city)

    with pytest.raises(ValidationFailed):
        await change(city, ticket, TicketStatus.CLOSED)
    closed = await change(city, ticket, TicketStatus.CLOSED, note="a false alarm")

    assert closed.notes[0].text == "a false alarm"
    assert (await now_of(city, incident)).end_reason == "a false alarm"
    assert (await city.told("ticket:changed"))[-1]["type"] == "ticket.closed"
    for status in TicketStatus:
        with pytest.raises(Conflict):
            await change(city, ticket, status, note="again")


async def test_resolving_stops_the_runbook_beside_it(city: City) -> None:
    station = await city.station()
    await controller(city, station)
    incident = await report(city, station, severity=Severity.CRITICAL)

    await change(city, await ticket_of(city, incident), TicketStatus.RESOLVED)
    await city.fired(minutes=10)

    ended = await now_of(city, incident)
    assert ended.state is IncidentState.RESOLVED
    assert [run.state for run in ended.runs] == ["interrupted"]


async def test_a_worse_incident_shortens_its_tickets_clocks(city: City) -> None:
    station = await city.station()
    incident = await report(city, station, severity=Severity.HIGH)
    await city.fired(minutes=15)
    ticket = await ticket_of(city, incident)

    await report(city, station, severity=Severity.CRITICAL)
    await city.fired(minutes=2.5)

    assert (await city.services.tickets.get(ticket.id)).severity is Severity.CRITICAL
    assert await percents(city, "acknowledge") == [50]


async def test_only_people_of_the_station_get_a_ticket(city: City) -> None:
    incident, ticket = await _critical(city)
    elsewhere = await city.station()
    here = await city.services.world.records.now.staff_assignments.find({"station_id": incident.station_id})
    there = await city.services.world.records.now.staff_assignments.find({"station_id": elsewhere.id})
    async with city.services.world.records.transaction() as tx:
        await tx.users.insert(User(id="admin_x", role=Role.ADMIN, name="x", created_at=city.clock()))

    for nobody in ("ghost", await city.rider()):
        with pytest.raises(NotFound):
            await change(city, ticket, assigns=True, assignee=nobody)
    with pytest.raises(Conflict):
        await change(city, ticket, assigns=True, assignee=there[0].staff_id)
    for somebody in (here[0].staff_id, "admin_x", None):
        answer = await change(city, ticket, assigns=True, assignee=somebody)
        assert answer.assignee == somebody


async def test_notes_are_bounded(city: City) -> None:
    _, ticket = await _critical(city)

    for number in range(103):
        answer = await change(city, ticket, note=f"note {number}")

    assert [note.text for note in answer.notes][::99] == ["note 3", "note 102"]
