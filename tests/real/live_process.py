"""A node that commits and writes live state as fast as it can: `live_process.py URL SEED STEPS`.

Prints how many calls were allowed. The newest committed version is kept in the sorted set `truth`.
"""

from __future__ import annotations

import asyncio
import random
import sys
from datetime import timedelta

from hub.stores.redis_live import RedisLive
from tests.contract.documents import NOON, board, fix


async def main(url: str, seed: int, steps: int) -> None:
    chance = random.Random(seed)
    order = list(range(1, steps + 1))
    chance.shuffle(order)
    async with RedisLive.open(url) as live:

        async def step(number: int) -> bool:
            await live._commands.one("ZADD", "truth", "GT", number, "version")  # the commit
            await live.put_board(board(version=number, name=f"Version {number}"))
            await live.put_position(fix(at=NOON + timedelta(seconds=number), lat=number / 100))
            return (await live.allow("shared", per_minute=steps, per_hour=0)).allowed

        allowed = 0
        for start in range(0, steps, 10):
            allowed += sum(await asyncio.gather(*map(step, order[start : start + 10])))
        print(allowed)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
