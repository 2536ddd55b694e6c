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


WAITING: Final = (EntryState.CONFIRMED, EntryState.APPROACHING, EntryState.ARRIVED)
OPEN: Final = (*WAITING, EntryState.ACTIVE)
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


_State = TypeVar("_State", bound=StrEnum)


def moved(moves: Mapping[_State, frozenset[_State]], here: _State, there: _State) -> _State:
    """`there`, if the table allows the step from `here`; else `conflict`."""
    if there not in moves[here]:
        raise Conflict(state=here, wanted=there)
    return there
