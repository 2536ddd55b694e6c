"""Tokens end while their sockets live: one task and one heap for all of them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from heapq import heapify, heappop, heappush
from typing import Final

from services.base import Clock

LONGEST_SLEEP_S: Final = 60.0  # also bounds what a step of the machine's clock can delay
SLACK: Final = 1024  # outdated heap entries that are put up with


class Expiry:
    """Calls `expired` for a socket when its token ends, and `cut` when the time after that is up."""

    def __init__(
        self,
        clock: Clock,
        expired: Callable[[str, float], Awaitable[None]],
        cut: Callable[[str], Awaitable[None]],
    ) -> None:
        self._clock = clock
        self._expired = expired
        self._cut = cut
        self._due: dict[str, tuple[float, bool]] = {}  # by sid: when, and whether it is the end
        self._heap: list[tuple[float, str, bool]] = []
        self._sooner = asyncio.Event()

    def watch(self, sid: str, expires_at: float) -> None:
        """The token of this socket ends then, in seconds since 1970; instead of what was known before."""
        self._set(sid, expires_at, end=False)

    def cut(self, sid: str, at: float) -> None:
        """Disconnect this socket then, unless it is watched anew."""
        self._set(sid, at, end=True)

    def _set(self, sid: str, at: float, *, end: bool) -> None:
        self._due[sid] = (at, end)
        if len(self._heap) > 2 * len(self._due) + SLACK:
            self._heap = [(when, socket, last) for socket, (when, last) in self._due.items()]
            heapify(self._heap)
        else:
            heappush(self._heap, (at, sid, end))
        if self._heap[0][1] == sid:
            self._sooner.set()

    def forget(self, sid: str) -> None:
        self._due.pop(sid, None)

    async def run(self) -> None:
        """Sleep until the next token ends; for ever."""
        while True:
            await self._fire_due()
            self._sooner.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._pause()):
                    await self._sooner.wait()

    def _pause(self) -> float:
        if not self._heap:
            return LONGEST_SLEEP_S
        return min(LONGEST_SLEEP_S, max(0.0, self._heap[0][0] - self._clock().timestamp()))

    async def _fire_due(self) -> None:
        while self._heap and self._heap[0][0] <= self._clock().timestamp():
            at, sid, end = heappop(self._heap)
            if self._due.get(sid) != (at, end):  # renewed or gone since
                continue
            del self._due[sid]
            await (self._cut(sid) if end else self._expired(sid, at))
