"""How far a log goes, and those who wait until it goes further."""

from __future__ import annotations

import asyncio


class News:
    """`last` is the newest number that readers may see; it never goes back."""

    def __init__(self, last: int = 0) -> None:
        self.last = last
        self._waiters: set[asyncio.Future[None]] = set()

    def reach(self, seq: int) -> None:
        """There are records up to this number."""
        if seq <= self.last:
            return
        self.last = seq
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def wait(self, *, after: int, timeout_s: float) -> bool:
        """Until there is a record after that number; false when the time is up first."""
        if self.last > after:
            return True
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.add(waiter)
        try:
            async with asyncio.timeout(timeout_s):
                await waiter
        except TimeoutError:
            return False
        finally:
            self._waiters.discard(waiter)
        return True
