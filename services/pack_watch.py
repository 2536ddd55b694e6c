"""Faults that a pack's own readings show: too hot, or suddenly worn. Proof either way is a reading."""

from __future__ import annotations

from typing import Final

from services.fault_models import Severity
from services.faults import Report
from services.findings import Findings
from services.models import Battery
from services.ports import Transaction
from services.states import BatteryState

OVERHEAT: Final = "battery_overheat"
WORN: Final = "battery_health"

HOT_C: Final = 60.0
"""The usual limit of lithium cells while charging is 45 °C; at 60 °C they are taken out of use."""
BURNING_C: Final = 75.0  # cells may heat themselves from here on
COOL_C: Final = 45.0
HEALTH_DROP: Final = 10.0  # of the state of health between two readings, percentage points


class PackWatch:
    """Looks at each reading of a pack in a slot; the caller publishes the station when told to."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings

    async def look(
        self, tx: Transaction, pack: Battery, *, temperature_c: float | None, soh: float | None
    ) -> bool:
        """Compare a reading with the pack as it was recorded before; has an incident changed?"""
        changed = False
        if soh is not None and pack.soh - soh >= HEALTH_DROP:
            what = f"state of health fell from {pack.soh:g} to {soh:g} %"
            changed = await self._findings.found(tx, self._report(pack, WORN, Severity.MEDIUM, what))
        if temperature_c is not None and temperature_c >= HOT_C:
            severity = Severity.CRITICAL if temperature_c >= BURNING_C else Severity.HIGH
            hot = self._report(pack, OVERHEAT, severity, f"{temperature_c:g} °C")
            changed |= await self._findings.found(tx, hot)
        elif temperature_c is not None and temperature_c <= COOL_C:
            changed |= await self._cooled(tx, pack)
        return changed

    def _report(self, pack: Battery, kind: str, severity: Severity, what: str) -> Report:
        return Report(
            station_id=pack.holder.id, battery_id=pack.id, kind=kind, severity=severity, description=what
        )

    async def _cooled(self, tx: Transaction, pack: Battery) -> bool:
        if pack.state is not BatteryState.QUARANTINED:
            return False
        return await self._findings.gone(tx, self._report(pack, OVERHEAT, Severity.HIGH, ""))
