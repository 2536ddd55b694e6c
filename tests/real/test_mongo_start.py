"""What a hub finds when it opens a MongoDB: what it makes, what it refuses, and with which sentence."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.clock import utc_now
from hub.config import ConfigError, Settings
from hub.lifespan import open_resources
from hub.stores import mongo_lease, mongo_schema
from hub.stores.mongo import MongoStore
from hub.stores.mongo_query import path
from hub.stores.schema import COLLECTIONS
from hub.stores.schema.versions import NewerSchema, SchemaError
from services.errors import Unavailable
from tests.contract.documents import NOON, HandClock, fix, heard, user
from tests.real.mongo_server import MongoServer, client_of
from tests.unit.services.cities import services_on

Database = Any


@pytest.fixture
def database(mongo_uri: str) -> Iterator[Database]:
    """The same database, by a driver of the test's own."""
    with client_of(mongo_uri) as client:
        yield client.get_default_database()


async def test_every_declared_index_is_made_and_again_when_its_declaration_changed(
    mongo_uri: str, database: Database
) -> None:
    async with MongoStore.open(mongo_uri, clock=utc_now):
        pass
    database["queues"].drop_index("queues_by_station")
    database["queues"].create_index([("order", 1)], name="queues_by_station")

    async with MongoStore.open(mongo_uri, clock=utc_now):
        pass

    for collection in COLLECTIONS:
        made = database[collection.name].index_information()
        for index in collection.indexes:
            assert [field for field, _ in made[index.name]["key"]] == [path(one) for one in index.fields]
            assert bool(made[index.name].get("unique")) is index.unique
            assert ("partialFilterExpression" in made[index.name]) is bool(index.where)
    assert database["kept_answers"].index_information()["kept_answers_ttl"]["expireAfterSeconds"] == 0


async def test_a_newer_database_is_refused_in_a_clear_sentence(mongo_uri: str, database: Database) -> None:
    async with MongoStore.open(mongo_uri, clock=utc_now):
        pass
    newer = len(mongo_schema.STEPS) + 2
    database["meta"].update_one({"_id": "schema"}, {"$set": {"version": newer}})
    try:
        with pytest.raises(NewerSchema, match="written by a newer hub"):
            async with MongoStore.open(mongo_uri, clock=utc_now):
                pass
    finally:
        database["meta"].update_one({"_id": "schema"}, {"$set": {"version": newer - 1}})


async def test_steps_bring_an_older_database_up_to_date_once(mongo_uri: str, database: Database) -> None:
    async with MongoStore.open(mongo_uri, clock=utc_now) as store:
        ran: list[str] = []
        known = len(mongo_schema.STEPS) + 1

        async def second(opened: Any) -> None:
            ran.append(opened.name)

        try:
            await mongo_schema.prepare(store.database, (*mongo_schema.STEPS, second))
            await mongo_schema.prepare(store.database, (*mongo_schema.STEPS, second))
            assert ran == [store.database.name]
            assert database["meta"].find_one({"_id": "schema"})["version"] == known + 1
        finally:
            database["meta"].update_one({"_id": "schema"}, {"$set": {"version": known}})


async def test_a_database_of_another_program_is_left_alone(mongo_uri: str, database: Database) -> None:
    database.client.drop_database(database.name)
    database["users"].insert_one({"_id": "theirs"})
    try:
        with pytest.raises(SchemaError, match=r"another program \(users\).*MONGODB_URI"):
            async with MongoStore.open(mongo_uri, clock=utc_now):
                pass
        assert database.list_collection_names() == ["users"]
    finally:
        database.client.drop_database(database.name)


async def test_a_server_alone_is_refused_and_told_what_to_do(tmp_path: Path) -> None:
    server = MongoServer(tmp_path / "data", replicated=False)
    server.start()
    try:
        with pytest.raises(ConfigError, match=r"MONGODB_URI: the server is no replica set.*rs.initiate"):
            async with MongoStore.open(server.uri, clock=utc_now):
                pass
    finally:
        server.kill()


@pytest.mark.parametrize(
    ("uri", "why"),
    [
        ("mongodb://127.0.0.1:9/x?serverSelectionTimeoutMS=50", "no server answers"),
        ("mongodb://user:p@ss@127.0.0.1/", "cannot be read"),
    ],
)
async def test_a_uri_that_leads_nowhere_names_the_setting(uri: str, why: str) -> None:
    with pytest.raises(ConfigError, match=f"MONGODB_URI: .*{why}"):
        async with MongoStore.open(uri, clock=utc_now):
            pass


# -- alone on a database


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mongo_lease, "BEAT_S", 0.1)
    monkeypatch.setattr(mongo_lease, "LONGEST_S", 1.0)
    monkeypatch.setattr(mongo_lease, "SAFE_S", 0.7)


@pytest.mark.usefixtures("quick")
async def test_a_second_hub_without_redis_is_refused(mongo_uri: str, tmp_path: Path) -> None:
    def settings(name: str) -> Settings:
        return Settings(_env_file=None, data_dir=tmp_path / name, mongodb_uri=mongo_uri)

    async with open_resources(settings("one"), clock=utc_now):
        with pytest.raises(ConfigError, match="REDIS_HOST: another hub uses this database"):
            async with open_resources(settings("two"), clock=utc_now):
                pass
    async with open_resources(settings("two"), clock=utc_now):  # given back
        pass


@pytest.mark.usefixtures("quick")
async def test_a_hub_that_was_killed_is_followed_at_once_by_itself_and_by_others_after_a_while(
    mongo_uri: str, database: Database
) -> None:
    database["meta"].insert_one({"_id": "hub", "holder": "one", "run": "killed", "beat": 7})
    async with asyncio.timeout(0.9):
        async with MongoStore.open(mongo_uri, clock=utc_now, alone_as="one") as store:
            await store.records.now.users.count({})

    database["meta"].insert_one({"_id": "hub", "holder": "one", "run": "killed", "beat": 7})
    async with (
        MongoStore.open(mongo_uri, clock=utc_now, alone_as="two") as store,
        store.records.transaction() as tx,
    ):
        await tx.users.insert(user())


@pytest.mark.usefixtures("quick")
async def test_a_hub_that_lost_the_database_changes_nothing_any_more(
    mongo_uri: str, database: Database
) -> None:
    async with MongoStore.open(mongo_uri, clock=utc_now, alone_as="one") as store:
        database["meta"].update_one({"_id": "hub"}, {"$set": {"holder": "two", "run": "other", "beat": 99}})

        async def refused() -> bool:
            try:
                async with store.records.transaction() as tx:
                    await tx.users.insert(user(f"u{asyncio.get_running_loop().time()}"))
            except Unavailable:
                return True
            return False

        async with asyncio.timeout(5):
            while not await refused():  # until it has noticed
                pass
        assert await refused()
    assert database["meta"].find_one({"_id": "hub"})["run"] == "other"


# -- retention


async def test_old_records_go_once_every_reader_has_read_them(mongo_uri: str) -> None:
    clock = lambda: NOON  # noqa: E731
    async with MongoStore.open(mongo_uri, clock=clock) as store:
        for number, days_ago in enumerate((9, 8, 6, 0)):
            async with store.records.transaction() as tx:
                tx.log(heard(number).model_copy(update={"at": NOON - timedelta(days=days_ago)}))
            await store.log.last()
        await store.log.keep_position("rooms", 4)
        await store.log.keep_position("kafka", 1)

        assert (await store.prune())["outbox"] == 1
        await store.log.keep_position("kafka", 4)
        assert (await store.prune())["outbox"] == 1

        async with MongoStore.open(mongo_uri, clock=clock) as again:
            assert [record.seq for record in await again.log.read(after=0, limit=10)] == [3, 4]
            assert await again.log.last() == 4


async def test_old_fixes_are_thinned_and_then_go(mongo_uri: str) -> None:
    clock = HandClock()
    ages = [timedelta(days=200), *(timedelta(days=40, seconds=-n) for n in range(90)), timedelta(days=1)]
    async with MongoStore.open(mongo_uri, clock=clock) as store:
        services = services_on(store.records, store.log, clock)
        async with store.records.transaction() as tx:
            await tx.gps_logs.insert(*(fix(at=clock() - age, id=str(age)) for age in ages))

        went = await services.retention.run()

        assert (went["gps_dropped"], went["gps_thinned"]) == (1, 88)
        left = await store.records.now.gps_logs.find({}, order=("at",))
        assert [one.at - left[0].at for one in left[:2]] == [timedelta(0), timedelta(minutes=1)]
        assert len(left) == 3
        assert not any((await services.retention.run()).values())
