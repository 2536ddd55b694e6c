"""Has Redis lost anything since live state was made from the records?

A rebuild leaves a mark on every master: which processes were the masters when it began. A mark that is gone
says that Redis was emptied, another process that it was restarted or replaced, and may have less than it had.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

from redis.asyncio import RedisCluster

from hub.logs import logger
from hub.stores.redis_commands import RedisCommands, Script
from services.errors import Unavailable

WATCH_EVERY_S: Final = 0.5
ONE_REBUILDS_MS: Final = 5_000  # for so long the other nodes leave the rebuild to the one that began
INDEX: Final = "queues"  # of the boards; its field `*` is a mark of its own, read together with the list
OF_INDEX: Final = "*"  # no station has this id

SEAL: Final = Script.load("seal")

_PENDING: Final = b"pending"
_log = logger("hub.live")


class Wholeness:
    """Marks, and the watch over them. `whole` is what this node knows; it is false until it has looked."""

    def __init__(self, commands: RedisCommands) -> None:
        self._commands = commands
        self._look = asyncio.Event()
        self._damaged = False
        self.whole = False
        self.on_lost: Callable[[], None] = lambda: None

    async def begin(self) -> str:
        """Begin a rebuild; answers which servers it is made on."""
        servers = await self._servers()
        marks = [("SET", mark, _PENDING, "NX") for mark in self._marks()]
        await self._commands.all([*marks, ("HSETNX", INDEX, OF_INDEX, _PENDING)])
        return servers

    async def seal(self, servers: str) -> None:
        """End a rebuild. Raises Unavailable when Redis was emptied meanwhile: it has to begin anew."""
        marks = [("SET", mark, servers, "XX") for mark in self._marks()]
        if not all(await self._commands.all([*marks, SEAL.on(INDEX, servers)])):
            raise Unavailable(store="live")
        self._damaged = False
        self.whole = servers == await self._servers()

    def require(self) -> None:
        """Raises Unavailable unless Redis is known to be whole."""
        if not self.whole:
            raise Unavailable(store="live")

    def damaged(self) -> Unavailable:
        """What to raise when something is missing or unreadable: a rebuild is due, whatever the marks say."""
        self._damaged = True
        return self._suspect()

    def _suspect(self) -> Unavailable:
        self.whole = False
        self._look.set()
        return Unavailable(store="live")

    async def check(self) -> None:
        """Raises Unavailable, and has the watch look, when a mark is missing: `none` may be wrong."""
        self.require()
        if not all(await self._commands.all([("EXISTS", mark) for mark in self._marks()])):
            raise self._suspect()

    async def watch(self) -> None:
        """Look from time to time, and at once when something is missing; for ever."""
        while True:
            await self._see()
            self._look.clear()
            try:
                async with asyncio.timeout(WATCH_EVERY_S):
                    await self._look.wait()
            except TimeoutError:
                continue

    async def _see(self) -> None:
        before = self.whole
        try:
            self.whole = not self._damaged and await self._is_whole()
            if not self.whole and await self._is_ours_to_mend():
                _log.warning("Redis has lost live state: it is made from the records")
                self.on_lost()
        except Unavailable as error:
            self.whole = False
            if before:
                _log.warning(
                    "Redis does not answer", error=f"{type(error.__cause__).__name__}: {error.__cause__}"
                )

    async def _is_whole(self) -> bool:
        servers = (await self._servers()).encode()
        marks: list[Any] = [("GET", mark) for mark in self._marks()]
        found = await self._commands.all([*marks, ("HGET", INDEX, OF_INDEX)])
        return all(one == servers for one in found)

    async def _is_ours_to_mend(self) -> bool:
        taken = await self._commands.one("SET", "live:rebuild", "", "NX", "PX", ONE_REBUILDS_MS)
        return taken is not None

    async def version(self) -> tuple[int, ...]:
        """The version of the oldest of the masters: its first two numbers."""
        told = await self._commands.within(self._info)
        return min(tuple(int(part) for part in str(one["redis_version"]).split(".")[:2]) for one in told)

    async def _servers(self) -> str:
        """The masters' own ids, which a process makes for itself when it starts."""
        return " ".join(sorted(str(one["run_id"]) for one in await self._commands.within(self._info)))

    async def _info(self) -> list[dict[str, Any]]:
        """What each master says of itself."""
        client = self._commands.client
        if not isinstance(client, RedisCluster):
            return [await client.info("server")]
        await client.initialize()
        return [await node.execute_command("INFO", "server") for node in client.get_primaries()]

    def _marks(self) -> list[str]:
        """A key on every master. Made once the cluster's map is known."""
        client = self._commands.client
        if not isinstance(client, RedisCluster):
            return ["live:0"]
        marks: dict[str, str] = {}
        for number in range(16_384):  # as many as there are slots: each master is met long before
            if len(marks) == len(client.get_primaries()):
                break
            mark = f"live:{number}"
            node = client.get_node_from_key(mark)
            if node is not None:
                marks.setdefault(node.name, mark)
        return list(marks.values())
