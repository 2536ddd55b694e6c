"""One page of the log for several readers that are in step: one query instead of one each."""

from __future__ import annotations

import asyncio

from services.ports import Log, LogRecord


class SharedPage:
    """A `Log` that remembers the page it has read last.

    What was read stays true: records are never changed, and none appears between two others. A page
    can only be shorter than what is there now, which a reader sees with its next call.
    """

    def __init__(self, log: Log) -> None:
        self._log = log
        self._lock = asyncio.Lock()
        self._after = 0
        self._page: list[LogRecord] = []

    async def read(self, *, after: int, limit: int) -> list[LogRecord]:
        async with self._lock:
            if not self._page or not self._after <= after < self._page[-1].seq:
                self._page = await self._log.read(after=after, limit=limit)
                self._after = after
            return [record for record in self._page if record.seq > after][:limit]

    async def last(self) -> int:
        return await self._log.last()

    async def position(self, reader: str) -> int | None:
        return await self._log.position(reader)

    async def keep_position(self, reader: str, seq: int) -> None:
        await self._log.keep_position(reader, seq)

    async def wait(self, *, after: int, timeout_s: float) -> bool:
        return await self._log.wait(after=after, timeout_s=timeout_s)
