"""Readers in step share a query; a reader that is elsewhere gets what it asks for."""

from __future__ import annotations

import random
from collections.abc import Sequence

from hub.stores.page import SharedPage
from services.ports import LogRecord
from tests.contract.documents import NOON


class CountingLog:
    """A log with gaps in its numbers."""

    def __init__(self, numbers: Sequence[int]) -> None:
        self.records = [LogRecord(seq, str(seq), None, (), "t", "x", "k", NOON, b"{}") for seq in numbers]
        self.reads = 0

    async def read(self, *, after: int, limit: int) -> list[LogRecord]:
        self.reads += 1
        return [record for record in self.records if record.seq > after][:limit]

    async def last(self) -> int:
        return self.records[-1].seq if self.records else 0

    async def position(self, reader: str) -> int | None:
        raise NotImplementedError

    async def keep_position(self, reader: str, seq: int) -> None:
        raise NotImplementedError

    async def wait(self, *, after: int, timeout_s: float) -> bool:
        return await self.last() > after


async def test_readers_in_step_cost_one_query() -> None:
    log = CountingLog(range(1, 100))
    page = SharedPage(log)

    found = [await page.read(after=0, limit=50) for _ in range(4)]

    assert log.reads == 1
    assert all([record.seq for record in records] == list(range(1, 51)) for records in found)


async def test_every_reader_reads_every_record_in_order() -> None:
    """Readers at places and with limits of their own, while the log grows."""
    rng = random.Random(7)
    log = CountingLog([])
    page = SharedPage(log)
    read: list[list[int]] = [[] for _ in range(4)]
    for step in range(600):
        if step < 400:
            log.records += CountingLog([step * 3, step * 3 + rng.randint(1, 2)] if step else []).records
        mine = rng.choice(read)
        mine += [one.seq for one in await page.read(after=mine[-1] if mine else 0, limit=rng.randint(1, 40))]
    for mine in read:
        while records := await page.read(after=mine[-1] if mine else 0, limit=40):
            mine += [one.seq for one in records]

    assert read == [[record.seq for record in log.records]] * 4
