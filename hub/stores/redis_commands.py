"""Commands and scripts to Redis, with one deadline, one way to fail, and a bound on what is under way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from hashlib import sha1
from pathlib import Path
from typing import Any, Final, TypeVar

from redis.asyncio import Redis, RedisCluster
from redis.exceptions import ConnectionError as LostConnection
from redis.exceptions import NoScriptError

from hub.stores.redis_client import FAILURES, MOST_CONNECTIONS
from services.errors import Unavailable

DEADLINE_S: Final = 2.0
AGAIN_S: Final = 0.1
MOST_AT_ONCE: Final = 500  # commands in one round trip

_LUA: Final = Path(__file__).with_name("lua")

Argument = str | bytes | int | float
Command = tuple[Argument, ...]
_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class Script:
    """A Lua script: one atomic step. Its keys are of one slot."""

    source: str
    sha: str

    @classmethod
    def load(cls, name: str) -> Script:
        """The script `lua/{name}.lua` of this package."""
        source = (_LUA / f"{name}.lua").read_text()
        return cls(source, sha1(source.encode(), usedforsecurity=False).hexdigest())

    def on(self, key: str, *arguments: Argument) -> Command:
        """The script on one key."""
        return ("EVALSHA", self.sha, 1, key, *arguments)

    def on_both(self, key: str, companion: str, *arguments: Argument) -> Command:
        """The script on two keys, which have to share their slot."""
        return ("EVALSHA", self.sha, 2, key, companion, *arguments)


class RedisCommands:
    """Sends commands whose repetition does no harm: one whose connection is lost is sent once more.

    Every call raises Unavailable when Redis has not answered within the deadline.
    """

    def __init__(
        self, client: Redis | RedisCluster, *scripts: Script, deadline_s: float = DEADLINE_S
    ) -> None:
        self.client: Any = client  # the two classes share their commands, not their types
        # redis-py closes a cluster's connections under those who use them when it has to ask for the map.
        closed = (AttributeError,) if isinstance(client, RedisCluster) else ()
        self._lost: tuple[type[Exception], ...] = (LostConnection, *closed)
        self._failures: tuple[type[Exception], ...] = (*FAILURES, *closed)
        self._sources = {script.sha: script.source for script in scripts}
        self._deadline_s = deadline_s
        self._free = asyncio.Semaphore(MOST_CONNECTIONS)

    async def one(self, *command: Argument) -> Any:
        """The answer to one command."""
        return await self.within(lambda: self._send(command))

    async def all(self, commands: Sequence[Command]) -> list[Any]:
        """The answers to many, in few round trips; commands to one node are carried out in their order."""
        answers: list[Any] = []
        for start in range(0, len(commands), MOST_AT_ONCE):
            some = commands[start : start + MOST_AT_ONCE]
            answers += await self.within(lambda some=some: self._send_all(some))  # type: ignore[misc]
        return answers

    async def within(self, ask: Callable[[], Awaitable[_Answer]]) -> _Answer:
        """What `ask` answers, within the deadline; it is asked again when a connection was lost."""
        # Twice, because a cancellation can be lost: redis-py sends with `asyncio.wait_for`, which before
        # Python 3.12 swallows one that comes as it ends (bpo-37658).
        last, first = asyncio.timeout(self._deadline_s + AGAIN_S), asyncio.timeout(self._deadline_s)
        try:
            async with last, first, self._free:
                try:
                    return await ask()
                except self._lost:
                    return await ask()
        except self._failures as error:
            raise Unavailable(store="live") from error

    async def _send(self, command: Command) -> Any:
        try:
            return await self.client.execute_command(*command)
        except NoScriptError:
            return await self.client.execute_command(*self._whole(command))

    async def _send_all(self, commands: Sequence[Command]) -> list[Any]:
        async with self.client.pipeline(transaction=False) as pipe:
            for command in commands:
                pipe.execute_command(*command)
            answers: list[Any] = await pipe.execute(raise_on_error=False)
        for at, answer in enumerate(answers):
            if isinstance(answer, NoScriptError):
                answers[at] = await self.client.execute_command(*self._whole(commands[at]))
            elif isinstance(answer, Exception):
                raise answer
        return answers

    def _whole(self, command: Command) -> Command:
        """The command with the script itself, which the server keeps from then on."""
        return ("EVAL", self._sources[str(command[1])], *command[2:])
