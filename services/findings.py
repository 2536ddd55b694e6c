"""What the hub itself finds out about packs: told once, and again only when there is something new to say."""

from __future__ import annotations

from typing import Final

from services.fault_models import Incident
from services.faults import FaultService, Report
from services.ports import Transaction
from services.states import IncidentState

BY: Final = "telemetry"  # who reports what readings show


class Findings:
    """Steps inside the caller's transaction, who publishes the station when an incident has changed."""

    def __init__(self, faults: FaultService) -> None:
        self._faults = faults

    async def found(self, tx: Transaction, report: Report, *, by: str = BY) -> bool:
        """Readings come every few seconds: only what says something new is a report. Was it one?"""
        known = await self._faults.known(tx, report)
        if known is not None and not _is_news(known, report):
            return False
        await self._faults.take(tx, report, by=by)
        return True

    async def gone(self, tx: Transaction, report: Report, *, by: str = BY) -> bool:
        """What a report says is not so any more. Was it known to be so?"""
        known = await self._faults.known(tx, report)
        if known is None or known.state is IncidentState.CLEARED:
            return False
        await self._faults.take(tx, report.model_copy(update={"cleared": True}), by=by)
        return True


def _is_news(known: Incident, report: Report) -> bool:
    """Has it come back, or is it worse than was known?"""
    is_worse = known.severity.at_least(report.severity) is not known.severity
    return known.state is IncidentState.CLEARED or is_worse
