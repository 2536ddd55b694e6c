"""Servers of the engine that share one Redis, in this process."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from engine_support import Raw, Running

from hub.engine import Server
from hub.engine.cluster import Bus, ClusterRooms
from hub.stores.redis_client import open_redis

Serve = Callable[..., Awaitable[Running]]
_prefixes = itertools.count(1)  # channels are the whole server's, whatever the database


@pytest.fixture
async def serve(redis_url: str) -> AsyncIterator[Serve]:
    """Start nodes: `one, two = await serve(), await serve()`."""
    async with contextlib.AsyncExitStack() as stack:
        client = await stack.enter_async_context(open_redis(redis_url, name="test"))
        prefix = f"test{next(_prefixes)}"

        async def connect() -> Any:
            return client

        async def start(server: Any = None, *, prepare: Any = None, **options: Any) -> Running:
            bus = Bus(connect, prefix=prefix)
            server = Server(client_manager=ClusterRooms(bus), **options) if server is None else server
            if prepare is not None:
                prepare(server)
            port = await server.listen("127.0.0.1", 0)
            stack.push_async_callback(server.close)
            return Running(server, port, stack)

        yield start


async def member(node: Running, *rooms: str) -> Raw:
    """A client that is in rooms."""
    raw = await node.joined()
    for room in rooms:
        await node.server.enter_room(raw.connected["sid"], room)
    return raw
