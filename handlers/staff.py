"""`staff:*`: who works where, and help for another station."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from handlers.duty import is_staff_of
from handlers.lists import List
from hub.operations import Call, Operations
from services.answers import Page
from services.base import Id, Model, StationId, UserId
from services.diversions import DivertOrder
from services.errors import Forbidden
from services.models import Role
from services.staff_views import AssignmentView, DiversionView, Roster

operation = Operations("staff")

MOST_AT_ONCE = 50


class OfPerson(List):
    staff_id: UserId


class OfRoster(Model):
    station_id: StationId


class Divert(Model):
    from_station_id: StationId
    to_station_id: StationId
    staff_ids: list[UserId] = Field(min_length=1, max_length=MOST_AT_ONCE)
    reason: str = Field(min_length=1, max_length=200)

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.from_station_id == self.to_station_id:
            raise ValueError("to_station_id should be another station than from_station_id")
        if len(set(self.staff_ids)) < len(self.staff_ids):
            raise ValueError("staff_ids should name everybody once")
        return self


class Respond(Model):
    diversion_id: Id
    accept: bool
    reason: str | None = Field(None, max_length=200)


@operation("assignments", rest=("GET", "/staff/assignments/{staff_id}"), roles={Role.STAFF, Role.ADMIN})
async def assignments(call: Call, body: OfPerson) -> Page[AssignmentView]:
    """A person's shifts and diversions, newest first, for themselves and admins."""
    if call.role is not Role.ADMIN and body.staff_id != call.user_id:
        raise Forbidden(staff_id=body.staff_id)
    return await call.services.staff.assignments(body.staff_id, limit=body.limit, cursor=body.cursor)


@operation("station", rest=("GET", "/staff/station/{station_id}"), roles={Role.STAFF, Role.ADMIN})
async def station(call: Call, body: OfRoster) -> Roster:
    """Who is on duty at a station and who is not, for its staff and admins."""
    if call.role is not Role.ADMIN and not await is_staff_of(call, body.station_id):
        raise Forbidden(station_id=body.station_id)
    return await call.services.staff.roster(body.station_id)


@operation("divert", rest=("POST", "/staff/diversion"), roles={Role.ADMIN})
async def divert(call: Call, body: Divert) -> DiversionView:
    """Ask staff of one station to work at another; it always keeps STAFF_MINIMUM."""
    return await call.services.diversions.divert(DivertOrder(**dict(body)), by=call.identity.user_id)


@operation("respond", rest=("POST", "/staff/diversion/{diversion_id}/respond"), roles={Role.STAFF})
async def respond(call: Call, body: Respond) -> DiversionView:
    """Accept or decline what the caller was asked; who accepts is on duty there from now on."""
    return await call.services.diversions.respond(
        body.diversion_id,
        call.user_id,
        accept=body.accept,
        reason=body.reason,
        claimed=call.identity.station_id,
    )
