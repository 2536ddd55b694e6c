"""Keeps the forecasts of all stations fresh, and the packs where they are wanted; one node at a time."""

from __future__ import annotations

import asyncio
from typing import Final

from hub.leases import Lease
from hub.logs import logger
from services.network import Services

LOOK_EVERY_S: Final = 60.0
PLAN_EVERY_S: Final = 600.0
LONGEST_PAUSE_S: Final = 0.05
"""Between two stations: a pass takes milliseconds for each, and nobody has to wait for all of them."""

_log = logger("hub.foresight")


class ForesightOwner:
    """Looks ahead for every station, again and again."""

    def __init__(self, services: Services, *, every_s: float = LOOK_EVERY_S) -> None:
        self._foresight = services.foresight
        self._every_s = every_s

    async def run(self, lease: Lease) -> None:
        """While the lease is held. The first pass is later: what was kept before is still worth something."""
        while lease.held:
            await asyncio.sleep(self._every_s)
            await self._pass(lease)

    async def _pass(self, lease: Lease) -> None:
        begun = await self._foresight.begin()
        for station_id in begun.station_ids:
            if not lease.held:
                return
            await self._foresight.look(begun, station_id)
            await asyncio.sleep(min(LONGEST_PAUSE_S, self._every_s / len(begun.station_ids)))


class RebalancingOwner:
    """Suggests or orders jobs, as the operator has chosen."""

    def __init__(self, services: Services, *, every_s: float = PLAN_EVERY_S) -> None:
        self._rebalancing = services.rebalancing
        self._every_s = every_s

    async def run(self, lease: Lease) -> None:
        """While the lease is held; the first plan waits for forecasts to plan with."""
        while lease.held:
            await asyncio.sleep(self._every_s)
            await self._plan(lease)

    async def _plan(self, lease: Lease) -> None:
        if not lease.held:
            return
        moves = await self._rebalancing.propose()
        if moves:
            _log.info("packs should be carried", moves=len(moves))
