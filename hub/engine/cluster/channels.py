"""Subscriptions on one connection: confirmed before anybody relies on them, made again after a break."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final

from redis.exceptions import RedisClusterException, RedisError

from hub.engine.cluster.pipe import Connect
from hub.engine.errors import BusUnavailable

CONFIRM_S: Final = 3.0
PING_S: Final = 1.0
SILENCE_S: Final = 4.0  # without a message or a pong: the connection is dead
_FIRST_PAUSE_S: Final = 0.05
_LONGEST_PAUSE_S: Final = 2.0
_AT_ONCE: Final = 500  # channels of one command
_logger = logging.getLogger("hub.engine")


class Channels:
    """`on_message(channel, data)` for everything published on the wanted channels.

    After each connect `on_connected` runs, while messages come in already: it fills the gap.
    """

    def __init__(
        self,
        connect: Connect,
        on_message: Callable[[bytes, bytes], None],
        on_connecting: Callable[[], None],
        on_connected: Callable[[], Awaitable[None]],
    ) -> None:
        self._connect = connect
        self._on_message = on_message
        self._on_connecting = on_connecting
        self._on_connected = on_connected
        self._wanted: set[bytes] = set()
        self._confirmed: set[bytes] = set()
        self._asked: dict[bytes, asyncio.Future[bool]] = {}
        self._changes: dict[bytes, bool] = {}  # to subscribe, or to unsubscribe
        self._news = asyncio.Event()
        self._heard_at = 0.0
        self.connected = False
        self._stopped = False

    def stop(self) -> None:
        """`run` ends with the connection it has."""
        self._stopped = True

    def want(self, names: Iterable[bytes]) -> list[asyncio.Future[bool]]:
        """Want channels; a future of each that is not subscribed yet: false when it was dropped again."""
        pending = []
        for name in names:
            self._wanted.add(name)
            if self._changes.get(name) is False:
                del self._changes[name]
            if name in self._confirmed:
                continue
            asked = self._asked.get(name)
            if asked is None:
                asked = self._asked[name] = asyncio.get_running_loop().create_future()
                self._changes[name] = True
                self._news.set()
            pending.append(asked)
        return pending

    async def confirmed(self, names: Iterable[bytes]) -> None:
        """Want channels and wait for them; raises BusUnavailable."""
        if pending := self.want(names):
            await _all_done(pending)

    def drop(self, name: bytes) -> None:
        """No longer want a channel."""
        self._wanted.discard(name)
        if name in self._confirmed:
            self._changes[name] = False
            self._news.set()
        elif (asked := self._asked.pop(name, None)) is not None:
            self._changes.pop(name, None)
            asked.set_result(False)

    async def run(self) -> None:
        """Keep a connection, until `stop` and cancelled: an error of the connection may come instead."""
        pause_s = _FIRST_PAUSE_S
        while not self._stopped:
            connection = None
            try:
                client = await self._connect()
                connection = client.connection_pool.make_connection()
                async with asyncio.timeout(CONFIRM_S):
                    await connection.connect()
                await self._serve(connection)
            except* (RedisError, RedisClusterException, OSError, TimeoutError) as errors:
                _logger.warning("engine: the bus is interrupted: %s", errors.exceptions[0])
            except* Exception:
                _logger.exception("engine: the bus failed")
            finally:
                if self.connected:
                    pause_s = _FIRST_PAUSE_S
                self.connected = False
                self._confirmed.clear()
                if connection is not None:
                    await connection.disconnect(nowait=True)
            await asyncio.sleep(0 if self._stopped else pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    async def _serve(self, connection: Any) -> None:
        self._on_connecting()
        self._heard_at = asyncio.get_running_loop().time()
        self._changes = dict.fromkeys(self._wanted, True)
        for name in self._wanted:
            self._asked.setdefault(name, asyncio.get_running_loop().create_future())
        asked = list(self._asked.values())
        self._news.set()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._read(connection))
            tasks.create_task(self._write(connection))
            tasks.create_task(self._catch_up(asked))

    async def _catch_up(self, asked: list[asyncio.Future[bool]]) -> None:
        if asked:
            await _all_done(asked)
        await self._on_connected()
        self.connected = True

    async def _read(self, connection: Any) -> None:
        while True:
            kind, *rest = await connection.read_response(
                disable_decoding=True, timeout=math.inf, push_request=True
            )
            self._heard_at = asyncio.get_running_loop().time()
            if kind == b"message":
                self._on_message(*rest)
            elif kind == b"subscribe":
                self._confirmed.add(rest[0])
                if (asked := self._asked.pop(rest[0], None)) is not None and not asked.done():
                    asked.set_result(True)

    async def _write(self, connection: Any) -> None:
        loop = asyncio.get_running_loop()
        # redis-py's wait_for may swallow a cancellation (Python 3.11), and it connects by itself
        while connection.is_connected and not self._stopped:
            try:
                async with asyncio.timeout(PING_S):
                    await self._news.wait()
            except TimeoutError:
                if loop.time() - self._heard_at > SILENCE_S:
                    raise BusUnavailable("silence") from None
                await connection.send_command("PING", check_health=False)
                continue
            self._news.clear()
            changes, self._changes = self._changes, {}
            await self._send(connection, "SUBSCRIBE", [name for name, wanted in changes.items() if wanted])
            dropped = [name for name, wanted in changes.items() if not wanted]
            self._confirmed.difference_update(dropped)
            await self._send(connection, "UNSUBSCRIBE", dropped)

    async def _send(self, connection: Any, command: str, names: list[bytes]) -> None:
        for start in range(0, len(names), _AT_ONCE):
            await connection.send_command(command, *names[start : start + _AT_ONCE], check_health=False)


async def _all_done(futures: list[asyncio.Future[bool]]) -> None:
    """Waits for futures that others may wait for too; raises BusUnavailable."""
    _, pending = await asyncio.wait(futures, timeout=CONFIRM_S)
    if pending:
        raise BusUnavailable("no subscription in time")
