"""Which station a staff member may act for."""

from __future__ import annotations

from hub.operations import Call
from services.errors import Forbidden
from services.models import Role


async def is_staff_of(call: Call, station_id: str) -> bool:
    """Is the caller on duty at that station?"""
    if call.role is not Role.STAFF:
        return False
    duty = await call.services.people.duty(call.user_id, call.identity.station_id)
    return duty.on_duty and duty.station_id == station_id


async def duty_station(call: Call, named: str | None) -> str:
    """The station the caller works at now; `named`, when given, must be it. Raises Forbidden."""
    duty = await call.services.people.duty(call.user_id, call.identity.station_id)
    if not duty.on_duty or duty.station_id is None or named not in (None, duty.station_id):
        raise Forbidden(station_id=named)
    return duty.station_id
