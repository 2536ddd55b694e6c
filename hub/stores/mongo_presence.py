"""What hubs leave on the server when they are killed: transactions that hold documents, for a minute.

Each hub names its sessions in `meta` before it uses them, and counts up there. Whose count stands still is
gone, by the clock of who looks, and its sessions are ended, so that nobody waits for them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final

import structlog
from pymongo.errors import PyMongoError

from hub.stores.mongo_documents import plain
from hub.stores.mongo_session import Outside

_log: Any = structlog.get_logger("hub.stores")

BEAT_S: Final = 2.0
GONE_S: Final = 6.0  # without a beat: then its transactions are undone, should it be alive after all

OTHERS: Final = {"$regex": "^sessions:"}


class Presence:
    """This hub among those that use the database."""

    def __init__(self, database: Any, run: str) -> None:
        self._meta = database["meta"]
        self._admin = database.client.admin
        self._me = {"_id": f"sessions:{run}"}
        self._beats: dict[str, tuple[int, float]] = {}  # of others: the last one seen, and since when

    async def note(self, session: dict[str, Any]) -> None:
        """Name a session of ours, before its first use."""
        more = {"$addToSet": {"sessions": session}}
        await Outside().run(lambda _: self._meta.update_one(self._me, more, upsert=True))

    async def run(self) -> None:
        """Count, and end what is left of others, for ever."""
        while True:
            await asyncio.sleep(BEAT_S)
            await Outside().run(lambda _: self._meta.update_one(self._me, {"$inc": {"beat": 1}}, upsert=True))
            await self._end([one for one in await self._others() if self._is_gone(one)])

    async def end_others(self) -> None:
        """For a hub that is alone: all others are gone."""
        await self._end(await self._others())

    async def leave(self) -> None:
        """Nothing of ours is left."""
        await Outside().run(lambda _: self._meta.delete_one(self._me))

    async def _others(self) -> list[dict[str, Any]]:
        found = await Outside().run(lambda _: self._meta.find({"_id": OTHERS}).to_list(None))
        return [one for one in map(plain, found) if one["_id"] != self._me["_id"]]

    def _is_gone(self, other: dict[str, Any]) -> bool:
        now, beat = asyncio.get_running_loop().time(), int(other.get("beat", 0))
        seen = self._beats.get(other["_id"])
        if seen is None or seen[0] != beat:
            self._beats[other["_id"]] = seen = (beat, now)
        return now - seen[1] > GONE_S

    async def _end(self, gone: Sequence[dict[str, Any]]) -> None:
        for one in gone:
            try:
                await self._admin.command({"killSessions": one.get("sessions", [])})
            except PyMongoError as error:
                _log.warning("sessions of a hub that is gone cannot be ended", error=type(error).__name__)
            await Outside().run(lambda _, id=one["_id"]: self._meta.delete_one({"_id": id}))  # type: ignore[misc]
            self._beats.pop(one["_id"], None)
