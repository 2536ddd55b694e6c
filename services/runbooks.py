"""Level 1: what the hub may do itself about a kind of fault, declared.

A runbook is tried while its precondition holds, at most `per_hour` times an hour at a station and
`ATTEMPTS` times for one incident. Its action is a command to the station's controller. It has helped
when its verification holds within the time limit; otherwise it is undone, and the incident climbs.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

ATTEMPTS: Final = 2
CHARGED_BY: Final = 6.0
"""State of charge that proves a charger to work, %: more than one step of what telemetry records."""


class Precondition(StrEnum):
    """What must hold before an action; a controller that can be told is always needed."""

    NONE = "none"
    PACK_IN_SLOT = "pack_in_slot"  # the pack named is in a slot of the station
    PACKS_CHARGING = "packs_charging"  # there is a load that can be shed


class Verification(StrEnum):
    """What proves that an action has helped. Silence proves nothing."""

    CLEARED = "cleared"  # a report says that the fault is gone
    CHARGING = "charging"  # so it does, or the pack has taken charge since


@dataclass(frozen=True, slots=True)
class Runbook:
    """`undo` is none where the action leaves nothing behind, or leaves things safer."""

    name: str
    kinds: frozenset[str]
    precondition: Precondition
    action: str
    verification: Verification
    undo: str | None
    time_limit: timedelta
    per_hour: int = 2


RUNBOOKS: Final = (
    Runbook(
        name="restart_charger",
        kinds=frozenset({"charger_fault", "charger_offline", "charging_stopped"}),
        precondition=Precondition.NONE,
        action="restart_charger",
        verification=Verification.CHARGING,
        undo=None,
        time_limit=timedelta(minutes=10),
    ),
    Runbook(
        name="free_slot",
        kinds=frozenset({"slot_jam", "lock_fault", "door_fault"}),
        precondition=Precondition.NONE,
        action="unlock_slot",
        verification=Verification.CLEARED,
        undo="lock_slot",
        time_limit=timedelta(minutes=2),
    ),
    Runbook(
        name="shed_load",
        kinds=frozenset({"grid_unstable", "grid_voltage", "overcurrent", "station_overheat"}),
        precondition=Precondition.PACKS_CHARGING,
        action="limit_charging",
        verification=Verification.CLEARED,
        undo="restore_charging",
        time_limit=timedelta(minutes=10),
    ),
    Runbook(
        name="restart_controller",
        kinds=frozenset({"controller_fault", "sensor_fault", "telemetry_gap"}),
        precondition=Precondition.NONE,
        action="restart_controller",
        verification=Verification.CLEARED,
        undo=None,
        time_limit=timedelta(minutes=5),
    ),
    Runbook(
        name="isolate_pack",
        kinds=frozenset({"battery_fault", "battery_overheat", "battery_smoke"}),
        precondition=Precondition.PACK_IN_SLOT,
        action="stop_charging",
        verification=Verification.CLEARED,
        undo=None,  # a suspect pack is not charged again before a person has looked at it
        time_limit=timedelta(minutes=3),
    ),
)

BY_NAME: Final = {runbook.name: runbook for runbook in RUNBOOKS}

OF_THE_PLACE: Final = frozenset().union(*(one.kinds for one in RUNBOOKS if one.name != "isolate_pack"))
"""Kinds for which a pack only says which slot is meant: it is not suspect itself."""

STOPS_SERVICE: Final = frozenset(
    {"station_overheat", "power_outage", "fire", "smoke", "gas_leak", "flood", "station_unsafe"}
)
"""Kinds that put a whole station out of service while they are critical: nobody is to be sent there."""

ADVICE: Final = {
    "restart_charger": "Take the packs out of this slot and have its charger replaced.",
    "free_slot": "Send somebody to free the slot by hand; keep it blocked until then.",
    "shed_load": "Limit charging to the night tariff and call the grid operator.",
    "restart_controller": "Power-cycle the controller on site and check its cabling.",
    "isolate_pack": "Move the pack to the workshop; do not charge it and do not hand it out.",
}


def runbook_for(kind: str) -> Runbook | None:
    """The declared runbook of a kind; none for a kind that the hub can do nothing about."""
    return next((runbook for runbook in RUNBOOKS if kind in runbook.kinds), None)
