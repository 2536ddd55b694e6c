"""What goes before faults, and how often a station was down."""

from __future__ import annotations

from typing import Final

from mlmodels.history import History
from mlmodels.spec import Feature

DAYS: Final = Feature("days", "days of the last 28 from which the station's faults are known", high=28)

FAULT: Final = (
    Feature("severity", "of the incident asked about: 1 low to 4 critical, 0 none", high=4),
    Feature("failed_runs", "runbooks that have not helped with it"),
    Feature("same_fault_7d", "times that the same was reported there in a week"),
    Feature("other_faults_7d", "other faults there in a week"),
    Feature("open_tickets", "tickets that people work on"),
    Feature("quarantined_share", "share of the packs that are in quarantine", high=1),
    Feature("temperature_c", "of the pack asked about, else of the warmest, °C", prior=25, low=-60, high=200),
    Feature("soh", "state of health of the pack asked about, else of the worst, %", prior=100, high=100),
    DAYS,
)

RELIABILITY: Final = (
    DAYS,
    Feature("down_hours", "hours of the last 28 days with a high or critical fault", high=28 * 24),
    Feature("outages", "such faults in the last 28 days"),
    Feature("open_tickets", "tickets that people work on"),
)


def fault(history: History) -> dict[str, float]:
    """Features of FAULT."""
    place, faults = history.place, history.faults
    known = {
        "severity": faults.severity,
        "failed_runs": faults.failed_runs,
        "same_fault_7d": faults.same_7d,
        "other_faults_7d": faults.last_7d - faults.same_7d,
        "open_tickets": place.open_tickets,
        "days": faults.days_known,
        **_worst_of(history),
    }
    # An incident is judged by its own signs: a pack that it has put in quarantine is not one more.
    share = place.quarantined / place.packs if place.packs and not faults.in_hand else 0.0
    return {**known, "quarantined_share": share}


def _worst_of(history: History) -> dict[str, float]:
    if history.pack is not None:
        return {"temperature_c": history.pack.temperature_c, "soh": history.pack.soh}
    if history.faults.in_hand or not history.packs:
        return {}
    return {
        "temperature_c": max(pack.temperature_c for pack in history.packs),
        "soh": min(pack.soh for pack in history.packs),
    }


def reliability(history: History) -> dict[str, float]:
    """Features of RELIABILITY."""
    faults = history.faults
    return {
        "days": faults.days_known,
        "down_hours": faults.down_hours_28d,
        "outages": faults.outages_28d,
        "open_tickets": history.place.open_tickets,
    }
