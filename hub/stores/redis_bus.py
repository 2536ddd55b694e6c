"""The engine's bus on the Redis that the nodes share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from redis.asyncio import ConnectionPool, Redis, RedisCluster
from redis.exceptions import RedisClusterException

from hub.engine.cluster import Bus
from hub.stores.redis_client import open_redis


@asynccontextmanager
async def open_bus(target: str) -> AsyncIterator[Bus]:
    """A bus that is not started yet; the server starts and stops it."""
    async with open_redis(target, name="navswap-bus") as client:
        if isinstance(client, RedisCluster):
            master = _Master(client)
            try:
                yield Bus(master.connect)
            finally:
                await master.close()
        else:

            async def connect() -> Any:
                return client

            # channels are the whole server's: another database's hub must not be heard
            database = client.connection_pool.connection_kwargs.get("db", 0)
            yield Bus(connect, prefix=f"navswap{database}")


class _Master:
    """The node of a cluster that has the bus's slot; asked for anew after each failure."""

    def __init__(self, cluster: RedisCluster) -> None:
        self._cluster = cluster
        self._redis: Redis | None = None

    async def connect(self) -> Redis:
        await self.close()
        await self._cluster.nodes_manager.initialize()
        await self._cluster.initialize()
        node = self._cluster.get_node_from_key("{navswap}")
        if node is None:
            raise RedisClusterException("no node has the bus's slot")
        pool = ConnectionPool(connection_class=node.connection_class, **node.connection_kwargs)
        self._redis = Redis.from_pool(pool)
        return self._redis

    async def close(self) -> None:
        if self._redis is not None:
            await self._redis.aclose()
            self._redis = None
