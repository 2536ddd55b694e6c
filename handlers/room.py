"""`room:*`: what a socket listens to."""

from __future__ import annotations

from pydantic import Field, SerializeAsAny

from hub.operations import Call, Operations, Rate
from services.base import Model
from services.errors import Forbidden

operation = Operations("room")


class Room(Model):
    room: str = Field(min_length=1, max_length=100)


class Joined(Model):
    """The room as it is now: this and the events that follow are complete."""

    room: str
    snapshot: SerializeAsAny[Model]


class Left(Model):
    room: str


@operation("join", rest=None, rate=Rate.ROOM)
async def join(call: Call, body: Room) -> Joined:
    """Hear a room's events from now on; the answer shows its present state."""
    if call.session is None:
        raise Forbidden(room=body.room)
    await call.rooms.check(call.identity, body.room)
    # Join before the snapshot is read: an event in between is seen twice, never missed.
    await call.session.join(body.room)
    return Joined(room=body.room, snapshot=await call.rooms.snapshot(call.identity, body.room))


@operation("leave", rest=None, rate=Rate.ROOM)
async def leave(call: Call, body: Room) -> Left:
    """Hear a room's events no longer."""
    if call.session is not None:
        await call.session.leave(body.room)
    return Left(room=body.room)
