"""`gps:*`: where somebody is."""

from __future__ import annotations

from pydantic import Field

from hub.operations import Call, Operations, Rate
from services.answers import PingsTaken
from services.base import Instant, Location, Model
from services.models import Role
from services.positions import Ping

operation = Operations("gps")

MOVERS = {Role.CONSUMER, Role.STAFF, Role.TRANSPORTER}


class GpsPing(Location):
    accuracy: float | None = Field(None, ge=0, le=1_000_000, description="radius of the error circle, m")
    speed: float | None = Field(None, ge=0, le=1_000, description="m/s")
    heading: float | None = Field(None, ge=0, le=360, description="degrees from north")
    at: Instant | None = None
    seq: int | None = Field(None, ge=0, le=2**53)
    mock: bool | None = Field(None, description="an app made the fix, says the phone: stored, not believed")

    def ping(self) -> Ping:
        return Ping(**dict(self))


class GpsBatch(Model):
    pings: list[GpsPing] = Field(max_length=500)


async def _take(call: Call, pings: list[GpsPing]) -> PingsTaken:
    taken = await call.services.positions.take(call.user_id, [ping.ping() for ping in pings])
    if call.role is Role.STAFF and taken.accepted:
        await call.services.shifts.notice_arrival(call.user_id)
    return taken


@operation("ping", rest=("POST", "/location/update"), roles=MOVERS, rate=Rate.POSITION)
async def ping(call: Call, body: GpsPing) -> PingsTaken:
    """Where the caller is now; may be sent without an acknowledgement."""
    return await _take(call, [body])


@operation("batch", rest=("POST", "/location/batch"), roles=MOVERS, rate=Rate.POSITION)
async def batch(call: Call, body: GpsBatch) -> PingsTaken:
    """Fixes that a phone kept while it had no network."""
    return await _take(call, body.pings)
