"""`queue:*`: a rider's place."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from handlers.duty import duty_station, is_staff_of
from hub.operations import Call, Operations
from services.answers import QueueLeftAnswer, QueuePlace, QueueSlots, QueueStatus, RenewedQr
from services.base import Location, Model, StationId, UserId
from services.forms import Name
from services.models import Role, Vehicle

operation = Operations("queue")

RIDER = {Role.CONSUMER}


class Nothing(Model):
    """No fields."""


class Confirm(Model):
    station_id: StationId
    location: Location | None = None
    battery_level: int | None = Field(None, ge=0, le=100, description="state of charge, %")


class Leave(Model):
    reason: str | None = Field(None, max_length=200)


class StillComing(Model):
    coming: bool


class WalkIn(Model):
    user_id: UserId | None = Field(None, description="a rider who is known; else `name` makes a new one")
    name: Name | None = None
    vehicle: Vehicle | None = None

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if self.user_id is None and self.name is None:
            raise ValueError("give user_id or name")
        return self


class OfStation(Model):
    station_id: StationId


@operation("confirm", rest=("POST", "/queue/confirm"), roles=RIDER)
async def confirm(call: Call, body: Confirm) -> QueuePlace:
    """Give the caller a place and a promised battery, or those on offer to them there.

    A second call answers `already_queued`; places and batteries that are on offer to others are taken.
    """
    return await call.services.queue.confirm(
        call.user_id, body.station_id, near=body.location, battery_level=body.battery_level
    )


@operation("leave", rest=("POST", "/queue/leave"), roles=RIDER)
async def leave(call: Call, body: Leave) -> QueueLeftAnswer:
    """Give the caller's place and battery back."""
    return await call.services.queue.leave(call.user_id, body.reason)


@operation("mine", rest=("GET", "/queue/mine"), roles=RIDER)
async def mine(call: Call, body: Nothing) -> QueuePlace | None:
    """The caller's open entry, or null."""
    return await call.services.queue.mine(call.user_id)


@operation("renew-qr", rest=("POST", "/queue/renew-qr"), roles=RIDER)
async def renew_qr(call: Call, body: Nothing) -> RenewedQr:
    """Give the caller's entry a new token; the old one is dead."""
    return await call.services.queue.renew_qr(call.user_id)


@operation("still-coming", rest=("POST", "/queue/still-coming"), roles=RIDER)
async def still_coming(call: Call, body: StillComing) -> QueuePlace | QueueLeftAnswer:
    """Answer the question of `queue:still-coming`; `false` leaves."""
    return await call.services.queue.still_coming(call.user_id, coming=body.coming)


@operation("walk-in", rest=("POST", "/queue/walk-in"), roles={Role.STAFF})
async def walk_in(call: Call, body: WalkIn) -> QueuePlace:
    """Give a rider without a phone a place at the caller's station; staff scan the token themselves."""
    return await call.services.walk_ins.admit(
        await duty_station(call, None),
        user_id=body.user_id,
        name=body.name,
        vehicle=body.vehicle,
        by=call.user_id,
    )


@operation("status", rest=("GET", "/queue/status/{station_id}"))
async def status(call: Call, body: OfStation) -> QueueStatus:
    """A station's queue; with persons for its staff and admins. Never a token."""
    with_persons = call.role is Role.ADMIN or await is_staff_of(call, body.station_id)
    return await call.services.queue.status(body.station_id, with_persons=with_persons)


@operation("slots", rest=("GET", "/queue/available-slots/{station_id}"))
async def slots(call: Call, body: OfStation) -> QueueSlots:
    """Free places and batteries that can be promised now."""
    return await call.services.queue.slots(body.station_id)
