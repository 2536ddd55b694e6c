"""`qr:*`: the code that a rider shows and a scanner reads."""

from __future__ import annotations

from pydantic import Field

from handlers.duty import duty_station, is_staff_of
from hub.operations import Call, Operations
from services.answers import Image, VerifiedSwap
from services.base import Model, StationId
from services.errors import NotFound
from services.models import Role
from services.qr_image import ImageFormat, draw

operation = Operations("qr")

TOKEN = Field(min_length=1, max_length=1024, description="what the code encodes")


class Verify(Model):
    token: str = TOKEN
    station_id: StationId | None = None


class Picture(Model):
    token: str = TOKEN
    format: ImageFormat = "png"
    size: int = Field(320, ge=64, le=1024, description="pixels on each side")


@operation("verify", rest=("POST", "/qr/verify"), roles={Role.STAFF})
async def verify(call: Call, body: Verify) -> VerifiedSwap:
    """Begin the swap of a scanned token; of all scans of one token, one succeeds."""
    station_id = await duty_station(call, body.station_id)
    return await call.services.qr.verify(body.token, station_id=station_id, by=call.user_id)


@operation("image", rest=("GET", "/qr/generate-image/{token}"), roles={Role.CONSUMER, Role.STAFF, Role.ADMIN})
async def image(call: Call, body: Picture) -> Image:
    """The token as a picture, for its rider, its station's staff and admins."""
    claims = call.services.qr.read(body.token)
    own = call.role is Role.CONSUMER and claims.user_id == call.user_id
    if not (own or call.role is Role.ADMIN or await is_staff_of(call, claims.station_id)):
        raise NotFound
    return draw(body.token, body.format, body.size)
