"""Fixtures of Redis. A server that `REDIS_HOST` names is used instead of our own where one is enough."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import redis

from hub.stores.redis_address import RedisAddress
from tests.real.redis_groups import RedisClusterServers, cluster
from tests.real.redis_server import RedisDatabases, RedisServer, single


@pytest.fixture(scope="session")
def redis_databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisDatabases]:
    """Databases 1 to 15 of one server."""
    if given := os.environ.get("REDIS_HOST"):
        url = RedisAddress.parse(given).url.rstrip("/")
        with redis.Redis.from_url(url, protocol=2) as client:
            used = client.info("keyspace")
        if used:
            pytest.fail(f"REDIS_HOST has data in {', '.join(used)}: the tests need a server of their own")
        yield RedisDatabases(url)
        return
    with single(tmp_path_factory.mktemp("redis")) as server:
        yield RedisDatabases(server.url)


@pytest.fixture
def redis_url(redis_databases: RedisDatabases) -> str:
    """An empty database of the session's server."""
    return redis_databases.take()


@pytest.fixture
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A server of this test's own, to be killed and paused."""
    with single(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="session")
def redis_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisClusterServers]:
    """Three masters, for the whole session."""
    with cluster(tmp_path_factory.mktemp("cluster")) as servers:
        yield servers


@pytest.fixture
def redis_cluster_url(redis_cluster: RedisClusterServers) -> str:
    """The session's cluster, empty."""
    redis_cluster.empty()
    return redis_cluster.url
