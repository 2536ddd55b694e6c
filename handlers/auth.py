"""`auth:*`: the token of a live socket."""

from __future__ import annotations

from pydantic import Field

from hub.operations import Call, Operations, Rate
from services.base import Instant, Model
from services.errors import Forbidden

operation = Operations("auth")


class Refresh(Model):
    token: str = Field(min_length=1, max_length=8192)


class Refreshed(Model):
    expires_at: Instant


@operation("refresh", rest=None, rate=Rate.ROOM)
async def refresh(call: Call, body: Refresh) -> Refreshed:
    """Replace the socket's token by a newer one of the same user."""
    if call.session is None:
        raise Forbidden
    identity = await call.session.renew(body.token)
    return Refreshed.model_validate({"expires_at": identity.expires_at})
