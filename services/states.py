"""State machines as tables: what may follow what. An illegal move is `conflict`."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, TypeVar

from services.errors import Conflict


class EntryState(StrEnum):
    """A rider's place in a queue."""

    CONFIRMED = "confirmed"
    APPROACHING = "approaching"  # inside the outer geofence
    ARRIVED = "arrived"  # inside the inner geofence
    ACTIVE = "active"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    NO_SHOW = "no_show"
    EXPIRED = "expired"


class WaitingState(StrEnum):
    """A rider's turn on a waitlist."""

    WAITING = "waiting"
    OFFERED = "offered"  # a place and a pack are kept
    TAKEN = "taken"
    LAPSED = "lapsed"  # the offer was not taken in time
    LEFT = "left"
    ENDED = "ended"  # by the hub: the station has closed


class SwapState(StrEnum):
    """An exchange of packs."""

    PENDING = "pending"
    ACTIVE = "active"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class BatteryState(StrEnum):
    """What a pack is good for; where it is says its holder."""

    CHARGED = "charged"
    CHARGING = "charging"
    IN_USE = "in_use"
    QUARANTINED = "quarantined"
    IN_TRANSIT = "in_transit"
    RETIRED = "retired"


class JobState(StrEnum):
    """A transport of packs from one place to another."""

    PENDING = "pending"  # on offer
    ASSIGNED = "assigned"  # a transporter is on the way to the packs
    IN_TRANSIT = "in_transit"  # the packs are in the van
    DELIVERED = "delivered"
    CANCELLED = "cancelled"
    EXPIRED = "expired"  # nobody accepted in time


class IncidentState(StrEnum):
    """A fault at a station, from its first report to its end."""

    ACTING = "acting"  # level 1: a runbook is tried
    ASSESSED = "assessed"  # level 2: an opinion and an advice are attached
    TICKETED = "ticketed"  # level 3: a person's work
    CLEARED = "cleared"  # reported gone, while its ticket is open: it may come back
    RECOVERED = "recovered"  # went away without a person
    RESOLVED = "resolved"  # its ticket was


class TicketStatus(StrEnum):
    """Work of a person on an incident."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    IN_PROGRESS = "in_progress"
    RESOLVED = "resolved"
    CLOSED = "closed"


class ShiftState(StrEnum):
    """A staff member's time on duty at a station."""

    RUNNING = "running"
    ENDED = "ended"


class DiversionState(StrEnum):
    """One person's part in a diversion."""

    OFFERED = "offered"
    ACCEPTED = "accepted"  # on the way
    ARRIVED = "arrived"
    DECLINED = "declined"
    LAPSED = "lapsed"  # not answered in time
    WITHDRAWN = "withdrawn"  # their shift ended before they answered
    RETURNED = "returned"  # on duty at their own station again
    ENDED = "ended"  # went off duty there, or was sent on


WAITING: Final = (EntryState.CONFIRMED, EntryState.APPROACHING, EntryState.ARRIVED)
OPEN: Final = (*WAITING, EntryState.ACTIVE)
WAITLISTED: Final = (WaitingState.WAITING, WaitingState.OFFERED)
INCIDENT_OPEN: Final = (
    IncidentState.ACTING,
    IncidentState.ASSESSED,
    IncidentState.TICKETED,
    IncidentState.CLEARED,
)
TICKET_OPEN: Final = (TicketStatus.OPEN, TicketStatus.ACKNOWLEDGED, TicketStatus.IN_PROGRESS)
DIVERSION_UNSETTLED: Final = (DiversionState.OFFERED, DiversionState.ACCEPTED)
DIVERSION_OPEN: Final = (*DIVERSION_UNSETTLED, DiversionState.ARRIVED)
UNDERWAY: Final = (JobState.ASSIGNED, JobState.IN_TRANSIT)
OPEN_JOB: Final = (JobState.PENDING, *UNDERWAY)

_E, _S, _B, _J = EntryState, SwapState, BatteryState, JobState
_ENDS = (_E.CANCELLED, _E.NO_SHOW, _E.EXPIRED)

ENTRY_MOVES: Final[Mapping[EntryState, frozenset[EntryState]]] = {
    _E.CONFIRMED: frozenset({_E.APPROACHING, _E.ARRIVED, _E.ACTIVE, *_ENDS}),
    _E.APPROACHING: frozenset({_E.CONFIRMED, _E.ARRIVED, _E.ACTIVE, *_ENDS}),
    _E.ARRIVED: frozenset({_E.APPROACHING, _E.ACTIVE, *_ENDS}),
    _E.ACTIVE: frozenset({_E.COMPLETED, _E.CANCELLED}),
    _E.COMPLETED: frozenset(),
    _E.CANCELLED: frozenset(),
    _E.NO_SHOW: frozenset(),
    _E.EXPIRED: frozenset(),
}

_W = WaitingState

WAITING_MOVES: Final[Mapping[WaitingState, frozenset[WaitingState]]] = {
    _W.WAITING: frozenset({_W.OFFERED, _W.TAKEN, _W.LEFT, _W.ENDED}),
    _W.OFFERED: frozenset({_W.TAKEN, _W.LAPSED, _W.LEFT, _W.ENDED}),
    _W.TAKEN: frozenset(),
    _W.LAPSED: frozenset(),
    _W.LEFT: frozenset(),
    _W.ENDED: frozenset(),
}

SWAP_MOVES: Final[Mapping[SwapState, frozenset[SwapState]]] = {
    _S.PENDING: frozenset({_S.ACTIVE, _S.CANCELLED}),
    _S.ACTIVE: frozenset({_S.COMPLETED, _S.CANCELLED}),
    _S.COMPLETED: frozenset(),
    _S.CANCELLED: frozenset(),
}

BATTERY_MOVES: Final[Mapping[BatteryState, frozenset[BatteryState]]] = {
    _B.CHARGED: frozenset({_B.CHARGING, _B.IN_USE, _B.IN_TRANSIT, _B.QUARANTINED}),
    _B.CHARGING: frozenset({_B.CHARGED, _B.IN_TRANSIT, _B.QUARANTINED}),
    _B.IN_USE: frozenset({_B.CHARGING, _B.CHARGED, _B.QUARANTINED}),
    _B.IN_TRANSIT: frozenset({_B.CHARGING, _B.CHARGED, _B.QUARANTINED}),
    _B.QUARANTINED: frozenset({_B.CHARGING, _B.IN_TRANSIT, _B.RETIRED}),
    _B.RETIRED: frozenset(),
}

JOB_MOVES: Final[Mapping[JobState, frozenset[JobState]]] = {
    _J.PENDING: frozenset({_J.ASSIGNED, _J.CANCELLED, _J.EXPIRED}),
    _J.ASSIGNED: frozenset({_J.PENDING, _J.IN_TRANSIT, _J.CANCELLED}),
    _J.IN_TRANSIT: frozenset({_J.DELIVERED, _J.CANCELLED}),
    _J.DELIVERED: frozenset(),
    _J.CANCELLED: frozenset(),
    _J.EXPIRED: frozenset(),
}

_I, _T = IncidentState, TicketStatus

INCIDENT_MOVES: Final[Mapping[IncidentState, frozenset[IncidentState]]] = {
    _I.ACTING: frozenset({_I.ASSESSED, _I.TICKETED, _I.RECOVERED}),
    _I.ASSESSED: frozenset({_I.TICKETED, _I.RECOVERED}),
    _I.TICKETED: frozenset({_I.CLEARED, _I.RESOLVED}),
    _I.CLEARED: frozenset({_I.TICKETED, _I.RESOLVED}),
    _I.RECOVERED: frozenset(),
    _I.RESOLVED: frozenset({_I.TICKETED}),  # its ticket is taken up again
}

TICKET_MOVES: Final[Mapping[TicketStatus, frozenset[TicketStatus]]] = {
    _T.OPEN: frozenset({_T.ACKNOWLEDGED, _T.IN_PROGRESS, _T.RESOLVED, _T.CLOSED}),
    _T.ACKNOWLEDGED: frozenset({_T.IN_PROGRESS, _T.RESOLVED, _T.CLOSED}),
    _T.IN_PROGRESS: frozenset({_T.RESOLVED, _T.CLOSED}),
    _T.RESOLVED: frozenset({_T.IN_PROGRESS, _T.CLOSED}),
    _T.CLOSED: frozenset(),
}

_D = DiversionState

SHIFT_MOVES: Final[Mapping[ShiftState, frozenset[ShiftState]]] = {
    ShiftState.RUNNING: frozenset({ShiftState.ENDED}),
    ShiftState.ENDED: frozenset(),
}

DIVERSION_MOVES: Final[Mapping[DiversionState, frozenset[DiversionState]]] = {
    _D.OFFERED: frozenset({_D.ACCEPTED, _D.DECLINED, _D.LAPSED, _D.WITHDRAWN}),
    _D.ACCEPTED: frozenset({_D.ARRIVED, _D.RETURNED, _D.ENDED}),
    _D.ARRIVED: frozenset({_D.RETURNED, _D.ENDED}),
    _D.DECLINED: frozenset(),
    _D.LAPSED: frozenset(),
    _D.WITHDRAWN: frozenset(),
    _D.RETURNED: frozenset(),
    _D.ENDED: frozenset(),
}


_State = TypeVar("_State", bound=StrEnum)


def moved(moves: Mapping[_State, frozenset[_State]], here: _State, there: _State) -> _State:
    """`there`, if the table allows the step from `here`; else `conflict`."""
    if there not in moves[here]:
        raise Conflict(state=here, wanted=there)
    return there
