"""A look at the log in MongoDB from another process, beside the hubs that write it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from hub.stores.follow import until_after
from hub.stores.mongo import open_database
from hub.stores.mongo_documents import plain
from hub.stores.mongo_numbers import HEAD
from hub.stores.mongo_outbox import Outbox
from hub.stores.mongo_schema import HEADS, OUTBOX
from hub.stores.mongo_session import Outside
from services.ports import LogRecord


class MongoLogLook:
    """Reads what has its numbers; it gives none, and changes nothing."""

    def __init__(self, database: Any) -> None:
        self._outbox = Outbox(database[OUTBOX])
        self._heads = database[HEADS]

    async def read(self, *, after: int, limit: int) -> list[LogRecord]:
        return await self._outbox.read(after, await self.last(), limit)

    async def last(self) -> int:
        raw = await Outside().run(lambda session: self._heads.find_one(HEAD, session=session))
        return 0 if raw is None else int(plain(raw)["seq"])

    async def wait(self, *, after: int, timeout_s: float) -> bool:
        return await until_after(self.last, after, timeout_s)


@asynccontextmanager
async def look_at(uri: str) -> AsyncIterator[MongoLogLook]:
    """Open the log of a hub's database. Raises ConfigError for a server that cannot be used."""
    async with open_database(uri) as database:
        yield MongoLogLook(database)
