"""Retention in MongoDB, by the hub's clock; TTL indexes are for what has an age alone."""

from __future__ import annotations

from datetime import datetime
from itertools import takewhile
from typing import Any, Final

from hub.stores.mongo_documents import plain
from hub.stores.mongo_schema import OUTBOX, POSITIONS
from hub.stores.mongo_session import Outside
from hub.stores.retention import KEEP_LOG
from services.base import rfc3339

ROWS: Final = 500  # documents at a time: a deletion is short


async def prune(database: Any, now: datetime) -> dict[str, int]:
    """Delete expired answers and old log records that every reader has read; documents by collection."""
    return {
        "kept_answers": await _delete_expired(database["kept_answers"], now),
        "outbox": await _delete_old(database[OUTBOX], await _read_by_all(database[POSITIONS]), now),
    }


async def _delete_expired(answers: Any, now: datetime) -> int:
    """Here by the hub's clock; the server's TTL removes what no hub has."""
    expired = {"expires_at": {"$lte": rfc3339(now)}}
    done = await Outside().run(lambda session: answers.delete_many(expired))
    return int(done.deleted_count)


async def _delete_old(outbox: Any, read: int | None, now: datetime) -> int:
    numbers = {"$gt": 0} if read is None else {"$gt": 0, "$lte": read}
    total, deleted = 0, ROWS
    while deleted == ROWS:
        deleted = await _delete_some(outbox, {"last": numbers}, now - KEEP_LOG)
        total += deleted
    return total


async def _read_by_all(positions: Any) -> int | None:
    """The newest record that every reader has read; none when there is no reader."""
    found = await Outside().run(lambda session: positions.find({}).to_list(None))
    return min((int(plain(raw)["seq"]) for raw in found), default=None)


async def _delete_some(outbox: Any, wanted: dict[str, Any], before: datetime) -> int:
    """Looks at the first ones alone: times grow with the numbers, so none further on is older."""
    found = await Outside().run(
        lambda session: outbox.find(wanted, {"at": 1}, sort=[("last", 1)], limit=ROWS).to_list(None)
    )
    old = [one["_id"] for one in takewhile(lambda one: one["at"] < before, found)]
    if old:
        await Outside().run(lambda session: outbox.delete_many({"_id": {"$in": old}}))
    return len(old)
