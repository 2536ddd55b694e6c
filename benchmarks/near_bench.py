"""What it costs to find the five nearest stations: `python -m benchmarks.near_bench`.

Among 10 and among 10,000 spread over a country, with live state in memory and in Redis; beside it what a look
at all of them costs.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from heapq import nsmallest
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any, Final, cast

from hub.clock import utc_now
from hub.stores.memory import MemoryLive
from hub.stores.redis_live import RedisLive
from services.base import Location
from services.geo import distance_m
from services.ports import Live
from services.stations import StationService, status_of
from services.world import World
from tests.contract.documents import board
from tests.real.redis_server import single

FEW: Final = 10
MANY: Final = 10_000
LOOKS: Final = 300
RUNS: Final = 5
NEAREST: Final = 5
SOUTH: Final = (8.0, 20.0)  # of India, degrees
EAST: Final = (74.0, 84.0)


def somewhere(rng: random.Random) -> Location:
    return Location(lat=rng.uniform(*SOUTH), lng=rng.uniform(*EAST))


class Stations:
    """`station:nearest` over one live state."""

    def __init__(self, live: Live) -> None:
        nothing: Any = None
        self.live = live
        self._service = StationService(cast("World", SimpleNamespace(live=live)), nothing, nothing, nothing)

    async def by_cells(self, here: Location) -> list[str]:
        page = await self._service.nearest(here, max_distance_km=None, limit=NEAREST)
        return [one.id for one in page.items]

    async def by_all(self, here: Location) -> list[str]:
        """The same, by a look at all of them."""
        open_ones = [board for board in await self.live.boards() if board.is_active]
        near = nsmallest(NEAREST, open_ones, key=lambda one: distance_m(here, one.location))
        return [status_of(board).id for board in near]


async def look_us(find: Callable[[Location], Awaitable[list[str]]], looks: int = LOOKS) -> float:
    """Microseconds per look, the median of the runs."""
    rng, found = random.Random(1), []
    for _ in range(RUNS):
        places = [somewhere(rng) for _ in range(looks)]
        began = time.perf_counter()
        for here in places:
            await find(here)
        found.append((time.perf_counter() - began) / looks * 1e6)
    return median(found)


async def measure(name: str, live: Live) -> None:
    costs, stations = {}, Stations(live)
    for count in (FEW, MANY):
        rng = random.Random(count)
        boards = [board(f"station_{n:05}", location=somewhere(rng)) for n in range(count)]
        await live.replace_all(boards, [], since=await live.mark())
        here = somewhere(rng)
        assert await stations.by_cells(here) == await stations.by_all(here)  # and all are parsed now
        costs[count] = await look_us(stations.by_cells)
    whole = await look_us(stations.by_all, looks=5)
    print(
        f"the {NEAREST} nearest stations, {name:<9} {costs[FEW]:7.0f} us among {FEW}, "
        f"{costs[MANY]:7.0f} us among {MANY} ({costs[MANY] / costs[FEW]:.1f} times); "
        f"a look at all: {whole:,.0f} us",
        flush=True,
    )


async def _main() -> None:
    await measure("memory", MemoryLive(clock=utc_now))
    with TemporaryDirectory() as folder, single(Path(folder)) as redis:
        async with RedisLive.open(redis.url) as live:
            await measure("redis", live)


def main() -> None:
    asyncio.run(_main())


if __name__ == "__main__":
    main()
