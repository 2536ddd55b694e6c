"""Fixtures of MongoDB. A server that `MONGODB_URI` names is used instead of our own where one is enough."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.real.mongo_server import MongoDatabases, MongoServer, running_mongo


@pytest.fixture(scope="session")
def mongo_databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MongoDatabases]:
    """Databases of one server, dropped at the end where the server stays."""
    if given := os.environ.get("MONGODB_URI"):
        databases = MongoDatabases(given)
        yield databases
        databases.drop_all()
        return
    with running_mongo(tmp_path_factory.mktemp("mongo") / "data") as server:
        yield MongoDatabases(server.uri)


@pytest.fixture
def mongo_uri(mongo_databases: MongoDatabases) -> Iterator[str]:
    """An empty database of the session's server."""
    with mongo_databases.one() as uri:
        yield uri


@pytest.fixture
def mongo_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MongoServer]:
    """A server of this test's own, to be killed and paused."""
    with running_mongo(tmp_path_factory.mktemp("mongo") / "data") as server:
        yield server
