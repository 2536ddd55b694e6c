"""Everything that the nodes share in Redis, opened together."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from socket import gethostname
from typing import Final

from hub.config import ConfigError
from hub.ids import nonce
from hub.stores.redis_leases import RedisLeases
from hub.stores.redis_live import RedisLive
from services.errors import Unavailable

OLDEST_VERSION: Final = (6, 2)  # ZADD GT


@dataclass(frozen=True, slots=True)
class SharedLive:
    """Live state and leases."""

    live: RedisLive
    leases: RedisLeases


@asynccontextmanager
async def open_shared_live(target: str) -> AsyncIterator[SharedLive]:
    """Both in the Redis at `target`. Raises ConfigError when it does not answer now, or is too old."""
    node = f"{gethostname()}:{os.getpid()}"
    async with RedisLive.open(target) as live, RedisLeases.open(target, node=node, secrets=nonce) as leases:
        await _check(live)
        yield SharedLive(live, leases)


async def _check(live: RedisLive) -> None:
    try:
        version = await live.wholeness.version()
    except Unavailable as error:
        raise ConfigError("REDIS_HOST", f"Redis does not answer: {error.__cause__}") from error
    if version < OLDEST_VERSION:
        found, needed = (".".join(map(str, numbers)) for numbers in (version, OLDEST_VERSION))
        raise ConfigError("REDIS_HOST", f"Redis is of version {found}; the hub needs {needed} or later")
