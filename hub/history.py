"""What is noted about the network as time passes: its state now and then, and its traffic."""

from __future__ import annotations

import asyncio
from typing import Final

from hub.leases import Lease
from hub.logs import logger
from services.network import Services

CHECKPOINT_LOOK_S: Final = 5.0
"""So often is asked whether a checkpoint is due; in between, so many events more may come."""

TRAFFIC_LOOK_S: Final = 10.0  # a window is measured at most this much later than it could be

_log = logger("hub.history")


class CheckpointOwner:
    """Takes a checkpoint when one is due, and drops those that are past their time."""

    def __init__(self, services: Services) -> None:
        self._checkpoints = services.admin.checkpoints

    async def run(self, lease: Lease) -> None:
        """While the lease is held."""
        while lease.held:
            if await self._checkpoints.is_due():
                taken = await self._checkpoints.take()
                dropped = await self._checkpoints.drop_old()
                _log.info("checkpoint taken", seq=taken.seq, things=taken.things, dropped=dropped)
            await asyncio.sleep(CHECKPOINT_LOOK_S)


class TrafficOwner:
    """Measures each window of traffic once it is whole."""

    def __init__(self, services: Services) -> None:
        self._traffic = services.admin.traffic

    async def run(self, lease: Lease) -> None:
        """While the lease is held. A window that another node has measured already changes nothing."""
        measured = None
        while lease.held:
            until = self._traffic.window_end()
            if until != measured:
                await self._traffic.measure()
                measured = until
            await asyncio.sleep(TRAFFIC_LOOK_S)
