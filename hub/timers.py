"""The tasks that the passing of time needs: due timers, and what nobody needs any more."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from hub.leases import Lease
from hub.logs import logger
from hub.metrics import Metrics
from services.network import Services

LOOK_EVERY_S: Final = 0.5
"""A timer set meanwhile is seen this late at most; every due time of the network is in minutes."""

PRUNE_EVERY_S: Final = 600.0

_log = logger("hub.retention")


class TimerOwner:
    """Sleeps until the next timer is due, and fires it."""

    def __init__(self, services: Services, metrics: Metrics) -> None:
        self._services = services
        self._metrics = metrics

    async def run(self, lease: Lease) -> None:
        """Fire what is due, while the lease is held. What a step raises is the supervisor's to report."""
        clock, following = self._services.world.clock, None
        while lease.held:
            if following is not None and following <= clock():
                self._metrics.timers_late((clock() - following).total_seconds())
            following = await self._services.timers.run_due(clock())
            wait_s = LOOK_EVERY_S
            if following is not None:
                wait_s = min(wait_s, max(0.01, (following - clock()).total_seconds()))
            await asyncio.sleep(wait_s)


class PruneOwner:
    """Drops what is past its time: answers kept for a day, read log records, where people were."""

    def __init__(self, prune: Callable[[], Awaitable[Mapping[str, int]]]) -> None:
        self._prune = prune

    async def run(self, lease: Lease) -> None:
        """While the lease is held."""
        while lease.held:
            dropped = await self._prune()
            if any(dropped.values()):
                _log.info("pruned", **dropped)
            await asyncio.sleep(PRUNE_EVERY_S)
