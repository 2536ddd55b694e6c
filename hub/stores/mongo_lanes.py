"""Who lost a race for a document queues for it, in this process, before trying again.

MongoDB lets the first writer win and tells the others to start again. Without order, sixty riders at
one station would run some two thousand transactions; behind each other they run about twice sixty.
It is a courtesy, not a lock: the store decides, and other processes do not see it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import ContextVar
from typing import Final

from hub.stores.mongo_writes import Key

LONGEST_WAIT_S: Final = 8.0  # then a transaction goes without its turn
MOST_WAITING: Final = 10_000  # in one lane


class Lanes:
    """A lane for each document that was lost to somebody."""

    def __init__(self) -> None:
        self._lanes: dict[Key, tuple[asyncio.Lock, int]] = {}
        self._lost: ContextVar[Key | None] = ContextVar("lost", default=None)

    def lost(self, key: Key | None) -> None:
        """The transaction of this task has lost the race for a document; none when it has won."""
        self._lost.set(key)

    @property
    def wanted(self) -> Key | None:
        """The document that this task has lost last."""
        return self._lost.get()

    def is_busy(self, key: Key) -> bool:
        return key in self._lanes

    async def enter(self, key: Key) -> Callable[[], None]:
        """Wait for the turn, but not for ever; answers how to leave."""
        lock, users = self._lanes.get(key, (asyncio.Lock(), 0))
        if users >= MOST_WAITING:
            return _stay
        self._lanes[key] = (lock, users + 1)
        try:
            async with asyncio.timeout(LONGEST_WAIT_S):
                await lock.acquire()
        except BaseException as error:
            self._forget(key)
            if isinstance(error, TimeoutError):
                return _stay
            raise
        return lambda: self._leave(key, lock)

    def _leave(self, key: Key, lock: asyncio.Lock) -> None:
        lock.release()
        self._forget(key)

    def _forget(self, key: Key) -> None:
        lock, users = self._lanes.pop(key)
        if users > 1:
            self._lanes[key] = (lock, users - 1)


def _stay() -> None:
    """Nothing to leave."""
