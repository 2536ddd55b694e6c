"""The event log in MongoDB: what has its numbers, for readers with a stored place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hub.stores.mongo_documents import plain
from hub.stores.mongo_numbering import Numbering
from hub.stores.mongo_numbers import Numbers
from hub.stores.mongo_outbox import Outbox
from hub.stores.mongo_session import Outside
from hub.stores.news import News
from hub.stores.tail import Tail
from services.ports import LogRecord


class MongoLog:
    """Implements `services.ports.Log`. A process reads what it has committed itself, always."""

    def __init__(self, numbers: Numbers, outbox: Outbox, positions: Any) -> None:
        self.numbering = Numbering(numbers, self.publish)
        self._numbers = numbers
        self._outbox = outbox
        self._positions = positions
        self._tail = Tail()
        self._news = News()

    def publish(self, head: int, records: Sequence[LogRecord]) -> None:
        """Let readers see what has its numbers, up to `head`; some of it is at hand."""
        for record in records:
            self._tail.extend((record,))
        self._news.reach(head)

    async def refresh(self) -> None:
        """Look for what other hubs have numbered."""
        self.publish(await self._numbers.head(), ())

    async def read(self, *, after: int, limit: int) -> list[LogRecord]:
        await self.numbering.caught_up()
        if after >= self._news.last or limit <= 0:
            return []
        recent = self._tail.after(after, limit)
        return recent or await self._outbox.read(after, self._news.last, limit)

    async def last(self) -> int:
        await self.numbering.caught_up()
        await self.refresh()
        return self._news.last

    async def position(self, reader: str) -> int | None:
        raw = await Outside().run(lambda session: self._positions.find_one({"_id": reader}))
        return None if raw is None else int(plain(raw)["seq"])

    async def keep_position(self, reader: str, seq: int) -> None:
        await Outside().run(
            lambda session: self._positions.update_one({"_id": reader}, {"$max": {"seq": seq}}, upsert=True)
        )

    async def wait(self, *, after: int, timeout_s: float) -> bool:
        return await self._news.wait(after=after, timeout_s=timeout_s)
