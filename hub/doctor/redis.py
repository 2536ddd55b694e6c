"""Is Redis there, quick, and set up to keep what it is given?"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from hub.clock import utc_now
from hub.config import Settings
from hub.doctor.clocks import clock_of
from hub.doctor.finding import Finding, fail, ok, warn
from hub.stores.redis import OLDEST_VERSION
from hub.stores.redis_client import FAILURES, open_redis

NAME: Final = "navswap-doctor"
SLOW_MS: Final = 20.0


async def redis_works(settings: Settings) -> list[Finding]:
    """Reached, its version, its policy, its clock."""
    if settings.redis_host is None:
        return [ok("live state", "in memory; a running hub makes it at every start")]
    async with open_redis(settings.redis_host.get_secret_value(), name=NAME) as client:
        try:
            return await _look(client)
        except FAILURES as error:
            found = f"not reached: {type(error).__name__}"
            return [fail("redis", found, "start it, or correct REDIS_HOST")]


async def _look(client: Any) -> list[Finding]:
    await client.ping()  # opens the connection: the next one is as quick as a hub's are
    began = time.perf_counter()
    await client.ping()
    took_ms = (time.perf_counter() - began) * 1000
    asked_at = utc_now()
    seconds, micros = _one(await client.time())
    clock = clock_of("redis", datetime.fromtimestamp(seconds + micros / 1e6, UTC), asked_at, utc_now())
    info = _one(await client.info())
    return [_reached(info, took_ms), _policy(info), clock]


def _one(answer: Any) -> Any:
    """A cluster answers once for each node asked: all are set up alike."""
    if isinstance(answer, Mapping) and "redis_version" not in answer:
        return next(iter(answer.values()))
    return answer


def _reached(info: Mapping[str, Any], took_ms: float) -> Finding:
    version = str(info["redis_version"])
    found = f"version {version}, answers in {took_ms:.1f} ms"
    if tuple(map(int, version.split(".")[:2])) < OLDEST_VERSION:
        return fail("redis", found, f"{'.'.join(map(str, OLDEST_VERSION))} or later is needed")
    if took_ms > SLOW_MS:
        return warn("redis", found, "every read waits that long: a nearer server")
    return ok("redis", found)


def _policy(info: Mapping[str, Any]) -> Finding:
    policy = str(info.get("maxmemory_policy", "noeviction"))
    if policy != "noeviction":
        advice = "set maxmemory-policy noeviction: a lease or a session that is evicted is lost"
        return fail("redis policy", policy, advice)
    if not info.get("maxmemory"):
        return warn(
            "redis policy", "noeviction, without maxmemory", "set maxmemory below the machine's memory"
        )
    return ok("redis policy", "noeviction, with maxmemory")
