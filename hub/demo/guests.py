"""Riders of the demo without a phone: staff give them a place and scan it for them."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Sequence
from typing import Final

from hub.demo.client import Client
from hub.demo.rider import AT_BAY_S
from hub.demo.staff import Line, Visit

BETWEEN_S: Final = 4 * 3600.0  # city time between two of them at a station, mean
SOC: Final = (4.0, 25.0)  # of the pack they bring
AFTER_FAULT_S: Final = 5.0

_log = logging.getLogger("hub.demo")


class Guests:
    """Who walks up to one station."""

    def __init__(
        self, staff: Client, line: Line, users: Sequence[str], *, factor: float, rng: random.Random
    ) -> None:
        """`users`: riders who are nobody else's part."""
        self._staff = staff
        self._line = line
        self._users = users
        self._factor = factor
        self._rng = rng

    async def live(self) -> None:
        """One after the other, until cancelled."""
        while True:
            await asyncio.sleep(self._rng.expovariate(1 / BETWEEN_S) / self._factor)
            try:
                await self.come()
            except Exception:
                _log.exception("demo: a walk-in went wrong; the next one follows")
                await asyncio.sleep(AFTER_FAULT_S)

    async def come(self) -> None:
        """One of them wants a swap now; sent away when there is no place or no pack."""
        told = await self._staff.call("queue:walk-in", user_id=self._rng.choice(self._users))
        if not told["ok"]:
            return
        place, done = told["data"], asyncio.get_running_loop().create_future()
        soc = self._rng.uniform(*SOC)
        async with asyncio.timeout(AT_BAY_S):
            await self._line.put(Visit(place["swap_id"], lambda: place["qr_token"], _no_phone, soc, done))
            await done


async def _no_phone() -> bool:
    """Their code cannot be renewed."""
    return False
