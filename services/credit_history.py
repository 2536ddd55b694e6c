"""What an account has got, and what it may still get: read from the postings, kept nowhere else."""

from __future__ import annotations

from datetime import UTC, datetime

from services.answers import Page
from services.base import rfc3339
from services.credits import CreditService
from services.errors import NotFound, ValidationFailed, raise_
from services.models import Posting, PostingState
from services.ports import Range, Where
from services.saved_answers import CreditLine, CreditsHistory
from services.world import World


class CreditHistory:
    """Balances and their lines."""

    def __init__(self, world: World, credits: CreditService) -> None:
        self._world = world
        self._credits = credits

    async def of(self, user_id: str, *, limit: int, cursor: str | None) -> CreditsHistory:
        """What was posted to a user, newest first; the sum of all parts is the balance. Raises NotFound."""
        reads = self._world.records.now
        await reads.users.get(user_id) or raise_(NotFound(user_id=user_id))
        lines = await self._posted(user_id, limit, cursor)
        pending = {"account": user_id, "state": PostingState.PENDING}
        return CreditsHistory(
            items=lines.items,
            next_cursor=lines.next_cursor,
            balance=await self._credits.balance(reads, user_id),
            pending=await reads.credits.sum("amount", pending),
        )

    async def _posted(self, account: str, limit: int, cursor: str | None) -> Page[CreditLine]:
        """By the time of posting, then by id: an award that took long stands where its credits came."""
        posted: Where = {"account": account, "state": PostingState.POSTED}
        found: list[Posting] = []
        for rest in _after(cursor):
            more = await self._world.records.now.credits.find(
                {**posted, **rest}, order=("-at", "-id"), limit=limit + 1 - len(found)
            )
            found += more
        following = _cursor(found[limit - 1]) if len(found) > limit else None
        return Page(items=[_line(posting) for posting in found[:limit]], next_cursor=following)


def _after(cursor: str | None) -> tuple[Where, ...]:
    """The rest of the moment at which a part ended, and then what is older. Raises ValidationFailed."""
    if cursor is None:
        return ({},)
    moment, _, id = cursor.partition("_")
    try:
        at = datetime.fromisoformat(moment).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValidationFailed([{"path": "cursor", "message": "is of no part of this list"}]) from None
    return {"at": at, "id": Range(lt=id)}, {"at": Range(lt=at)}


def _cursor(posting: Posting) -> str:
    return f"{rfc3339(posting.at)}_{posting.id}"


def _line(posting: Posting) -> CreditLine:
    return CreditLine(amount=posting.amount, reason=posting.reason, source=posting.source, at=posting.at)
