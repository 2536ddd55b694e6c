"""Opens Redis: one server, Sentinel or Cluster, always with deadlines and bounds."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any, Final

from redis.asyncio import BlockingConnectionPool, Redis, RedisCluster
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.connection import SSLConnection, parse_url
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import (
    Sentinel,
    SentinelConnectionPool,
    SentinelManagedConnection,
    SentinelManagedSSLConnection,
)
from redis.backoff import NoBackoff
from redis.exceptions import RedisClusterException, RedisError

from hub.stores.redis_address import RedisAddress, RedisForm

CONNECT_S: Final = 1.0
ANSWER_S: Final = 2.0  # of one command: one that blocks (XREAD BLOCK) must block for clearly less
FREE_S: Final = 1.0  # until one of the pool's connections is free
MOST_CONNECTIONS: Final = 32  # of one client; in a cluster per node
IDLE_CHECK_S: Final = 15  # a connection that was idle for so long is tried with PING first

FAILURES: Final = (RedisError, RedisClusterException, OSError, TimeoutError)
"""What a command raises when Redis is away, loading, read-only, full or slow."""


class _SentinelPool(SentinelConnectionPool, BlockingConnectionPool):
    """The master's connections; when all are in use the caller waits for one, as with a single server."""


@asynccontextmanager
async def open_redis(target: str, *, name: str) -> AsyncIterator[Redis | RedisCluster]:
    """A client of the Redis at `target` (see `RedisAddress`), closed at the end; answers are bytes.

    It connects when it is first used; to a cluster at once, if one answers. Every command ends within
    `CONNECT_S + FREE_S + ANSWER_S` for each node it asks, and raises one of `FAILURES` when Redis does not
    answer. Nothing is sent twice: a command that was lost with its connection may have been carried out, so
    only the caller knows whether to repeat it. A connection found closed before a command is sent is opened
    anew, but not in a cluster: there one failure closes the node's others too. `name` is what `CLIENT LIST`
    shows.

    Raises ValueError for a target that cannot be read.
    """
    address = RedisAddress.parse(target)
    async with AsyncExitStack() as stack:
        client = _open(address, _options(address.url, name), stack)
        if isinstance(client, RedisCluster):
            with suppress(*FAILURES):  # without the map, first commands would be sent to any node
                await client.initialize()
        yield client


def _open(address: RedisAddress, options: dict[str, Any], stack: AsyncExitStack) -> Redis | RedisCluster:
    if address.form is RedisForm.CLUSTER:
        cluster = _cluster(address, options)
        stack.push_async_callback(cluster.aclose)
        return cluster
    if address.form is RedisForm.SENTINEL:
        sentinel = _sentinel(address, options)
        stack.push_async_callback(sentinel.aclose)
        pool: BlockingConnectionPool = _master_pool(sentinel, address.service, options)
    else:
        pool = BlockingConnectionPool(max_connections=MOST_CONNECTIONS, timeout=FREE_S, **options)
    client = Redis.from_pool(pool)
    stack.push_async_callback(client.aclose)
    return client


def _options(url: str, name: str) -> dict[str, Any]:
    """What every connection is opened with."""
    deadlines = {"socket_timeout": ANSWER_S, "socket_connect_timeout": CONNECT_S}
    common = {
        "retry": Retry(NoBackoff(), 0),
        "health_check_interval": IDLE_CHECK_S,
        "client_name": name,
        "protocol": 2,  # without pushes, unread bytes on a pooled connection mean that it is broken
    }
    given = dict(parse_url(url))
    if "path" in given:
        del deadlines["socket_connect_timeout"]
    return {**common, **deadlines, **given}


def _is_tls(options: dict[str, Any]) -> bool:
    return options.get("connection_class") is SSLConnection


def _sentinel(address: RedisAddress, options: dict[str, Any]) -> Sentinel:
    """The Sentinels, as their own user, on TLS when the servers are."""
    own = {
        name: value
        for name, value in options.items()
        if name.startswith(("socket_", "ssl_", "client_", "retry"))
    }
    own |= {"username": address.sentinel_username, "password": address.sentinel_password}
    return Sentinel(  # type: ignore[no-untyped-call]
        list(address.nodes),
        sentinel_kwargs={**own, "ssl": _is_tls(options), "protocol": 2, "max_connections": MOST_CONNECTIONS},
    )


def _master_pool(sentinel: Sentinel, service: str, options: dict[str, Any]) -> _SentinelPool:
    tls = _is_tls(options)
    kind = SentinelManagedSSLConnection if tls else SentinelManagedConnection
    return _SentinelPool(  # type: ignore[no-untyped-call]
        service,
        sentinel,
        check_connection=True,
        max_connections=MOST_CONNECTIONS,
        timeout=FREE_S,
        **{**options, "connection_class": kind},
    )


def _cluster(address: RedisAddress, options: dict[str, Any]) -> RedisCluster:
    tls = _is_tls(options)
    rest = {name: value for name, value in options.items() if name not in ("connection_class", "db")}
    return RedisCluster(
        startup_nodes=[ClusterNode(host, port) for host, port in address.nodes],
        ssl=tls,
        max_connections=MOST_CONNECTIONS,
        reinitialize_steps=0,  # else the fifth MOVED closes every connection, also those in use
        **rest,
    )
