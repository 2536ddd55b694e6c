"""After any history of reports, work and time: incidents, tickets, clocks and rooms agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, suppress
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.snapshots import Snapshots
from services.clocks import Clock, next_escalation
from services.errors import HubError
from services.fault_models import Incident, Severity
from services.faults import Report
from services.runbooks import BY_NAME
from services.states import INCIDENT_OPEN, OPEN, TICKET_OPEN, BatteryState, IncidentState, TicketStatus
from services.tickets import TIMERS, TicketChange
from tests.property.rooms import plain
from tests.property.worlds import no_stats, played_in_a_city
from tests.unit.services.city import City
from tests.unit.services.faulty import controller

KINDS = ("slot_jam", "battery_overheat", "grid_unstable", "strange_smell")
OPERATIONS = ("report", "report", "clear", "work", "pause", "resume", "ride", "wait", "wait_long")

steps = st.lists(st.tuples(st.sampled_from(OPERATIONS), st.integers(0, 15)), min_size=1, max_size=30)


class FaultClient:
    """Of a room that shows incidents and tickets: the snapshot, then the events, and nothing else."""

    def __init__(self, snapshot: dict[str, Any]) -> None:
        self.incidents = {one["incident_id"]: one for one in snapshot["incidents"]}
        self.tickets = {one["ticket_id"]: one for one in snapshot["tickets"]}

    def hear(self, event: dict[str, Any]) -> None:
        view = {key: event[key] for key in event if key not in ("event", "rooms", "type", "id", "at")}
        if event["event"] in ("fault:raised", "fault:changed"):
            self._keep(self.incidents, view["incident_id"], view, view["state"] in INCIDENT_OPEN)
        elif event["event"] == "ticket:changed":
            self._keep(self.tickets, view["ticket_id"], view, view["status"] in TICKET_OPEN)

    def _keep(self, kept: dict[str, Any], id: str, view: dict[str, Any], is_open: bool) -> None:
        kept.pop(id, None)
        if is_open:
            kept[id] = view


class World:
    """One station with a controller, and what each operation does; the number chooses among the choices."""

    def __init__(self, city: City) -> None:
        self.city = city
        self.services = city.services
        self.snapshots = Snapshots(city.services, no_stats)

    async def fill(self) -> None:
        self.station = await self.city.station(charged=4, charging=1)
        self.riders = [await self.city.rider() for _ in range(3)]
        await controller(self.city, self.station)
        found = await self.services.world.records.now.batteries.find({"holder.id": self.station.id})
        self.packs = [pack.id for pack in found]

    async def step(self, operation: str, number: int) -> None:
        act: Callable[[int], Awaitable[Any]] = getattr(self, f"_{operation}")
        with suppress(HubError):
            await act(number)

    def _said(self, number: int) -> dict[str, Any]:
        kind = KINDS[number % len(KINDS)]
        about = self.packs[number % len(self.packs)] if kind == "battery_overheat" else None
        severity = list(Severity)[number // len(KINDS) % 4]
        return {"station_id": self.station.id, "kind": kind, "battery_id": about, "severity": severity}

    async def _report(self, number: int) -> None:
        await self.services.faults.report(Report(**self._said(number)), by="device_x")

    async def _clear(self, number: int) -> None:
        await self.services.faults.report(Report(**self._said(number), cleared=True), by="device_x")

    async def _change(self, number: int, change: TicketChange) -> None:
        tickets = await self.services.world.records.now.tickets.find({})
        if tickets:
            await self.services.tickets.update(tickets[number % len(tickets)].id, change, by="staff_x")

    async def _work(self, number: int) -> None:
        status = list(TicketStatus)[number % 5]
        await self._change(number // 5, TicketChange(status=status, note="done"))

    async def _pause(self, number: int) -> None:
        await self._change(number, TicketChange(paused=True, note="no part"))

    async def _resume(self, number: int) -> None:
        await self._change(number, TicketChange(paused=False))

    async def _ride(self, number: int) -> None:
        await self.services.queue.confirm(self.riders[number % 3], self.station.id)

    async def _wait(self, number: int) -> None:
        await self.city.fired(minutes=1 + number % 4)

    async def _wait_long(self, number: int) -> None:
        await self.city.fired(minutes=20 * (1 + number))


def world() -> AbstractAsyncContextManager[World]:
    return played_in_a_city(World)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(before=steps, after=steps)
async def test_rooms_follow_and_everything_agrees(
    before: list[tuple[str, int]], after: list[tuple[str, int]]
) -> None:
    async with world() as made:
        for operation, number in before:
            await made.step(operation, number)
        rooms = {
            f"station:{made.station.id}:staff": FaultClient(
                plain(await made.snapshots.staff(made.station.id))
            ),
            "admin": FaultClient(plain(await made.snapshots.admin())),
        }
        heard = len(await made.city.told())
        for operation, number in after:
            await made.step(operation, number)
        for event in (await made.city.told())[heard:]:
            for room in set(event["rooms"]) & set(rooms):
                rooms[room].hear(event)

        fresh = FaultClient(plain(await made.snapshots.staff(made.station.id)))
        for client in rooms.values():
            assert client.incidents == fresh.incidents
            assert client.tickets == fresh.tickets
        await _check(made)


async def _check(made: World) -> None:
    reads = made.services.world.records.now
    incidents, tickets = await reads.incidents.find({}), await reads.tickets.find({})
    by_id = {incident.id: incident for incident in incidents}
    timers = {timer.id: timer.due_at for timer in await reads.timers.find({})}
    _one_per_cause(incidents)
    _budgets_hold(incidents)
    for incident in incidents:
        _has_what_its_state_says(incident, timers)
    for ticket in tickets:
        open_too = by_id[ticket.incident_id or ""].state in (IncidentState.TICKETED, IncidentState.CLEARED)
        assert open_too == (ticket.status in TICKET_OPEN)
        due = {clock: timers.get(f"{TIMERS[clock]}:{ticket.id}") for clock in Clock}
        assert due == {clock: next_escalation(ticket, clock) for clock in Clock}
    status = await made.services.stations.status(made.station.id)
    assert status.open_tickets == sum(ticket.status in TICKET_OPEN for ticket in tickets)
    await _promises_hold(made)
    assert await made.services.stations.live_equals_records()


def _one_per_cause(incidents: list[Incident]) -> None:
    open_ones = Counter(one.cause for one in incidents if one.state in INCIDENT_OPEN)
    assert all(number == 1 for number in open_ones.values())


def _budgets_hold(incidents: list[Incident]) -> None:
    for name, runbook in BY_NAME.items():
        starts = sorted(run.started_at for one in incidents for run in one.runs if run.runbook == name)
        for first, later in zip(starts, starts[runbook.per_hour :], strict=False):
            assert later - first >= timedelta(hours=1)


def _has_what_its_state_says(incident: Incident, timers: dict[str, Any]) -> None:
    is_open = incident.state in INCIDENT_OPEN
    assert (incident.ended_at is None) == is_open
    assert (incident.end_reason is None) == is_open
    running = incident.running
    assert timers.get(f"fault.run:{incident.id}") == (running.until if running else None)
    climbs_at = timers.get(f"fault.climb:{incident.id}")
    assert climbs_at == (incident.climbs_at if is_open else None)
    assert (climbs_at is not None) == (incident.state is IncidentState.ASSESSED)
    assert running is None or is_open
    match incident.state:
        case IncidentState.ACTING:
            assert (incident.level, running is not None) == (1, True)
        case IncidentState.ASSESSED:
            assert (incident.level, incident.analysis is not None) == (2, True)
        case IncidentState.TICKETED | IncidentState.CLEARED | IncidentState.RESOLVED:
            assert (incident.level, incident.ticket_id is not None) == (3, True)
        case IncidentState.RECOVERED:
            assert incident.ticket_id is None


async def _promises_hold(made: World) -> None:
    reads = made.services.world.records.now
    entries = {entry.id: entry for entry in await reads.queues.find({"state": OPEN})}
    for pack in await reads.batteries.find({"holder.id": made.station.id}):
        if pack.held_for is not None:
            assert pack.state is not BatteryState.QUARANTINED
            assert entries[pack.held_for].battery_id == pack.id
    packs = [entry.battery_id for entry in entries.values() if entry.battery_id]
    assert len(packs) == len(set(packs))
