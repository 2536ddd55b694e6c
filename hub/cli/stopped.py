"""No hub runs on shared stores: the timers are one node's at a time, and while we hold their lease, ours."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from hub.config import Settings
from hub.ids import nonce
from hub.leases import Lease
from hub.stores.dump import DumpError

TIMERS: Final = "timers"  # every node wants this lease, as hub/app.py says
LONGEST_S: Final = 6.0  # that of a node that was killed lasts four


@asynccontextmanager
async def hubs_stopped(settings: Settings) -> AsyncIterator[None]:
    """Hold the lease while the block runs. Raises DumpError when a hub has it, or Redis does not answer."""
    if settings.redis_host is None:
        yield
        return
    from hub.stores.redis_leases import RedisLeases  # without Redis nobody needs its driver

    held = asyncio.Event()

    async def hold(_lease: Lease) -> None:
        held.set()
        await asyncio.Event().wait()  # until it is cancelled

    target = settings.redis_host.get_secret_value()
    async with RedisLeases.open(target, node="navswap-restore", secrets=nonce) as leases:
        holding = asyncio.get_running_loop().create_task(leases.run(TIMERS, hold))
        try:
            await _until(held)
            yield
        finally:
            holding.cancel()
            await asyncio.gather(holding, return_exceptions=True)


async def _until(held: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(LONGEST_S):
            await held.wait()
    except TimeoutError as error:
        raise DumpError("a hub uses this Redis, or Redis does not answer: stop every hub first") from error
