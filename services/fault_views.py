"""Incidents and tickets as answers and events show them: the whole of one, whatever has changed."""

from __future__ import annotations

from services.base import Instant, Model
from services.clocks import Clocks, clocks_of
from services.fault_models import Analysis, Incident, Note, Run, Severity, Step, Ticket
from services.states import IncidentState, TicketStatus


class IncidentView(Model):
    """An incident without its history."""

    incident_id: str
    version: int
    station_id: str
    battery_id: str | None
    kind: str
    severity: Severity
    level: int
    state: IncidentState
    description: str | None
    reports: int
    reported_by: str
    raised_at: Instant
    last_reported_at: Instant
    runs: tuple[Run, ...]
    analysis: Analysis | None
    climbs_at: Instant | None
    ticket_id: str | None
    ended_at: Instant | None
    end_reason: str | None


class FaultTaken(Model):
    """What a report has come to."""

    incident_id: str
    version: int
    level: int
    state: IncidentState
    severity: Severity
    reports: int
    ticket_id: str | None


class IncidentDetails(IncidentView):
    """An incident with everything that has happened to it, oldest first."""

    history: tuple[Step, ...]


class TicketView(Model):
    """A ticket with its clocks, without its notes."""

    ticket_id: str
    version: int
    incident_id: str | None
    station_id: str
    battery_id: str | None
    swap_id: str | None
    kind: str
    description: str | None
    status: TicketStatus
    severity: Severity
    assignee: str | None
    clocks: Clocks
    opened_at: Instant
    acknowledged_at: Instant | None
    resolved_at: Instant | None
    closed_at: Instant | None


class TicketDetails(TicketView):
    """A ticket with what people have said about it, oldest first."""

    notes: tuple[Note, ...]


def incident_view(incident: Incident) -> IncidentView:
    return IncidentView(incident_id=incident.id, **dict(incident))


def taken(incident: Incident) -> FaultTaken:
    return FaultTaken(incident_id=incident.id, **dict(incident))


def incident_details(incident: Incident) -> IncidentDetails:
    return IncidentDetails(incident_id=incident.id, **dict(incident))


def ticket_view(ticket: Ticket) -> TicketView:
    return TicketView(ticket_id=ticket.id, clocks=clocks_of(ticket), **dict(ticket))


def ticket_details(ticket: Ticket) -> TicketDetails:
    return TicketDetails(ticket_id=ticket.id, clocks=clocks_of(ticket), **dict(ticket))
