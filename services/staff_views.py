"""Shifts, diversions and rosters as operations and rooms show them: no phone, no private word."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Final, Self

from services.base import Instant, Model
from services.duty import AT_ONCE, crews_of
from services.models import Assignment, ShiftKind
from services.ports import Snapshot, Transaction
from services.staff_models import Diversion
from services.states import DiversionState, ShiftState

_STRONGEST: Final = (
    DiversionState.OFFERED,
    DiversionState.ACCEPTED,
    DiversionState.ARRIVED,
    DiversionState.RETURNED,
    DiversionState.ENDED,
    DiversionState.DECLINED,
    DiversionState.LAPSED,
    DiversionState.WITHDRAWN,
)
"""A diversion of several people is in the first of these states that somebody is in."""


class ShiftView(Model):
    """A time on duty; of a diversion `expected_at` says when they will be there."""

    shift_id: str
    staff_id: str
    station_id: str
    kind: ShiftKind
    state: ShiftState
    starts_at: Instant
    ends_at: Instant | None
    expected_at: Instant | None
    arrived_at: Instant | None
    version: int

    @classmethod
    def of(cls, record: Assignment) -> Self:
        return cls(shift_id=record.id, state=record.state, **record.model_dump(exclude={"id"}))


class DivertedPerson(Model):
    """One person's part in a diversion."""

    staff_id: str
    name: str
    state: DiversionState
    travel_minutes: float
    offered_at: Instant
    expires_at: Instant
    answered_at: Instant | None
    answer_reason: str | None
    expected_at: Instant | None
    arrived_at: Instant | None
    ended_at: Instant | None
    version: int

    @classmethod
    def of(cls, part: Diversion) -> Self:
        return cls(name=part.staff_name, **part.model_dump())


class DiversionView(Model):
    """A diversion; `staff` are the people asked, for one of them only they themselves."""

    diversion_id: str
    state: DiversionState
    from_station_id: str
    to_station_id: str
    reason: str
    staff: list[DivertedPerson]

    @classmethod
    def of(cls, parts: Sequence[Diversion], *, shown: Sequence[Diversion] | None = None) -> Self:
        """All parts give the state; `shown`, or all, are the people in it."""
        return cls(
            diversion_id=parts[0].diversion_id,
            state=state_of(part.state for part in parts),
            from_station_id=parts[0].from_station_id,
            to_station_id=parts[0].to_station_id,
            reason=parts[0].reason,
            staff=[DivertedPerson.of(part) for part in (parts if shown is None else shown)],
        )


class DiversionCard(Model):
    """An open part of a diversion, as rooms show it: what its events carry."""

    diversion_id: str
    staff_id: str
    staff_name: str
    from_station_id: str
    to_station_id: str
    reason: str
    state: DiversionState
    travel_minutes: float
    expires_at: Instant
    expected_at: Instant | None
    arrived_at: Instant | None
    version: int

    @classmethod
    def of(cls, part: Diversion) -> Self:
        return cls(**part.model_dump())


class AssignmentView(Model):
    """A shift, or a part in a diversion whether it was accepted or not."""

    kind: ShiftKind
    id: str  # of the shift, or of the diversion
    staff_id: str
    station_id: str
    from_station_id: str | None
    state: ShiftState | DiversionState
    starts_at: Instant  # of a diversion: when it was offered
    ends_at: Instant | None
    expected_at: Instant | None
    arrived_at: Instant | None
    reason: str | None
    answer_reason: str | None
    version: int

    @classmethod
    def of_shift(cls, record: Assignment) -> Self:
        nothing = {"from_station_id": None, "reason": None, "answer_reason": None}
        return cls(state=record.state, **nothing, **record.model_dump())

    @classmethod
    def of_diversion(cls, part: Diversion) -> Self:
        return cls(
            kind=ShiftKind.DIVERSION,
            id=part.diversion_id,
            station_id=part.to_station_id,
            starts_at=part.offered_at,
            ends_at=part.ended_at,
            **part.model_dump(exclude={"id", "ended_at"}),
        )


class RosterRow(Model):
    """Somebody of a station; `since` is when they came on duty, or went off it.

    `expected_at` is set while they are on the way from another station.
    """

    staff_id: str
    name: str
    on_duty: bool
    since: Instant
    expected_at: Instant | None = None


class Roster(Model):
    items: list[RosterRow]


class StationCrew(Roster):
    """Who is on duty at a station: what `staff:changed` carries."""

    station_id: str


def state_of(states: Iterable[DiversionState]) -> DiversionState:
    """The state of a diversion from those of its people."""
    return min(states, key=_STRONGEST.index)


async def roster_of(reads: Snapshot | Transaction, station_id: str) -> list[RosterRow]:
    """The people on duty at a station, by their ids."""
    crews = await rosters_of(reads, (station_id,))
    return crews[0].items if crews else []


async def rosters_of(reads: Snapshot | Transaction, station_ids: Iterable[str]) -> list[StationCrew]:
    """The people on duty at each station where somebody is, by their ids."""
    crews = await crews_of(reads, station_ids)
    names = await _names(reads, sorted({one.staff_id for crew in crews.values() for one in crew}))
    return [
        StationCrew(
            station_id=station_id,
            items=[
                RosterRow(
                    staff_id=one.staff_id,
                    name=names.get(one.staff_id, one.staff_id),
                    on_duty=True,
                    since=one.since,
                    expected_at=one.expected_at,
                )
                for one in crew
            ],
        )
        for station_id, crew in sorted(crews.items())
    ]


async def _names(reads: Snapshot | Transaction, user_ids: Iterable[str]) -> dict[str, str]:
    names: dict[str, str] = {}
    rest = iter(user_ids)
    while some := tuple(islice(rest, AT_ONCE)):
        names |= {user.id: user.name for user in await reads.users.find({"id": some})}
    return names


async def name_of(reads: Snapshot | Transaction, user_id: str) -> str:
    """Somebody's name, or their id while nobody knows it."""
    user = await reads.users.get(user_id)
    return user.name if user else user_id
