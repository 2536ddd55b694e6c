"""`profile:*`: what people say of themselves."""

from __future__ import annotations

from hub.operations import Call, Operations
from services.forms import ProfileForm
from services.models import Role
from services.saved_answers import UserCard

operation = Operations("profile")

PEOPLE = {Role.CONSUMER, Role.STAFF, Role.TRANSPORTER}


@operation("save", rest=("PUT", "/profile"), roles=PEOPLE)
async def save(call: Call, body: ProfileForm) -> UserCard:
    """Change what is given of the caller's own name, phone and vehicle."""
    return await call.services.people_saves.save_profile(call.user_id, body)
