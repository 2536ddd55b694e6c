"""Faults that a pack's own readings show: too hot, or suddenly worn. Proof either way is a reading."""

from __future__ import annotations

from typing import Final

from services.fault_models import Incident, Severity
from services.faults import FaultService, Report
from services.models import Battery
from services.ports import Transaction
from services.states import BatteryState, IncidentState

BY: Final = "telemetry"  # who reports
OVERHEAT: Final = "battery_overheat"
WORN: Final = "battery_health"

HOT_C: Final = 60.0
"""The usual limit of lithium cells while charging is 45 °C; at 60 °C they are taken out of use."""
BURNING_C: Final = 75.0  # cells may heat themselves from here on
COOL_C: Final = 45.0
HEALTH_DROP: Final = 10.0  # of the state of health between two readings, percentage points


class PackWatch:
    """Looks at each reading of a pack in a slot; the caller publishes the station when told to."""

    def __init__(self, faults: FaultService) -> None:
        self._faults = faults

    async def look(
        self, tx: Transaction, pack: Battery, *, temperature_c: float | None, soh: float | None
    ) -> bool:
        """Compare a reading with the pack as it was recorded before; has an incident changed?"""
        changed = False
        if soh is not None and pack.soh - soh >= HEALTH_DROP:
            what = f"state of health fell from {pack.soh:g} to {soh:g} %"
            changed = await self._found(tx, self._report(pack, WORN, Severity.MEDIUM, what))
        if temperature_c is not None and temperature_c >= HOT_C:
            severity = Severity.CRITICAL if temperature_c >= BURNING_C else Severity.HIGH
            hot = self._report(pack, OVERHEAT, severity, f"{temperature_c:g} °C")
            changed |= await self._found(tx, hot)
        elif temperature_c is not None and temperature_c <= COOL_C:
            changed |= await self._cooled(tx, pack)
        return changed

    def _report(self, pack: Battery, kind: str, severity: Severity, what: str) -> Report:
        return Report(
            station_id=pack.holder.id, battery_id=pack.id, kind=kind, severity=severity, description=what
        )

    async def _found(self, tx: Transaction, report: Report) -> bool:
        """Readings come every few seconds: only what says something new is a report."""
        known = await self._faults.known(tx, report)
        if known is not None and not _is_news(known, report):
            return False
        await self._faults.take(tx, report, by=BY)
        return True

    async def _cooled(self, tx: Transaction, pack: Battery) -> bool:
        if pack.state is not BatteryState.QUARANTINED:
            return False
        gone = self._report(pack, OVERHEAT, Severity.HIGH, "").model_copy(update={"cleared": True})
        known = await self._faults.known(tx, gone)
        if known is None or known.state is IncidentState.CLEARED:
            return False
        await self._faults.take(tx, gone, by=BY)
        return True


def _is_news(known: Incident, report: Report) -> bool:
    """Has it come back, or is it worse than was known?"""
    is_worse = known.severity.at_least(report.severity) is not known.severity
    return known.state is IncidentState.CLEARED or is_worse
