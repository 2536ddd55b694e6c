"""`user:*`: people and devices, as an admin sets them up."""

from __future__ import annotations

from hub.operations import Call, Operations
from services.forms import UserForm
from services.models import Role
from services.saved_answers import UserCard

operation = Operations("user")


@operation("save", rest=("PUT", "/user/{user_id}"), roles={Role.ADMIN})
async def save(call: Call, body: UserForm) -> UserCard:
    """Make a user, or change what is given of one."""
    return await call.services.people_saves.save(body)
