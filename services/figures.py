"""A station in figures: the parts that answers, events and boards share."""

from __future__ import annotations

from services.base import Location, Model
from services.states import EntryState
from services.wait import Wait


class QueueEntryView(Model):
    """One entry of a queue as anyone may see it."""

    position: int | None
    state: EntryState
    estimated_wait_minutes: Wait | None


class QueueCounts(Model):
    """A queue in four figures."""

    length: int
    active: int
    capacity: int
    estimated_wait_minutes: Wait


class BatteryCounts(Model):
    """Packs in the slots of a station; `held` counts the promises to open entries."""

    total: int
    charged: int
    charging: int
    quarantined: int
    held: int


class StationFigures(Model):
    """Everything of a station's status but who it is."""

    location: Location
    is_active: bool
    queue: QueueCounts
    available_slots: int
    charged_batteries: int
    batteries: BatteryCounts
    staff_on_duty: int
    predicted_load: float
    predicted_fault_risk: float
    open_tickets: int
