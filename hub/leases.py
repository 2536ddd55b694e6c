"""Leases: background work that only one of the nodes does at a time."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from services.base import Clock

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Lease:
    """The right to do one thing on this node alone.

    `fence` is greater than that of every earlier holder: a store that refuses writes with a smaller one than
    it has seen is safe from a holder that was stopped and does not know what it missed.
    """

    def __init__(self, name: str, fence: int, *, time: Callable[[], float], until_s: float) -> None:
        self.name = name
        self.fence = fence
        self.until_s = until_s  # by `time`; moved on when the lease is renewed
        self._time = time

    @property
    def held(self) -> bool:
        """Is it certain, now, that nobody else holds it? Ask right before each step that must happen once."""
        return self._time() < self.until_s


Work = Callable[[Lease], Awaitable[None]]


class Leases(Protocol):
    """Who does what. Both kinds pass tests/real/test_lease_contract.py."""

    async def run(self, name: str, work: Work) -> None:
        """Wait for the lease, run `work` while it is held, cancel it when it is lost, and try again.

        Returns when `work` returns while the lease is held, raises what it raises, and gives the lease back
        in both cases and when cancelled.
        """
        ...

    def held(self) -> Mapping[str, bool]:
        """Every lease that this node wants, and whether it has it."""
        ...

    async def holders(self) -> Mapping[str, str | None]:
        """The node that has each lease that this node wants; none for nobody, or when it cannot be asked."""
        ...


class AloneLeases:
    """Implements `Leases` for a hub without others: each lease is its own at once, until it gives it back."""

    def __init__(self, *, clock: Clock, node: str = "alone") -> None:
        self._clock = clock
        self._node = node
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._fence = 0

    async def run(self, name: str, work: Work) -> None:
        async with self._turns[name]:
            self._fence = max(self._fence + 1, (self._clock() - _EPOCH) // timedelta(microseconds=1))
            until_s = float("inf")
            lease = Lease(name, self._fence, time=asyncio.get_running_loop().time, until_s=until_s)
            try:
                await work(lease)
            finally:
                lease.until_s = 0.0

    def held(self) -> Mapping[str, bool]:
        return {name: turn.locked() for name, turn in self._turns.items()}

    async def holders(self) -> Mapping[str, str | None]:
        return {name: self._node if held else None for name, held in self.held().items()}
