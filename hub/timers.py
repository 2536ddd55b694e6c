"""The tasks that the passing of time needs: due timers, answers kept long enough."""

from __future__ import annotations

import asyncio
from typing import Final

from hub.once import SWEEP, Keeper
from services.network import Services

LOOK_EVERY_S: Final = 0.5
"""A timer set meanwhile is seen this late at most; every due time of the network is in minutes."""

SWEEP_EVERY_S: Final = 60.0


class TimerOwner:
    """Sleeps until the next timer is due, and fires it."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def run(self) -> None:
        """Fire what is due, for ever. What a step raises is the supervisor's to report."""
        clock = self._services.world.clock
        while True:
            following = await self._services.timers.run_due(clock())
            wait_s = LOOK_EVERY_S
            if following is not None:
                wait_s = min(wait_s, max(0.01, (following - clock()).total_seconds()))
            await asyncio.sleep(wait_s)


class SweepOwner:
    """Deletes kept answers whose day is over, a few at a time."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper

    async def run(self) -> None:
        """For ever."""
        while True:
            deleted = await self._keeper.sweep()
            await asyncio.sleep(0.1 if deleted == SWEEP else SWEEP_EVERY_S)
