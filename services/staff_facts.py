"""What happens to staff: shifts begin and end, and people are asked to help at another station."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self

from services.base import Instant
from services.events import Fact, Topic
from services.models import Assignment, ShiftKind
from services.staff_models import Diversion
from services.staff_views import RosterRow
from services.states import DiversionState


class _Duty(Fact):
    """Heard by the person, by the station's staff and by admins; sockets change rooms with it.

    `shift_id` is null for somebody whose token alone says that they work there.
    """

    topic: ClassVar[Topic | None] = Topic.ALERT

    station_id: str
    staff_id: str
    staff_name: str
    shift_id: str | None
    kind: ShiftKind
    starts_at: Instant
    ends_at: Instant | None
    expected_at: Instant | None

    def rooms(self) -> tuple[str, ...]:
        return (f"user:{self.staff_id}", f"station:{self.station_id}:staff", "admin")

    def key(self) -> str:
        return self.station_id

    @classmethod
    def of(cls, record: Assignment, name: str, *, id: str, at: datetime) -> Self:
        return cls(
            id=id,
            at=at,
            version=record.version,
            station_id=record.station_id,
            staff_id=record.staff_id,
            staff_name=name,
            shift_id=record.id,
            kind=record.kind,
            starts_at=record.starts_at,
            ends_at=record.ends_at,
            expected_at=record.expected_at,
        )


class ShiftStarted(_Duty):
    """Somebody is on duty at a station from now on; until `expected_at`, if set, on the way to it."""

    name = "shift:started"
    type = "shift.started"


class ShiftEnded(_Duty):
    """Somebody is off duty at a station."""

    name = "shift:ended"
    type = "shift.ended"


class _OfDiversion(Fact):
    topic: ClassVar[Topic | None] = Topic.ALERT

    diversion_id: str
    staff_id: str
    staff_name: str
    from_station_id: str
    to_station_id: str
    reason: str
    state: DiversionState
    answer_reason: str | None  # of who has declined
    travel_minutes: float
    expires_at: Instant
    expected_at: Instant | None
    arrived_at: Instant | None

    def rooms(self) -> tuple[str, ...]:
        return (f"user:{self.staff_id}", "admin")

    def key(self) -> str:
        return self.from_station_id

    @classmethod
    def of(cls, part: Diversion, *, id: str, at: datetime) -> Self:
        shown = {name: getattr(part, name) for name in _OfDiversion.model_fields if name not in ("id", "at")}
        if part.state is not DiversionState.DECLINED:
            shown["answer_reason"] = None
        return cls(id=id, at=at, **shown)


class DiversionOffered(_OfDiversion):
    """Will you work at another station for a while? Answer with `staff:respond` until `expires_at`."""

    name = "staff:diversion-offered"
    type = "staff.diversion_offered"


class DiversionChanged(_OfDiversion):
    """One person's part in a diversion was answered, lapsed, or has gone on; `state` says how."""

    name = "diversion:changed"
    type: ClassVar[str | None] = "staff.diversion_changed"


class StaffDiverted(DiversionChanged):
    """Somebody has accepted: they are on duty at the other station, and on the way to it."""

    type = "staff.diverted"


class StaffChanged(Fact):
    """Who is on duty at a station, all of them."""

    name = "staff:changed"

    station_id: str
    items: tuple[RosterRow, ...]

    def rooms(self) -> tuple[str, ...]:
        return (f"station:{self.station_id}:staff", "admin")

    def key(self) -> str:
        return self.station_id
