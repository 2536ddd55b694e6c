"""The documents of faults: an incident is one cause at one station, a ticket is a person's work on it."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field

from services.base import BatteryId, Document, Instant, Model, StationId, SwapId, UserId
from services.states import IncidentState, TicketStatus

MOST_STEPS: Final = 50  # of an incident's history, the newest
MOST_NOTES: Final = 100  # of a ticket, the newest

_SLUG: Final = re.compile(r"[a-z0-9][a-z0-9_]*")


def _slug(text: str) -> str:
    slug = re.sub(r"[\s-]+", "_", text.strip().lower())
    if not _SLUG.fullmatch(slug):
        raise ValueError("should be letters, digits and underscores, as in charger_fault")
    return slug


FaultKind = Annotated[str, Field(min_length=1, max_length=48), AfterValidator(_slug)]
"""What is wrong, in small letters: `charger_fault`. `Charger fault` is the same kind."""


class Severity(StrEnum):
    """How bad it is, the least first."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    def at_least(self, other: Severity) -> Severity:
        """The worse of the two."""
        order = list(Severity)
        return max(self, other, key=order.index)


class Step(Model):
    """One line of an incident's history."""

    at: Instant
    what: str
    by: str | None = None  # a person or a device; null: the hub itself


class RunState(StrEnum):
    RUNNING = "running"
    VERIFIED = "verified"  # the fault is gone
    FAILED = "failed"  # it is not, and the action was taken back
    INTERRUPTED = "interrupted"  # people have ended the incident meanwhile


class Run(Model):
    """One attempt of a runbook."""

    run_id: str
    runbook: str
    attempt: int
    action: str
    state: RunState = RunState.RUNNING
    started_at: Instant
    until: Instant  # verified by then, or failed
    ended_at: Instant | None = None
    soc_before: float | None = None  # of the pack that it is about, %


class Reason(Model):
    """A feature, and how much of the risk is its doing (0 to 1)."""

    feature: str
    effect: float


class Analysis(Model):
    """Level 2's opinion: will this need a person, why, and what should be done."""

    probability: float = Field(ge=0, le=1)
    reasons: tuple[Reason, ...]
    recommendation: str
    source: Literal["model", "heuristic"]
    model_version: str
    at: Instant


class _Drafted(Document):
    def drafted(self, **fields: object) -> Self:
        """A copy that is no version yet: several steps of one transaction make one version."""
        return self.model_copy(update=fields)


class Incident(_Drafted):
    """One cause at one station, while it is open. Collection `incidents`."""

    station_id: StationId
    kind: str
    battery_id: BatteryId | None = None
    cause: str  # kind and battery: unique per station among the open ones
    severity: Severity
    state: IncidentState
    level: int = Field(ge=1, le=3)
    description: str | None = None
    reports: int = 1
    reported_by: UserId
    raised_at: Instant
    last_reported_at: Instant
    runs: tuple[Run, ...] = ()
    last_run_at: Instant | None = None
    analysis: Analysis | None = None
    climbs_at: Instant | None = None  # to level 3, unless it ends before
    ticket_id: str | None = None
    ended_at: Instant | None = None
    end_reason: str | None = None
    history: tuple[Step, ...] = ()

    def noted(self, at: Instant, what: str, by: str | None = None) -> Self:
        """A draft with one more line of history."""
        return self.drafted(history=(*self.history, Step(at=at, what=what, by=by))[-MOST_STEPS:])

    @property
    def running(self) -> Run | None:
        """The attempt that is not decided yet."""
        last = self.runs[-1] if self.runs else None
        return last if last and last.state is RunState.RUNNING else None


class Note(Model):
    """What somebody said about a ticket."""

    at: Instant
    by: str
    text: str


class Ticket(_Drafted):
    """Work for a person, with a clock until it is acknowledged and one until it is repaired.

    Limits follow the severity; time spent in a pause does not count. Collection `tickets`.
    """

    incident_id: str | None = None  # null: from before there were incidents
    station_id: StationId
    battery_id: BatteryId | None = None
    swap_id: SwapId | None = None
    status: TicketStatus = TicketStatus.OPEN
    severity: Severity
    kind: str
    description: str | None = None
    assignee: UserId | None = None
    notes: tuple[Note, ...] = ()
    opened_at: Instant
    acknowledged_at: Instant | None = None
    resolved_at: Instant | None = None
    closed_at: Instant | None = None
    paused_at: Instant | None = None
    pause_reason: str | None = None
    paused_s: float = 0.0  # of the pauses that have ended
    acknowledge_escalated: int = 0  # % of the limit at which it was told last
    repair_escalated: int = 0

    def noted(self, at: Instant, by: str, text: str) -> Self:
        """A draft with one more note."""
        return self.drafted(notes=(*self.notes, Note(at=at, by=by, text=text))[-MOST_NOTES:])


def cause_of(kind: str, battery_id: str | None) -> str:
    """What makes two reports at a station the same incident."""
    return f"{kind}:{battery_id or ''}"
