"""A session that reads one moment of the database, however long it takes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import pymongo

from hub.ids import SortableIds
from hub.stores.mongo_session import MAJORITY, SNAPSHOT
from services.base import Ids

CALL_S: Final = 60.0  # longest call: a batch, or the removal of a collection


@asynccontextmanager
async def one_moment(database: Any, *, ids: Ids | None = None) -> AsyncIterator[Any]:
    """A snapshot session, which MongoDB keeps for five minutes (`minSnapshotHistoryWindowInSeconds`).

    Not every server that speaks its protocol means it: whether this one does is tried with a document
    written after the moment. One that does not has to do it in a transaction, which may last a minute.
    """
    mark = {"_id": f"moment:{(ids or SortableIds())()}"}
    async with await database.client.start_session(snapshot=True) as session:
        if await _stands_still(database.meta, mark, session):
            yield session
            return
    async with (
        await database.client.start_session() as session,
        session.start_transaction(SNAPSHOT, MAJORITY),
    ):
        await database.meta.find_one({}, session=session)
        yield session


async def _stands_still(meta: Any, mark: dict[str, str], session: Any) -> bool:
    with pymongo.timeout(CALL_S):
        await meta.find_one({}, session=session)
        await meta.insert_one(dict(mark))
        try:
            return await meta.find_one(mark, session=session) is None
        finally:
            await meta.delete_one(mark)
