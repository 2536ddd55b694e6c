"""Script calls in the order in which they were made; those that wait together share a round trip."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, NamedTuple

from redis.exceptions import NoScriptError, RedisClusterException, RedisError

from hub.engine.cluster.scripts import ALL, Script
from hub.engine.errors import BusUnavailable

DEADLINE_S: Final = 3.0  # of one round trip
MOST_WAITING: Final = 20_000  # calls
MOST_BYTES: Final = 64 * 1024 * 1024  # of what waits
_BATCH: Final = 256
_logger = logging.getLogger("hub.engine")
Connect = Callable[[], Awaitable[Any]]
"""Gives a client of the Redis node that holds the bus; asked again after each failure."""


class Call(NamedTuple):
    """One script call and who waits for it."""

    script: Script
    keys: Sequence[str | bytes]
    args: Sequence[str | bytes | int]
    answer: asyncio.Future[Any]

    @property
    def size(self) -> int:
        """Bytes of the messages in it."""
        return sum(len(arg) for arg in self.args if isinstance(arg, bytes))


class Pipe:
    """Runs until it is stopped; what comes after is refused."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._client: Any = None
        self._waiting: deque[Call] = deque()
        self._bytes = 0
        self._news = asyncio.Event()
        self._stopped = False

    def call(
        self, script: Script, keys: Sequence[str | bytes], args: Sequence[str | bytes | int]
    ) -> asyncio.Future[Any]:
        """Queue a call. The future holds its answer, or BusUnavailable; it need not be awaited."""
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        answer.add_done_callback(_seen)
        call = Call(script, keys, args, answer)
        if self._stopped or len(self._waiting) >= MOST_WAITING or self._bytes + call.size > MOST_BYTES:
            answer.set_exception(BusUnavailable("stopped" if self._stopped else "too many calls wait"))
        else:
            self._bytes += call.size
            self._waiting.append(call)
            self._news.set()
        return answer

    async def run(self) -> None:
        """Send what waits, until `stop`; then what is left, within a deadline."""
        while not self._stopped:
            await self._news.wait()
            self._news.clear()
            while self._waiting:
                await self._batch()

    def stop(self) -> None:
        """Take no more calls; `run` ends when those that wait are answered."""
        self._stopped = True
        self._news.set()

    async def _batch(self) -> None:
        batch = [self._waiting.popleft() for _ in range(min(_BATCH, len(self._waiting)))]
        self._bytes -= sum(call.size for call in batch)
        try:
            async with asyncio.timeout(DEADLINE_S):
                answers = await self._execute(batch)
        except Exception as error:
            if not isinstance(error, RedisError | RedisClusterException | OSError | TimeoutError):
                _logger.exception("engine: calls could not be sent")
            self._client = None
            for call in batch:
                _refuse(call, str(error) or type(error).__name__)
            return
        for call, answer in zip(batch, answers, strict=True):
            if call.answer.done():
                continue
            if isinstance(answer, Exception):
                self._client = None  # moved, read-only, loading: perhaps it is another node's turn
                _refuse(call, f"{call.script.name}: {answer}")
            else:
                call.answer.set_result(answer)

    async def _execute(self, batch: Sequence[Call]) -> list[Any]:
        if self._client is None:
            self._client = await self._connect()
        answers: list[Any] = await self._send(batch)
        if any(isinstance(answer, NoScriptError) for answer in answers):
            for script in ALL:
                await self._client.script_load(script.text)
            again = [index for index, answer in enumerate(answers) if isinstance(answer, NoScriptError)]
            for index, answer in zip(again, await self._send([batch[i] for i in again]), strict=True):
                answers[index] = answer
        return answers

    async def _send(self, batch: Sequence[Call]) -> list[Any]:
        async with self._client.pipeline(transaction=False) as pipeline:
            for script, keys, args, _ in batch:
                pipeline.evalsha(script.sha, len(keys), *keys, *args)
            answers: list[Any] = await pipeline.execute(raise_on_error=False)
        return answers


def _refuse(call: Call, why: str) -> None:
    if not call.answer.done():
        call.answer.set_exception(BusUnavailable(why))


def _seen(answer: asyncio.Future[Any]) -> None:
    """Who queues a call and goes on hears of its failure elsewhere: from the next one, or the gap."""
    with contextlib.suppress(asyncio.CancelledError):
        answer.exception()
