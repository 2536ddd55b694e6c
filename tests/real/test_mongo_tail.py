"""`navswap tail` looks at the log in MongoDB as it does at SQLite's, beside a hub or without one."""

from __future__ import annotations

from hub.clock import utc_now
from hub.stores.follow import before, follow
from hub.stores.mongo import MongoStore
from hub.stores.mongo_look import look_at
from tests.contract.documents import NOON, heard, moved


async def test_look_sees_what_the_hub_sees(mongo_uri: str) -> None:
    async with MongoStore.open(mongo_uri, clock=utc_now) as store, look_at(mongo_uri) as log:
        assert await log.wait(after=0, timeout_s=0) is False
        async with store.records.transaction() as tx:
            tx.log(heard(1), moved(2), heard(3))
        assert await log.wait(after=0, timeout_s=10) is True
        assert await store.log.last() == await log.last() == 3
        assert await log.read(after=0, limit=10) == await store.log.read(after=0, limit=10)
        assert await before(log, NOON) == 0

        pages = follow(log, "swap_events", since=NOON, tick_s=0.1)
        assert [event["id"] for event in await anext(pages)] == ["000001", "000003"]
        async with store.records.transaction() as tx:
            tx.log(heard(4))
        found: list[str] = []
        async for page in pages:
            found += [event["id"] for event in page]
            if found:
                break
        await pages.aclose()  # type: ignore[attr-defined]
        assert found == ["000004"]
