"""Incidents of the past at a station: how many, how long it was down, what goes with the one in hand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from mlmodels.history import Faults
from services.fault_models import Incident, RunState, Severity
from services.ports import Range, Snapshot, Transaction, Where

LATELY: Final = timedelta(days=7)
BACK: Final = timedelta(days=28)
MOST: Final = 1000  # incidents that are looked at, the oldest first
DOWN: Final = (Severity.HIGH, Severity.CRITICAL)
"""A fault as bad as this puts the station out of service."""

_RANKS: Final = {severity: rank for rank, severity in enumerate(Severity, 1)}


async def faults_of(
    reads: Snapshot | Transaction,
    station_id: str,
    at: datetime,
    *,
    in_service_since: datetime | None = None,
    incident: Incident | None = None,
) -> Faults:
    """What the last 28 days say; the incident that is asked about does not count itself."""
    where: Where = {"station_id": station_id, "raised_at": Range(gte=at - BACK)}
    found = await reads.incidents.find(where, order=("raised_at",), limit=MOST)
    others = [one for one in found if incident is None or one.id != incident.id]
    lately = [one for one in others if one.raised_at >= at - LATELY]
    outages = [one for one in others if one.severity in DOWN]
    starts = [one.raised_at for one in found] + ([in_service_since] if in_service_since else [])
    known = Faults(
        days_known=min((at - min(starts)).days, BACK.days) if starts else 0,
        last_7d=len(lately),
        last_28d=len(others),
        outages_28d=len(outages),
        down_hours_28d=_hours(outages, at),
    )
    return _in_hand(known, incident, lately) if incident else known


def _in_hand(known: Faults, incident: Incident, lately: Iterable[Incident]) -> Faults:
    return replace(
        known,
        severity=_RANKS[incident.severity],
        failed_runs=sum(run.state is RunState.FAILED for run in incident.runs),
        same_7d=sum(one.cause == incident.cause for one in lately),
        in_hand=True,
    )


def _hours(outages: Sequence[Incident], at: datetime) -> int:
    """Whole hours in which at least one of them lasted; they come by their beginnings."""
    down, until = timedelta(0), at - BACK
    for one in outages:
        ends = one.ended_at or at
        down += max(timedelta(0), ends - max(one.raised_at, until))
        until = max(until, ends)
    return down // timedelta(hours=1)
