"""A node that wants one lease, and writes down when it had it: `lease_process.py URL NODE FILE TIMES`.

Each line: `tick FENCE TIME` or `end FENCE TIME`; the time is of the clock that all processes share.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from typing import TextIO

from hub.ids import nonce
from hub.leases import Lease
from hub.stores.redis_leases import LeaseTimes, RedisLeases

TICK_S = 0.005


async def main(url: str, node: str, notes: TextIO, *times: str) -> None:
    async def work(lease: Lease) -> None:
        try:
            while True:
                now = time.monotonic()  # before the question: who has it then had it now
                if lease.held:
                    print("tick", lease.fence, now, file=notes)
                await asyncio.sleep(TICK_S)
        finally:
            print("end", lease.fence, time.monotonic(), file=notes)

    made = LeaseTimes(*map(float, times))
    async with RedisLeases.open(url, node=node, secrets=nonce, times=made) as leases:
        await leases.run("work", work)


if __name__ == "__main__":
    with Path(sys.argv[3]).open("a", buffering=1) as file:
        asyncio.run(main(sys.argv[1], sys.argv[2], file, *sys.argv[4:]))
