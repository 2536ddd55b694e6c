"""Level 3: a person's work on an incident, with two clocks that escalate."""

from __future__ import annotations

import builtins
from typing import Final

from services.answers import Page
from services.base import Model
from services.clocks import Clock, escalated, next_escalation, reached
from services.entries import Entries
from services.errors import Conflict, NotFound, ValidationFailed, raise_
from services.fault_events import AlertRaised, TicketChanged, TicketClosed, TicketEscalated, TicketOpened
from services.fault_models import Incident, Severity, Ticket
from services.fault_views import TicketDetails, TicketView, ticket_details, ticket_view
from services.incidents import Incidents
from services.models import Role
from services.paging import page
from services.people import PeopleService
from services.ports import Transaction, Where
from services.states import TICKET_MOVES, TICKET_OPEN, TicketStatus, moved
from services.timers import clear_timers, set_timer, timer
from services.world import World

TIMERS: Final = {Clock.ACKNOWLEDGE: "ticket.acknowledge", Clock.REPAIR: "ticket.repair"}
ESCALATED: Final = {Clock.ACKNOWLEDGE: "acknowledge_escalated", Clock.REPAIR: "repair_escalated"}
OFF_DUTY_TOO: Final = (Role.STAFF, Role.ADMIN)  # who may be given a ticket


class TicketChange(Model):
    """What is to be changed; what is none stays. `assigns`: an assignee of none takes it off."""

    status: TicketStatus | None = None
    assigns: bool = False
    assignee: str | None = None
    note: str | None = None
    paused: bool | None = None


class TicketService:
    """Opens, shows and changes tickets; tells when their clocks run out."""

    def __init__(self, world: World, entries: Entries, incidents: Incidents, people: PeopleService) -> None:
        self._world = world
        self._entries = entries
        self._incidents = incidents
        self._people = people

    async def get(self, ticket_id: str) -> Ticket:
        """Raises NotFound."""
        return await self._world.records.now.tickets.get(ticket_id) or raise_(NotFound(ticket_id=ticket_id))

    async def list(
        self, *, station_id: str | None, status: TicketStatus | None, limit: int, cursor: str | None
    ) -> Page[TicketView]:
        """Tickets of one station or of all, newest first."""
        wanted = {"station_id": station_id, "status": status}
        where: Where = {field: value for field, value in wanted.items() if value is not None}
        found = await page(self._world.records.now.tickets, where, limit=limit, cursor=cursor)
        items = [ticket_view(ticket) for ticket in found.items]
        return Page(items=items, next_cursor=found.next_cursor)

    async def open_of(self, station_id: str | None) -> builtins.list[TicketView]:
        """The open tickets of one station or of all, as rooms show them."""
        where: Where = {"station_id": station_id} if station_id else {}
        found = await self._world.records.now.tickets.find({**where, "status": TICKET_OPEN})
        return [ticket_view(ticket) for ticket in found]

    async def open_for(self, tx: Transaction, incident: Incident, *, swap_id: str | None = None) -> Ticket:
        """A new ticket for an incident, both clocks running; the caller publishes the station."""
        ticket = Ticket(
            id=self._world.ids(),
            incident_id=incident.id,
            station_id=incident.station_id,
            battery_id=incident.battery_id,
            swap_id=swap_id,
            severity=incident.severity,
            kind=incident.kind,
            description=incident.description,
            opened_at=self._world.clock(),
        )
        await tx.tickets.insert(ticket)
        await self._set_clocks(tx, ticket)
        tx.log(TicketOpened.of(ticket, self._world.stamp()), self._alert(ticket, "ticket_opened"))
        return ticket

    async def worsen(self, tx: Transaction, ticket_id: str, severity: Severity) -> None:
        """The incident is worse than was known: the limits are shorter from now on."""
        ticket = await tx.tickets.get(ticket_id) or raise_(NotFound(ticket_id=ticket_id))
        await self._store(tx, ticket.drafted(severity=severity))

    async def update(self, ticket_id: str, change: TicketChange, *, by: str) -> TicketDetails:
        """Change a ticket, and its incident with it.

        Raises NotFound, ValidationFailed for an unresolved ticket closed without a note, Conflict for a
        step that does not follow, and for an assignee who does not work at the station.
        """
        async with self._world.records.transaction() as tx:
            ticket = await tx.tickets.get(ticket_id) or raise_(NotFound(ticket_id=ticket_id))
            draft = self._step(ticket, change.status, change.note)
            draft = self._pause(draft, change.paused, change.note)
            if change.assigns:
                draft = await self._assign(draft, change.assignee)
            if change.note:
                draft = draft.noted(self._world.clock(), by, change.note)
            stored = await self._store(tx, draft, _fact_of(ticket, draft))
            await self._tell_incident(tx, ticket, stored, change.note, by)
            if (ticket.status in TICKET_OPEN) != (stored.status in TICKET_OPEN):
                await self._entries.publish(tx, stored.station_id)
        return ticket_details(stored)

    def _step(self, ticket: Ticket, status: TicketStatus | None, note: str | None) -> Ticket:
        if status is None:
            return ticket
        moved(TICKET_MOVES, ticket.status, status)
        if status is TicketStatus.CLOSED and ticket.status in TICKET_OPEN and not note:
            raise ValidationFailed([{"path": "note", "message": "should say why it is closed unresolved"}])
        now = self._world.clock()
        draft = ticket.drafted(status=status, acknowledged_at=ticket.acknowledged_at or now)
        if status is TicketStatus.CLOSED:
            return self._run_on(draft).drafted(closed_at=now)
        if status is TicketStatus.RESOLVED:
            return self._run_on(draft).drafted(resolved_at=now)
        return self._reopen(draft)

    def _reopen(self, draft: Ticket) -> Ticket:
        """The time in which it passed for repaired does not count."""
        if draft.resolved_at is None:
            return draft
        apart = (self._world.clock() - draft.resolved_at).total_seconds()
        return draft.drafted(resolved_at=None, paused_s=draft.paused_s + apart)

    def _pause(self, draft: Ticket, paused: bool | None, note: str | None) -> Ticket:
        if paused is None:
            return draft
        if draft.status not in TICKET_OPEN or paused == (draft.paused_at is not None):
            raise Conflict(status=draft.status, paused=draft.paused_at is not None)
        if paused:
            return draft.drafted(paused_at=self._world.clock(), pause_reason=note)
        return self._run_on(draft)

    def _run_on(self, draft: Ticket) -> Ticket:
        """End a pause, if there is one."""
        if draft.paused_at is None:
            return draft
        apart = (self._world.clock() - draft.paused_at).total_seconds()
        return draft.drafted(paused_at=None, pause_reason=None, paused_s=draft.paused_s + apart)

    async def _assign(self, draft: Ticket, assignee: str | None) -> Ticket:
        if assignee is None:
            return draft.drafted(assignee=None)
        user = await self._people.get(assignee)
        if user.role not in OFF_DUTY_TOO:
            raise NotFound(user_id=assignee)
        if user.role is Role.STAFF:
            duty = await self._people.duty(user.id, user.station_id)
            if duty.station_id != draft.station_id:
                raise Conflict(assignee=assignee, station_id=duty.station_id)
        return draft.drafted(assignee=assignee)

    async def _tell_incident(
        self, tx: Transaction, before: Ticket, after: Ticket, note: str | None, by: str
    ) -> None:
        if after.incident_id is None:
            return
        was_open, is_open = before.status in TICKET_OPEN, after.status in TICKET_OPEN
        if was_open and not is_open:
            await self._incidents.resolve(tx, after.incident_id, note or f"ticket {after.status}", by)
        elif is_open and not was_open:
            await self._incidents.take_up(tx, after.incident_id, by)

    # -- clocks

    async def on_acknowledge_due(self, tx: Transaction, ticket_id: str) -> None:
        await self._escalate(tx, ticket_id, Clock.ACKNOWLEDGE)

    async def on_repair_due(self, tx: Transaction, ticket_id: str) -> None:
        await self._escalate(tx, ticket_id, Clock.REPAIR)

    async def _escalate(self, tx: Transaction, ticket_id: str, clock: Clock) -> None:
        """Tell that a part of the limit has passed; after an outage the highest part, once."""
        ticket = await tx.tickets.get(ticket_id)
        if ticket is None:
            return
        percent = reached(ticket, clock, self._world.clock())
        if percent <= escalated(ticket, clock):
            await self._set_clocks(tx, ticket)
            return
        told = await self._store(tx, ticket.drafted(**{ESCALATED[clock]: percent}), TicketEscalated)
        tx.log(self._alert(told, "ticket_clock", clock, percent))

    async def _set_clocks(self, tx: Transaction, ticket: Ticket) -> None:
        for clock, kind in TIMERS.items():
            due_at = next_escalation(ticket, clock)
            if due_at is None:
                await clear_timers(tx, ticket.id, kind)
            else:
                await set_timer(tx, timer(kind, ticket.id, due_at))

    # -- what all of them share

    async def _store(
        self, tx: Transaction, draft: Ticket, fact: type[TicketChanged] = TicketChanged
    ) -> Ticket:
        stored = draft.changed()
        await tx.tickets.replace(stored)
        await self._set_clocks(tx, stored)
        tx.log(fact.of(stored, self._world.stamp()))
        return stored

    def _alert(
        self, ticket: Ticket, alert: str, clock: Clock | None = None, percent: int | None = None
    ) -> AlertRaised:
        return AlertRaised(
            **self._world.stamp(),
            version=ticket.version,
            station_id=ticket.station_id,
            alert=alert,
            severity=ticket.severity,
            kind=ticket.kind,
            incident_id=ticket.incident_id,
            ticket_id=ticket.id,
            clock=clock,
            percent=percent,
        )


def _fact_of(before: Ticket, after: Ticket) -> type[TicketChanged]:
    is_closed = after.status is TicketStatus.CLOSED and before.status is not TicketStatus.CLOSED
    return TicketClosed if is_closed else TicketChanged
