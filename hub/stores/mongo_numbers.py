"""One transaction that numbers facts which wait; such transactions follow each other, for all of them
change the one document with the greatest number (docs/adr/0034)."""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, Final

from pymongo import ReturnDocument, UpdateOne
from pymongo.errors import PyMongoError

from hub.stores.mongo_documents import plain
from hub.stores.mongo_errors import domain_error
from hub.stores.mongo_session import InTransaction, Outside, Sessions

MOST: Final = 1000  # documents at a time
HEAD: Final = {"_id": "outbox"}

_FIELDS: Final = {"count": 1, "ready": 1}
_ORDER: Final = [("stamp", 1), ("_id", 1)]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A document of the outbox without numbers: `count` facts; `ready`, its transaction's steps have run."""

    id: str
    count: int
    ready: bool


@dataclass(frozen=True, slots=True)
class Given:
    """What a pass has done: `head` is the greatest number if it gave any; `left` still waits."""

    numbered: Sequence[Waiting]
    left: Sequence[Waiting]
    head: int | None

    @property
    def is_all(self) -> bool:
        """Did the pass see everything that waited?"""
        return len(self.numbered) + len(self.left) < MOST


class Numbers:
    """The outbox and its head. Raises WriteConflict when another hub was faster, Unavailable."""

    def __init__(self, sessions: Sessions, outbox: Any, heads: Any) -> None:
        self._sessions = sessions
        self._outbox = outbox
        self._heads = heads

    async def head(self) -> int:
        """The greatest number ever given."""
        raw = await Outside().run(lambda session: self._heads.find_one(HEAD, session=session))
        return 0 if raw is None else int(plain(raw)["seq"])

    async def give(self, is_free: Callable[[Waiting], bool], own: Set[str]) -> Given:
        """Number what waits, in the order of the stamps, up to the first that is not free.

        What is our own behind that is marked as ready, so that others need not wait for us.
        """
        calls = InTransaction(self._sessions)
        try:
            waiting = await self._waiting(calls)
            free = list(takewhile(is_free, waiting))
            left = waiting[len(free) :]
            head = await self._take(calls, free) if free else None
            await self._write(calls, _numbered(free, head), _marked(left, own))
        except BaseException:
            calls.abort()
            raise
        return Given(free, left, head)

    async def _waiting(self, calls: InTransaction) -> list[Waiting]:
        found = await calls.run(
            lambda session: self._outbox.find(
                {"waiting": True}, _FIELDS, sort=_ORDER, limit=MOST, session=session
            ).to_list(None)
        )
        return [Waiting(one["_id"], one["count"], "ready" in one) for one in map(plain, found)]

    async def _take(self, calls: InTransaction, free: Sequence[Waiting]) -> int:
        more = {"$inc": {"seq": sum(one.count for one in free)}}
        raw = await calls.run(
            lambda session: self._heads.find_one_and_update(
                HEAD, more, upsert=True, return_document=ReturnDocument.AFTER, session=session
            )
        )
        return int(plain(raw)["seq"])

    async def _write(self, calls: InTransaction, *requests: Sequence[UpdateOne]) -> None:
        every = [one for some in requests for one in some]
        if not every:
            calls.abort()
            return
        await calls.run(lambda session: self._outbox.bulk_write(every, session=session))
        try:
            await calls.commit()
        except PyMongoError as error:  # unknown, perhaps: the next pass sees what became of it
            raise domain_error(error) from error
        calls.done()


def _numbered(free: Sequence[Waiting], head: int | None) -> list[UpdateOne]:
    last = (head or 0) - sum(one.count for one in free)
    requests = []
    for one in free:
        last += one.count
        requests.append(
            UpdateOne({"_id": one.id}, {"$set": {"last": last}, "$unset": {"waiting": 1, "ready": 1}})
        )
    return requests


def _marked(left: Sequence[Waiting], own: Set[str]) -> list[UpdateOne]:
    unmarked = [one for one in left if one.id in own and not one.ready]
    return [UpdateOne({"_id": one.id}, {"$set": {"ready": True}}) for one in unmarked]
