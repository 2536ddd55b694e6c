"""Retention in MongoDB: log records that everybody has read; what has an age alone goes by TTL indexes."""

from __future__ import annotations

from datetime import datetime
from itertools import takewhile
from typing import Any, Final

from hub.stores.mongo_documents import plain
from hub.stores.mongo_session import Outside
from hub.stores.retention import KEEP_LOG

ROWS: Final = 500  # documents at a time: a deletion is short


async def prune(outbox: Any, positions: Any, now: datetime) -> dict[str, int]:
    """Delete old records that every reader has read; how many documents, by collection."""
    read = await _read_by_all(positions)
    numbers = {"$gt": 0} if read is None else {"$gt": 0, "$lte": read}
    total, deleted = 0, ROWS
    while deleted == ROWS:
        deleted = await _delete_some(outbox, {"last": numbers}, now - KEEP_LOG)
        total += deleted
    return {"outbox": total}


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
