"""Which stores the hubs of the tests use: the embedded ones, or with TEST_STORES real servers.

`TEST_STORES=mongo` puts records into MongoDB, `TEST_STORES=real` live state into Redis and the log's
events into Kafka as well. A test
does not notice: each data directory gets an empty database of its own, for as long as the test runs.
"""

from __future__ import annotations

import json
import os
import sqlite3
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from hub.stores.mongo import MongoStore
from hub.stores.sqlite import SqliteStore
from tests.real.mongo_server import MongoDatabases, client_of
from tests.real.redis_server import RedisDatabases

KIND: Final = os.environ.get("TEST_STORES", "embedded")
RECORDS_FILE: Final = "navswap.sqlite"


class TestStores:
    """The servers of the session, and what each data directory of the running test uses of them."""

    __test__ = False

    def __init__(self) -> None:
        self.mongo: MongoDatabases | None = None
        self.redis: RedisDatabases | None = None
        self.kafka: str | None = None
        self._used: dict[Path, dict[str, str]] = {}
        self._stack = ExitStack()

    @contextmanager
    def for_one_test(self) -> Iterator[None]:
        """What the test takes is given back at its end."""
        try:
            with ExitStack() as self._stack:
                yield
        finally:
            self._used.clear()

    def settings(self, data_dir: Path) -> dict[str, str]:
        """The settings of a hub with this data directory, that name its stores."""
        if data_dir not in self._used:
            self._used[data_dir] = dict(self._take())
        return self._used[data_dir]

    def give(self, data_dir: Path, **settings: str) -> None:
        """Have hubs with this data directory use these, for the running test."""
        self._used[data_dir] = settings

    def _take(self) -> Iterator[tuple[str, str]]:
        if self.mongo is not None:
            yield "mongodb_uri", self._stack.enter_context(self.mongo.one())
        if self.redis is not None:
            yield "redis_host", self.redis.take()
        if self.kafka is not None:
            name = f"test-{uuid.uuid4().hex[:12]}."
            yield "kafka_bootstrap_servers", self.kafka
            yield "kafka_topic_prefix", name
            yield "kafka_group_id", name + "hub"
            yield "kafka_topic_partitions", "1"

    @asynccontextmanager
    async def open(self, data_dir: Path) -> AsyncIterator[Any]:
        """The records of a hub that does not run."""
        uri = self.settings(data_dir).get("mongodb_uri")
        if uri is None:
            async with SqliteStore.open(data_dir / RECORDS_FILE, clock=_now) as store:
                yield store
        else:
            async with MongoStore.open(uri, clock=_now) as mongo:
                yield mongo

    def documents(self, data_dir: Path, name: str) -> list[dict[str, Any]]:
        """A collection as it is stored, read by other means than the hub's."""
        uri = self._used.get(data_dir, {}).get("mongodb_uri")
        if uri is None:
            return _rows(data_dir / RECORDS_FILE, f"SELECT doc FROM {name}")
        with client_of(uri) as client:
            found = list(client.get_default_database()[name].find({}))
        return [{**one, "id": one["_id"]} for one in found]

    def logged(self, data_dir: Path, kind: str) -> list[dict[str, Any]]:
        """The payloads of the log's records of a type."""
        uri = self._used.get(data_dir, {}).get("mongodb_uri")
        if uri is None:
            return _rows(data_dir / RECORDS_FILE, f"SELECT payload FROM outbox WHERE type = '{kind}'")
        with client_of(uri) as client:
            found = list(client.get_default_database()["outbox"].find({"facts.type": kind}))
        facts = [fact for one in found for fact in one["facts"] if fact["type"] == kind]
        return [json.loads(fact["payload"]) for fact in facts]


def _rows(path: Path, query: str) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return [json.loads(row[0]) for row in connection.execute(query)]


def _now() -> datetime:
    return datetime.now(UTC)


STORES: Final = TestStores()
