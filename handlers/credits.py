"""`credits:*`: what an account has got."""

from __future__ import annotations

from pydantic import Field

from hub.operations import Call, Operations
from services.base import Model, UserId
from services.errors import Forbidden
from services.models import Role
from services.saved_answers import CreditsHistory

operation = Operations("credits")

PEOPLE = {Role.CONSUMER, Role.STAFF, Role.TRANSPORTER, Role.ADMIN}


class History(Model):
    user_id: UserId
    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = Field(None, min_length=1, max_length=256)


@operation("history", rest=("GET", "/credits/{user_id}"), roles=PEOPLE)
async def history(call: Call, body: History) -> CreditsHistory:
    """An account's balance, what is pending, and what was posted, newest first; for its owner and admins."""
    if call.role is not Role.ADMIN and body.user_id != call.user_id:
        raise Forbidden(user_id=body.user_id)
    return await call.services.credit_history.of(body.user_id, limit=body.limit, cursor=body.cursor)
