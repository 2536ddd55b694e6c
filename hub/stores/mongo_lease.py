"""One hub alone on a database: two with a live state of their own would not know of each other.

The holder counts up in a document. Who finds another holder there watches whether it still counts, by
its own clock, so clocks need not agree. A hub of the same DATA_DIR is the same hub, started again: the
lock in that directory says that the former one is gone.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

import structlog

from hub.config import ConfigError
from hub.stores.mongo_documents import plain
from hub.stores.mongo_session import Outside
from services.errors import DuplicateKey, Unavailable

_log: Any = structlog.get_logger("hub.stores")

BEAT_S: Final = 2.0
LONGEST_S: Final = 10.0  # without a beat a holder is gone; it stops changing anything before that
SAFE_S: Final = 7.0

LEASE: Final = {"_id": "hub"}


class HubLease:
    """Held from `take` on, as long as `run` runs and the store answers."""

    def __init__(self, meta: Any, holder: str, run: str) -> None:
        """`holder`: the same for every start of one hub; `run`: new for each."""
        self._meta = meta
        self._mine = {"holder": holder, "run": run}
        self._beat = 0
        self._safe_until = 0.0
        self._lost = False

    async def take(self) -> None:
        """Raises ConfigError when another hub holds it and is alive."""
        loop = asyncio.get_running_loop()
        until, seen = loop.time() + LONGEST_S, await self._find()
        while seen is not None and seen["holder"] != self._mine["holder"]:
            if loop.time() > until:
                break
            await asyncio.sleep(BEAT_S / 4)
            now = await self._find()
            if now is not None and now["beat"] != seen["beat"]:
                raise ConfigError(
                    "REDIS_HOST", "another hub uses this database; two of them need Redis to share live state"
                )
        self._beat = 0 if seen is None else int(seen["beat"])
        if not await self._count(seen):
            raise ConfigError("REDIS_HOST", "another hub has just taken this database")

    async def _find(self) -> dict[str, Any] | None:
        raw = await Outside().run(lambda session: self._meta.find_one(LEASE))
        return None if raw is None else plain(raw)

    async def _count(self, before: dict[str, Any] | None) -> bool:
        """One beat; false when somebody else has counted since."""
        began = asyncio.get_running_loop().time()
        now = {**self._mine, "beat": self._beat + 1}
        if before is None:
            wanted: dict[str, Any] = {**LEASE, "beat": 0}
        else:
            wanted = {**LEASE, "run": before["run"], "beat": before["beat"]}
        try:
            changed = await Outside().run(
                lambda session: self._meta.update_one(wanted, {"$set": now}, upsert=before is None)
            )
        except DuplicateKey:  # two hubs at once, where there was none
            return False
        if not changed.matched_count and changed.upserted_id is None:
            return False
        self._beat += 1
        self._safe_until = began + SAFE_S
        return True

    async def run(self) -> None:
        """Count, for ever, until it is cancelled or another hub has taken over."""
        while not self._lost:
            await asyncio.sleep(BEAT_S)
            try:
                held = await self._count({**self._mine, "beat": self._beat})
            except Unavailable:
                continue
            if not held:
                self._lost = not await self._is_ours()

    async def _is_ours(self) -> bool:
        """A beat whose answer was lost may have counted."""
        seen = await self._find()
        if seen is None or seen["run"] != self._mine["run"]:
            _log.error("another hub has taken this database: this one changes nothing any more")
            return False
        self._beat = int(seen["beat"])
        return True

    def check(self) -> None:
        """Raises Unavailable when another hub may hold it by now."""
        if self._lost or asyncio.get_running_loop().time() > self._safe_until:
            raise Unavailable(store="records")

    async def give_back(self) -> None:
        """Let the next hub have it at once."""
        mine = {**LEASE, "run": self._mine["run"]}
        await Outside().run(lambda session: self._meta.delete_one(mine))
