"""Commands and scripts to Redis, with one deadline, one way to fail, and a bound on what is under way."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from hashlib import sha1
from itertools import islice, repeat
from pathlib import Path
from typing import Any, Final, TypeVar

from redis.asyncio import Redis, RedisCluster
from redis.exceptions import ConnectionError as LostConnection
from redis.exceptions import NoScriptError

from hub.cancelled import times_asked
from hub.stores.redis_client import FAILURES
from services.errors import Unavailable

DEADLINE_S: Final = 2.0
AGAIN_S: Final = 0.1
MOST_AT_ONCE: Final = 500  # commands in one round trip
MOST_TRIPS: Final = 4
MOST_WAITING: Final = 10_000  # callers

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


@dataclass(frozen=True, slots=True)
class _Waiting:
    """Commands that go with the next round trip, and where their answers go."""

    commands: Sequence[Command]
    answers: asyncio.Future[list[Any]]


class RedisCommands:
    """Sends commands whose repetition does no harm: those whose connection is lost are sent once more.

    A few round trips are under way at once; what is asked meanwhile goes together in the next one. Every call
    raises Unavailable when Redis has not answered within the deadline, or refuses.
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
        self._trips = 0
        self._waiting: deque[_Waiting] = deque()
        self._tasks: set[asyncio.Task[None]] = set()

    async def one(self, *command: Argument) -> Any:
        """The answer to one command."""
        [answer] = await self._ask((command,))
        return answer

    async def all(self, commands: Sequence[Command]) -> list[Any]:
        """The answers to many, in few round trips; commands to one node are carried out in their order."""
        answers: list[Any] = []
        for start in range(0, len(commands), MOST_AT_ONCE):
            answers += await self._ask(commands[start : start + MOST_AT_ONCE])
        return answers

    async def within(self, ask: Callable[[], Awaitable[_Answer]]) -> _Answer:
        """What `ask` answers, within the deadline; it is asked again when a connection was lost."""
        # A cancellation can be lost: redis-py sends with `asyncio.wait_for`, which before Python 3.12
        # swallows one that comes as it ends (bpo-37658). So there are two deadlines, and a look afterwards.
        last, first = asyncio.timeout(self._deadline_s + AGAIN_S), asyncio.timeout(self._deadline_s)
        asked = times_asked()
        try:
            async with last, first:
                try:
                    return await ask()
                except self._lost:
                    return await ask()
        except self._failures as error:
            raise Unavailable(store="live") from error
        finally:
            if times_asked() > asked:
                raise asyncio.CancelledError

    async def _ask(self, commands: Sequence[Command]) -> list[Any]:
        if self._trips < MOST_TRIPS:
            self._trips += 1
            answers = await self._trip(commands)
        else:
            answers = await self._wait(commands)
        for answer in answers:
            if isinstance(answer, Exception):
                raise Unavailable(store="live") from answer
        return answers

    async def _trip(self, commands: Sequence[Command]) -> list[Any]:
        try:
            return await self.within(lambda: self._send(commands))
        finally:
            self._trips -= 1
            self._take_waiting()

    async def _wait(self, commands: Sequence[Command]) -> list[Any]:
        """The answers of a later round trip, together with others'."""
        if len(self._waiting) >= MOST_WAITING:
            raise Unavailable(store="live")
        waiting = _Waiting(commands, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        try:
            async with asyncio.timeout(self._deadline_s):
                return await waiting.answers
        except TimeoutError as error:
            raise Unavailable(store="live") from error

    def _take_waiting(self) -> None:
        """Begin the next round trip with what waits."""
        taken: list[_Waiting] = []
        size = 0
        while self._waiting and size < MOST_AT_ONCE:
            waiting = self._waiting.popleft()
            if not waiting.answers.done():  # else the caller has given up
                taken.append(waiting)
                size += len(waiting.commands)
        if taken:
            self._trips += 1
            task = asyncio.create_task(self._carry(taken))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _carry(self, taken: list[_Waiting]) -> None:
        commands = [command for waiting in taken for command in waiting.commands]
        try:
            answers = iter(await self._trip(commands))
        except Unavailable as error:
            answers = repeat(error.__cause__ or error)
        for waiting in taken:
            mine = list(islice(answers, len(waiting.commands)))
            if not waiting.answers.done():
                waiting.answers.set_result(mine)

    async def _send(self, commands: Sequence[Command]) -> list[Any]:
        """Each command's answer, or the error with which Redis refuses it."""
        if len(commands) == 1:
            try:
                return [await self.client.execute_command(*commands[0])]
            except NoScriptError:
                return [await self.client.execute_command(*self._whole(commands[0]))]
        async with self.client.pipeline(transaction=False) as pipe:
            for command in commands:
                pipe.execute_command(*command)
            answers: list[Any] = await pipe.execute(raise_on_error=False)
        for at, answer in enumerate(answers):
            if isinstance(answer, NoScriptError):
                answers[at] = await self.client.execute_command(*self._whole(commands[at]))
            elif isinstance(answer, self._lost):
                raise answer
        return answers

    def _whole(self, command: Command) -> Command:
        """The command with the script itself, which the server keeps from then on."""
        return ("EVAL", self._sources[str(command[1])], *command[2:])
