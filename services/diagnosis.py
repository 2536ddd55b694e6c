"""Level 2: will a fault need a person, and what should they do? The declared heuristic.

Signs add up in the exponent of 1 - exp(-sum), so that each makes it more likely and none makes it
certain. The weights are judgement, not measurement, and the answer says so: `source: "heuristic"`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import exp
from typing import Final

from services.fault_models import Analysis, Incident, Reason, RunState, Severity
from services.models import Battery
from services.ports import Range, Transaction
from services.runbooks import ADVICE, runbook_for
from services.states import TICKET_OPEN

VERSION: Final = "fault-heuristic-1"
LATELY: Final = timedelta(days=7)
MOST_REASONS: Final = 3

BY_SEVERITY: Final = {Severity.LOW: 0.1, Severity.MEDIUM: 0.3, Severity.HIGH: 0.8, Severity.CRITICAL: 2.0}
PER_FAILED_RUN: Final = 0.6
PER_SAME_CAUSE: Final = 0.4  # of the last week
PER_OTHER_FAULT: Final = 0.1  # of the last week, at the station
PER_OPEN_TICKET: Final = 0.1
WARM_C: Final = 45.0
PER_DEGREE_OVER: Final = 0.05
WORN_SOH: Final = 80.0
PER_PERCENT_UNDER: Final = 0.03


@dataclass(frozen=True, slots=True)
class Signs:
    """What the records know of a fault."""

    severity: Severity
    failed_runs: int
    same_cause: int
    other_faults: int
    open_tickets: int
    temperature_c: float | None = None
    soh: float | None = None

    def weights(self) -> dict[str, float]:
        """How much each sign adds to the exponent."""
        over = max(0.0, self.temperature_c - WARM_C) if self.temperature_c is not None else 0.0
        under = max(0.0, WORN_SOH - self.soh) if self.soh is not None else 0.0
        return {
            "severity": BY_SEVERITY[self.severity],
            "failed_runs": PER_FAILED_RUN * self.failed_runs,
            "same_fault_7d": PER_SAME_CAUSE * self.same_cause,
            "other_faults_7d": PER_OTHER_FAULT * self.other_faults,
            "open_tickets": PER_OPEN_TICKET * self.open_tickets,
            "temperature_c": PER_DEGREE_OVER * over,
            "soh": PER_PERCENT_UNDER * under,
        }


def diagnose(signs: Signs, kind: str, at: datetime) -> Analysis:
    """The opinion on a fault with these signs."""
    weights = signs.weights()
    total = sum(weights.values())
    main = sorted(weights.items(), key=lambda sign: -sign[1])[:MOST_REASONS]
    probability = round(1 - exp(-total), 3)
    return Analysis(
        probability=probability,
        reasons=tuple(
            Reason(feature=name, effect=round(probability * weight / total, 3))
            for name, weight in main
            if weight > 0
        ),
        recommendation=_advice(kind, signs),
        source="heuristic",
        model_version=VERSION,
        at=at,
    )


def _advice(kind: str, signs: Signs) -> str:
    runbook = runbook_for(kind)
    if runbook is not None:
        return ADVICE[runbook.name]
    if signs.same_cause:
        return "It has come back: look for the cause on site instead of resetting it again."
    return "Have a look at it on site and write down what you find."


async def signs_of(tx: Transaction, incident: Incident, pack: Battery | None) -> Signs:
    """Read from the records; an incident that is not stored yet does not count itself."""
    since = Range(gte=incident.raised_at - LATELY)
    lately = await tx.incidents.find({"station_id": incident.station_id, "raised_at": since})
    others = [one for one in lately if one.id != incident.id]
    same = sum(one.cause == incident.cause for one in others)
    return Signs(
        severity=incident.severity,
        failed_runs=sum(run.state is RunState.FAILED for run in incident.runs),
        same_cause=same,
        other_faults=len(others) - same,
        open_tickets=await tx.tickets.count({"station_id": incident.station_id, "status": TICKET_OPEN}),
        temperature_c=pack.temperature_c if pack else None,
        soh=pack.soh if pack else None,
    )
