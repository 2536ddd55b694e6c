"""`gps:*`: where somebody is."""

from __future__ import annotations

from pydantic import ConfigDict, Field

from hub.operations import Call, Operations, Rate
from services.answers import Page, PingsTaken
from services.base import Instant, Location, Model, UserId
from services.errors import Forbidden
from services.models import Role
from services.positions import Ping
from services.tracks import TrackPoint

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


class Track(Model):
    model_config = ConfigDict(validate_by_name=False, validate_by_alias=True, serialize_by_alias=True)

    user_id: UserId
    start: Instant | None = Field(None, alias="from", description="fixes made at this moment and later")
    end: Instant | None = Field(None, alias="to", description="and before this one")
    limit: int = Field(50, ge=1, le=200)
    cursor: Instant | None = None


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


@operation("track", rest=("GET", "/location/{user_id}/history"), roles=MOVERS | {Role.ADMIN})
async def track(call: Call, body: Track) -> Page[TrackPoint]:
    """Where somebody has been, newest first; for themselves and admins, who also see how far it is trusted.

    Old fixes are kept one a minute, then not at all: GPS_FULL_DAYS, GPS_KEEP_DAYS.
    """
    if call.role is not Role.ADMIN and body.user_id != call.user_id:
        raise Forbidden(user_id=body.user_id)
    return await call.services.tracks.of(
        body.user_id,
        start=body.start,
        end=body.end,
        limit=body.limit,
        before=body.cursor,
        with_trust=call.role is Role.ADMIN,
    )
