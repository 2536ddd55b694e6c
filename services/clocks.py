"""The clocks of incidents and tickets: pure arithmetic on instants.

A clock is its limit, from the ticket's opening; pauses move it on. It escalates at 50, 75 and 100 %.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from services.base import Instant, Model
from services.fault_models import Severity, Ticket
from services.states import TICKET_OPEN

ESCALATIONS: Final = (50, 75, 100)  # % of the limit


class Clock(StrEnum):
    """What a ticket's time is measured for."""

    ACKNOWLEDGE = "acknowledge"
    REPAIR = "repair"


@dataclass(frozen=True, slots=True)
class Limits:
    """How long what may take. `climb`: how long level 2's advice stands before a ticket is opened."""

    climb: timedelta
    acknowledge: timedelta
    repair: timedelta


LIMITS: Final = {
    Severity.LOW: Limits(timedelta(hours=4), timedelta(hours=8), timedelta(hours=72)),
    Severity.MEDIUM: Limits(timedelta(hours=1), timedelta(hours=1), timedelta(hours=24)),
    Severity.HIGH: Limits(timedelta(minutes=15), timedelta(minutes=15), timedelta(hours=8)),
    Severity.CRITICAL: Limits(timedelta(0), timedelta(minutes=5), timedelta(hours=2)),
}


class ClockView(Model):
    """`due_at` while it runs, `remaining_s` while it is paused, `met_at` once it was kept."""

    limit_s: float
    due_at: Instant | None
    remaining_s: float | None
    met_at: Instant | None
    escalated_percent: int  # 0, 50, 75 or 100


class Clocks(Model):
    acknowledge: ClockView
    repair: ClockView
    paused_at: Instant | None
    pause_reason: str | None


def clocks_of(ticket: Ticket) -> Clocks:
    """Both clocks as everybody may see them."""
    return Clocks(
        acknowledge=_view(ticket, Clock.ACKNOWLEDGE),
        repair=_view(ticket, Clock.REPAIR),
        paused_at=ticket.paused_at,
        pause_reason=ticket.pause_reason,
    )


def _view(ticket: Ticket, clock: Clock) -> ClockView:
    running = is_running(ticket, clock)
    paused = ticket.paused_at is not None and _is_wanted(ticket, clock)
    left = _at(ticket, clock, 100) - ticket.paused_at if paused and ticket.paused_at else None
    return ClockView(
        limit_s=_limit(ticket, clock).total_seconds(),
        due_at=_at(ticket, clock, 100) if running else None,
        remaining_s=round(left.total_seconds(), 3) if left is not None else None,
        met_at=_met_at(ticket, clock),
        escalated_percent=escalated(ticket, clock),
    )


def is_running(ticket: Ticket, clock: Clock) -> bool:
    return ticket.paused_at is None and _is_wanted(ticket, clock)


def _is_wanted(ticket: Ticket, clock: Clock) -> bool:
    return ticket.status in TICKET_OPEN and _met_at(ticket, clock) is None


def _met_at(ticket: Ticket, clock: Clock) -> datetime | None:
    return ticket.acknowledged_at if clock is Clock.ACKNOWLEDGE else ticket.resolved_at


def escalated(ticket: Ticket, clock: Clock) -> int:
    """The percentage that was told last."""
    return ticket.acknowledge_escalated if clock is Clock.ACKNOWLEDGE else ticket.repair_escalated


def _limit(ticket: Ticket, clock: Clock) -> timedelta:
    limits = LIMITS[ticket.severity]
    return limits.acknowledge if clock is Clock.ACKNOWLEDGE else limits.repair


def _at(ticket: Ticket, clock: Clock, percent: int) -> datetime:
    """When so much of the limit has passed, pauses left out."""
    used = _limit(ticket, clock) * percent / 100 + timedelta(seconds=ticket.paused_s)
    return ticket.opened_at + used


def next_escalation(ticket: Ticket, clock: Clock) -> datetime | None:
    """When the next percentage is reached; none for a clock that stands."""
    if not is_running(ticket, clock):
        return None
    ahead = [percent for percent in ESCALATIONS if percent > escalated(ticket, clock)]
    return _at(ticket, clock, ahead[0]) if ahead else None


def reached(ticket: Ticket, clock: Clock, now: datetime) -> int:
    """The highest percentage reached by now; 0 for none, and for a clock that stands."""
    if not is_running(ticket, clock):
        return 0
    return max((percent for percent in ESCALATIONS if _at(ticket, clock, percent) <= now), default=0)
