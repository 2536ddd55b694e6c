"""`shift:*`: on duty and off."""

from __future__ import annotations

from hub.operations import Call, Operations
from services.base import Model, StationId
from services.models import Role
from services.staff_views import ShiftView

operation = Operations("shift")

STAFF = {Role.STAFF}


class Shift(Model):
    station_id: StationId | None = None


@operation("start", rest=("POST", "/staff/shift/start"), roles=STAFF)
async def start(call: Call, body: Shift) -> ShiftView:
    """Go on duty at a station, by default the caller's own; on duty there, the running shift.

    Somebody diverted says so that they have arrived there, or that they are back.
    """
    return await call.services.shifts.start(call.user_id, body.station_id, claimed=call.identity.station_id)


@operation("end", rest=("POST", "/staff/shift/end"), roles=STAFF)
async def end(call: Call, body: Shift) -> ShiftView:
    """Go off duty."""
    return await call.services.shifts.end(call.user_id, body.station_id, claimed=call.identity.station_id)
