"""Transactions that can be counted afterwards: one swap as four documents and a fact, all of them or none."""

from __future__ import annotations

import asyncio
from collections import Counter
from itertools import count
from typing import Any

from hub.stores.mongo import MongoStore
from services.errors import Unavailable, WriteConflict
from services.states import EntryState
from tests.contract.documents import entry, heard, posting, swap
from tests.real.mongo_server import client_of
from tests.support.processes import cancelled


async def write(store: MongoStore, name: str, number: int) -> None:
    async with store.records.transaction() as tx:
        await tx.queues.insert(entry(name, order=number, state=EntryState.COMPLETED))
        await tx.swaps.insert(swap(name, entry_id=name))
        await tx.credits.insert(
            posting(f"{name}:+", amount=10, source=name),
            posting(f"{name}:-", amount=-10, source=name, account="network"),
        )
        tx.log(heard(number, station_id=name))


class Writers:
    """Many at once, for ever; they note what was acknowledged, and what else they were told."""

    def __init__(self, store: MongoStore, many: int = 10) -> None:
        self._store = store
        self._numbers = count(1)
        self.acknowledged: list[str] = []
        self.told: Counter[str] = Counter()
        self._news = asyncio.Event()
        self._tasks = [asyncio.create_task(self._write_for_ever()) for _ in range(many)]

    async def _write_for_ever(self) -> None:
        for number in self._numbers:
            name = f"entry_{number}"
            try:
                await write(self._store, name, number)
            except (Unavailable, WriteConflict) as error:
                self.told[type(error).__name__] += 1
            else:
                self.acknowledged.append(name)
            self._news.set()

    async def until_acknowledged(self, more: int, *, within_s: float = 30) -> None:
        wanted = len(self.acknowledged) + more
        async with asyncio.timeout(within_s):
            while len(self.acknowledged) < wanted:
                self._news.clear()
                await self._news.wait()

    async def until_told(self, error: str, *, within_s: float = 30) -> None:
        async with asyncio.timeout(within_s):
            while not self.told[error]:
                self._news.clear()
                await self._news.wait()

    async def stop(self) -> None:
        await cancelled(self._tasks)


def check_whole(uri: str, acknowledged: list[str]) -> set[str]:
    """Everything acknowledged is there, and nothing is half there. Answers what is there."""
    with client_of(uri) as client:
        database: Any = client.get_default_database()
        entries = {one["_id"] for one in database["queues"].find({}, {"_id": 1})}
        swaps = {one["_id"] for one in database["swaps"].find({}, {"_id": 1})}
        postings = Counter(one["source"] for one in database["credits"].find({}))
        logged = Counter(fact["key"] for one in database["outbox"].find({}) for fact in one["facts"])
    assert entries == swaps == set(postings) == set(logged)
    assert set(postings.values()) <= {2}
    assert set(logged.values()) <= {1}
    assert set(acknowledged) <= entries
    assert len(acknowledged) == len(set(acknowledged))
    return entries


async def check_log(store: MongoStore, there: set[str]) -> None:
    """The log has every fact once, and its numbers have no gap."""
    last = await store.log.last()
    records = await store.log.read(after=0, limit=10_000)
    assert [record.seq for record in records] == list(range(1, last + 1))
    assert Counter(record.key for record in records) == Counter(there)
