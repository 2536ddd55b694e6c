"""Can commands be served, and is live state what the records say? If not, it is made anew."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from hub.logs import logger
from services.errors import Unavailable
from services.network import Services

FRESH_S: Final = 1.0  # an answer is given again for so long: anybody may ask
TRIES: Final = 5  # a commit may be on its way to live state when it is compared
BETWEEN_S: Final = 0.05
CHECK_EVERY_S: Final = 30.0
AGAIN_S: Final = 0.5

_log = logger("hub.ready")


class Readiness:
    """What `/readyz` answers, and the task that repairs live state."""

    def __init__(
        self, services: Services, write: Callable[[], Awaitable[None]], *, time: Callable[[], float]
    ) -> None:
        self._stations = services.stations
        self._write = write
        self._time = time
        self._stale = asyncio.Event()
        self._lock = asyncio.Lock()
        self._checked_at = -FRESH_S
        self._found = {"commands": False, "live": False}
        self.draining = False

    def mark_stale(self) -> None:
        """A write to live state has failed."""
        self._stale.set()

    async def checks(self) -> dict[str, bool]:
        """Each condition and whether it holds."""
        async with self._lock:
            if self._time() - self._checked_at >= FRESH_S:
                self._found = {"commands": await self._can_write(), "live": await self._live_is_true()}
                self._checked_at = self._time()
        return {**self._found, "open": not self.draining}

    async def _can_write(self) -> bool:

        try:
            await self._write()
        except Exception:
            _log.warning("records cannot be written", exc_info=True)
            return False
        return True

    async def _live_is_true(self) -> bool:
        try:
            for _ in range(TRIES):
                if not self._stale.is_set() and await self._stations.live_equals_records():
                    return True
                await asyncio.sleep(BETWEEN_S)
        except Exception:
            _log.warning("live state cannot be compared", exc_info=True)
        self.mark_stale()
        return False

    async def run(self) -> None:
        """Make live state anew whenever it is stale; look from time to time; for ever."""
        while True:
            try:
                async with asyncio.timeout(CHECK_EVERY_S):
                    await self._stale.wait()
            except TimeoutError:
                if await self._live_is_true():
                    continue
            await self._rebuild()

    async def _rebuild(self) -> None:
        """Until it succeeds: a store that is away is asked until it is back."""
        while True:
            _log.warning("live state differs from the records and is made anew")
            self._stale.clear()
            try:
                return await self._stations.rebuild_live()
            except Unavailable as error:
                self._stale.set()
                _log.warning("live state cannot be made anew yet", error=repr(error.__cause__ or error))
                await asyncio.sleep(AGAIN_S)
