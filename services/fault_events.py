"""Facts about incidents and tickets. Each carries the whole of its subject, whatever has changed."""

from __future__ import annotations

from typing import ClassVar, Self

from services.clocks import Clock
from services.events import AtStation, ForStaff, Topic
from services.fault_models import Incident, Severity, Ticket
from services.fault_views import IncidentView, TicketView, incident_view, ticket_view
from services.world import Stamp


class FaultChanged(IncidentView, ForStaff):
    """An incident: what is now known of it, and what is being done."""

    name = "fault:changed"
    type: ClassVar[str | None] = "fault.changed"
    topic: ClassVar[Topic | None] = Topic.ALERT

    @classmethod
    def of(cls, incident: Incident, stamp: Stamp) -> Self:
        return cls(**stamp, **dict(incident_view(incident)))


class FaultRaised(FaultChanged):
    """A fault was reported that was not known at this station."""

    name = "fault:raised"
    type = "fault.raised"


class FaultEscalated(FaultChanged):
    """An incident has climbed to the next level."""

    type = "fault.escalated"


class FaultRecovered(FaultChanged):
    """A fault has gone; with an open ticket, people still look at it."""

    type = "fault.recovered"


class FaultResolved(FaultChanged):
    """People have ended an incident."""

    type = "fault.resolved"


class TicketChanged(TicketView, ForStaff):
    """A ticket: its state, its assignee, its clocks."""

    name = "ticket:changed"
    type: ClassVar[str | None] = "ticket.changed"
    topic: ClassVar[Topic | None] = Topic.ALERT

    @classmethod
    def of(cls, ticket: Ticket, stamp: Stamp) -> Self:
        return cls(**stamp, **dict(ticket_view(ticket)))


class TicketOpened(TicketChanged):
    """An incident has become a person's work; both clocks run."""

    type = "ticket.opened"


class TicketEscalated(TicketChanged):
    """A clock has reached 50, 75 or 100 % of its limit."""

    type = "ticket.escalated"


class TicketClosed(TicketChanged):
    """Nothing more is done about a ticket."""

    type = "ticket.closed"


class AlertRaised(AtStation):
    """Something that an admin should look at now; what it is about is in its own events, too."""

    name = "alert:raised"
    type = "alert.raised"
    topic: ClassVar[Topic | None] = Topic.ALERT

    alert: str  # critical_fault, ticket_opened, ticket_clock, load_spike or stock_low
    severity: Severity
    kind: str
    incident_id: str | None = None
    ticket_id: str | None = None
    predicted_value: float | None = None  # of the forecast that has passed its threshold
    threshold: float | None = None
    clock: Clock | None = None
    percent: int | None = None  # of the clock's limit

    def rooms(self) -> tuple[str, ...]:
        return ("admin",)


class DeviceCommanded(ForStaff):
    """A runbook asks the station's controller for something; it reports with `fault:report`."""

    name = "device:command"
    type = "device.commanded"
    topic: ClassVar[Topic | None] = Topic.ALERT

    incident_id: str
    run_id: str
    runbook: str
    device_id: str
    command: str
    battery_id: str | None
    slot: int | None

    def rooms(self) -> tuple[str, ...]:
        return (f"user:{self.device_id}", *super().rooms())
