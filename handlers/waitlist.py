"""`waitlist:*`: a turn for a place at a station that has none now."""

from __future__ import annotations

from hub.operations import Call, Operations
from services.base import Model, StationId
from services.models import Role
from services.waitlist import Turn

operation = Operations("waitlist")

RIDER = {Role.CONSUMER}


class Join(Model):
    station_id: StationId


class Leave(Model):
    station_id: StationId | None = None


@operation("join", rest=("POST", "/queue/waitlist"), roles=RIDER)
async def join(call: Call, body: Join) -> Turn:
    """Wait for a place; an offer comes as `queue:offered` and is taken by `queue:confirm` within 120 s.

    A rider waits at one station at a time; `conflict` while they wait elsewhere, or while there is a
    place and a battery.
    """
    return await call.services.waitlist.join(call.user_id, body.station_id)


@operation("leave", rest=("DELETE", "/queue/waitlist"), roles=RIDER)
async def leave(call: Call, body: Leave) -> Turn:
    """Wait no more, at that station or wherever it is; an offer goes to the next rider."""
    return await call.services.waitlist.leave(call.user_id, body.station_id)
