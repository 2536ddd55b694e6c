"""The database killed, paused, and at a loss for words: what was acknowledged is there, and nothing twice."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from hub.clock import utc_now
from hub.stores import mongo_presence
from hub.stores.mongo import MongoStore
from services.again import insist
from services.errors import Unavailable
from tests.contract.documents import user
from tests.real.mongo_server import MongoServer, client_of, in_database
from tests.real.mongo_swaps import Writers, check_log, check_whole, write

MOST_S = 15.0  # until somebody is told that the store is away


@pytest.fixture
def uri(mongo_server: MongoServer) -> str:
    return in_database(mongo_server.uri, "navswap")


@pytest.fixture
async def store(uri: str) -> AsyncIterator[MongoStore]:
    async with MongoStore.open(uri, clock=utc_now) as store:
        yield store


@pytest.fixture
def admin(mongo_server: MongoServer) -> Iterator[Any]:
    with client_of(mongo_server.uri) as client:
        yield client.admin


def fail(admin: Any, command: str, times: int, **how: Any) -> None:
    """The server's own means for tests: its next answers to a command."""
    data = {"failCommands": [command], **how}
    admin.command({"configureFailPoint": "failCommand", "mode": {"times": times}, "data": data})


# -- the result of a commit


@pytest.mark.parametrize("times", [1, 5])
async def test_a_commit_that_did_not_arrive_is_sent_again(
    store: MongoStore, uri: str, admin: Any, times: int
) -> None:
    fail(admin, "commitTransaction", times, closeConnection=True)

    await write(store, "entry_1", 1)

    assert check_whole(uri, ["entry_1"]) == {"entry_1"}
    await check_log(store, {"entry_1"})


async def test_a_commit_whose_answer_is_lost_counts_once(store: MongoStore, uri: str, admin: Any) -> None:
    unknown = {"code": 64, "errmsg": "waiting for replication timed out"}
    fail(admin, "commitTransaction", 3, writeConcernError=unknown)

    await write(store, "entry_1", 1)

    assert check_whole(uri, ["entry_1"]) == {"entry_1"}
    await check_log(store, {"entry_1"})


async def test_a_statement_that_broke_is_told_and_leaves_nothing(
    store: MongoStore, uri: str, admin: Any
) -> None:
    fail(admin, "insert", 1, errorCode=8000)

    with pytest.raises(Unavailable):
        await write(store, "entry_1", 1)

    assert check_whole(uri, []) == set()
    await write(store, "entry_1", 1)
    assert check_whole(uri, ["entry_1"]) == {"entry_1"}


# -- the server


async def test_killed_between_commits_it_loses_nothing_and_halves_nothing(
    mongo_server: MongoServer, uri: str
) -> None:
    acknowledged: list[str] = []
    for _ in range(3):
        async with MongoStore.open(uri, clock=utc_now) as store:
            writers = Writers(store)
            writers._numbers = iter(range(len(acknowledged) * 100 + 1, 10**9))  # type: ignore[assignment]
            await writers.until_acknowledged(60)
            mongo_server.kill()
            await writers.stop()
            acknowledged += writers.acknowledged
            mongo_server.start()
        check_whole(uri, acknowledged)


async def test_killed_and_started_again_under_load_it_is_used_again_without_a_hand(
    mongo_server: MongoServer, store: MongoStore, uri: str
) -> None:
    writers = Writers(store)
    await writers.until_acknowledged(50)
    mongo_server.kill()
    await writers.until_told("Unavailable", within_s=MOST_S)
    mongo_server.start()
    await writers.until_acknowledged(50, within_s=MOST_S)
    await writers.stop()

    async with asyncio.timeout(MOST_S):
        there = check_whole(uri, writers.acknowledged)
        await check_log(store, there)


async def test_a_silent_server_is_unavailable_in_time_and_comes_back(
    mongo_server: MongoServer, uri: str
) -> None:
    async with MongoStore.open(f"{uri}&timeoutMS=500", clock=utc_now) as store:
        async with store.records.transaction() as tx:
            await tx.users.insert(user())
        began = time.monotonic()
        with mongo_server.paused():
            with pytest.raises(Unavailable):
                await store.records.now.users.get("consumer_001")
            with pytest.raises(Unavailable):
                async with store.records.transaction() as tx:
                    await tx.users.get("consumer_001")
            with pytest.raises(Unavailable):
                await store.log.keep_position("rooms", 1)
            assert time.monotonic() - began < 3 * 1.0

        assert await store.records.now.users.get("consumer_001") == user()


async def test_what_a_killed_hub_left_without_numbers_gets_them_from_another(
    store: MongoStore, uri: str
) -> None:
    """As if the process had ended between the commit and its steps."""
    async with MongoStore.open(uri, clock=utc_now) as killed:
        killed.records._commits._outbox.ready = lambda written: None
        await write(killed, "entry_1", 1)
    await write(store, "entry_2", 2)

    async with asyncio.timeout(10):
        assert await store.log.wait(after=1, timeout_s=10)

    assert [record.key for record in await store.log.read(after=0, limit=10)] == ["entry_1", "entry_2"]


async def test_what_a_killed_hub_holds_is_free_for_others_after_a_while(
    mongo_server: MongoServer, uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mongo_presence, "BEAT_S", 0.1)
    monkeypatch.setattr(mongo_presence, "GONE_S", 0.5)
    async with MongoStore.open(uri, clock=utc_now) as store:
        async with store.records.transaction() as tx:
            await tx.users.insert(user())
        with client_of(uri) as killed, killed.start_session() as session:
            database = killed.get_default_database()
            session.start_transaction()
            database["users"].update_one({}, {"$set": {"name": "Held"}}, session=session)
            dead = {"_id": "sessions:dead", "beat": 3, "sessions": [session.session_id]}
            database["meta"].insert_one(dead)

            async def rename() -> None:
                async with store.records.transaction() as tx:
                    present = await tx.users.get("consumer_001")
                    assert present
                    await tx.users.replace(present.changed(name="Free"))

            await insist(rename, within_s=10)
            assert database["meta"].find_one({"_id": "sessions:dead"}) is None

    with client_of(uri) as client:
        assert [one["_id"] for one in client.get_default_database()["meta"].find()] == ["schema"]
