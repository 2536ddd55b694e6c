"""Everything that the nodes share in Redis, opened together."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from socket import gethostname
from typing import Final

from hub.config import ConfigError
from hub.engine.cluster import Bus
from hub.ids import nonce
from hub.stores.redis_bus import open_bus
from hub.stores.redis_leases import RedisLeases
from hub.stores.redis_live import RedisLive
from services.errors import Unavailable

OLDEST_VERSION: Final = (7, 0)  # XSETID with MAXDELETEDID


@dataclass(frozen=True, slots=True)
class SharedLive:
    """Live state, leases, and the bus between the nodes' sockets."""

    live: RedisLive
    leases: RedisLeases
    bus: Bus


@asynccontextmanager
async def open_shared_live(target: str) -> AsyncIterator[SharedLive]:
    """All in the Redis at `target`. Raises ConfigError when it does not answer now, or is too old."""
    node = f"{gethostname()}:{os.getpid()}"
    async with (
        RedisLive.open(target) as live,
        RedisLeases.open(target, node=node, secrets=nonce) as leases,
        open_bus(target) as bus,
    ):
        await _check(live)
        yield SharedLive(live, leases, bus)


async def _check(live: RedisLive) -> None:
    try:
        version = await live.wholeness.version()
    except Unavailable as error:
        raise ConfigError("REDIS_HOST", f"Redis does not answer: {error.__cause__}") from error
    if version < OLDEST_VERSION:
        found, needed = (".".join(map(str, numbers)) for numbers in (version, OLDEST_VERSION))
        raise ConfigError("REDIS_HOST", f"Redis is of version {found}; the hub needs {needed} or later")
