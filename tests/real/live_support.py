"""Live state in Redis as a hub keeps it: made, watched, mended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hub.stores.redis_live import RedisLive
from services.errors import Unavailable
from tests.contract.documents import board, fix


@asynccontextmanager
async def opened(url: str, **options: object) -> AsyncIterator[RedisLive]:
    """Live state that was made: one station, one rider."""
    async with RedisLive.open(url, **options) as live:  # type: ignore[arg-type]
        await rebuild(live)
        yield live


async def rebuild(live: RedisLive) -> None:
    await live.replace_all([board(version=3)], [fix()], since=await live.mark())


@asynccontextmanager
async def watched(live: RedisLive) -> AsyncIterator[None]:
    """What a hub does: a loss is mended when it is seen."""
    lost = asyncio.Event()
    live.wholeness.on_lost = lost.set

    async def mend() -> None:
        while True:
            await lost.wait()
            lost.clear()
            try:
                await rebuild(live)
            except Unavailable:
                lost.set()
                await asyncio.sleep(0.05)

    tasks = [asyncio.create_task(live.wholeness.watch()), asyncio.create_task(mend())]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def is_back(live: RedisLive, *, within_s: float = 10.0) -> None:
    """Wait until it is as the records are, without a hand."""
    async with asyncio.timeout(within_s):
        while True:
            try:
                if [one.version for one in await live.boards()] == [3] and await live.positions() == [fix()]:
                    return
            except Unavailable:
                pass
            await asyncio.sleep(0.02)
