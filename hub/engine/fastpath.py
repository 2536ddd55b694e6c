"""The common case, straight through: an event of the main namespace whose handler does not wait.

Everything else (binary, other namespaces, waiting events, catch-all handlers, odd results) is left
to the general path, which gives the same answer.
"""

from __future__ import annotations

import asyncio
import contextvars
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import orjson

from hub.engine.client import Client, Phase
from hub.engine.connection import Connection
from hub.engine.dispatch import Dispatcher
from hub.engine.native import HTTP, SUCCESS, TEXT
from hub.engine.packets import RESERVED_EVENTS, ProtocolError, parse

if TYPE_CHECKING:
    from hub.engine.server import Server

_CONNECTED: Final = Phase.CONNECTED
_EVENT: Final = ord("2")
_loads, _dumps, _copy_context = parse, orjson.dumps, contextvars.copy_context


class FastPath:
    """Handles one text message; `general` takes what is not common."""

    __slots__ = (
        "_begin",
        "_dispatcher",
        "_engine",
        "_general",
        "_handlers",
        "_is_coroutine",
        "_lib",
        "_loop",
        "_outbox",
        "_stats",
    )

    def __init__(
        self, server: Server, dispatcher: Dispatcher, general: Callable[[Connection, bytes], None]
    ) -> None:
        self._engine = server.eio
        self._stats = server.eio.stats
        self._lib = server.eio.lib
        self._loop = server.eio.native_loop
        self._outbox = server.eio.outbox
        self._begin = server.eio.begin
        self._handlers: dict[str, dict[Any, Any]] = server.handlers
        self._dispatcher = dispatcher
        self._general = general
        self._is_coroutine: dict[Any, bool] = {}

    def message(self, connection: Connection, raw: bytes) -> None:
        """One Engine.IO message, its `4` included."""
        start = raw.find(b"[", 2, 24)
        client = connection.clients.get("/")
        if (
            start < 2
            or raw[1] != _EVENT
            or client is None
            or client.running is not None
            or client.inbox
            or client.phase is not _CONNECTED
            or connection.partial is not None
        ):
            self._general(connection, raw)
            return
        ack = raw[2:start]
        if ack and not ack.isdigit():
            self._general(connection, raw)
            return
        try:
            args = _loads(raw[start:])
        except ValueError as exc:
            raise ProtocolError("invalid payload") from exc
        name = args[0] if args else None
        own = self._handlers.get("/")
        handler = own.get(name) if own is not None and type(name) is str else None
        if handler is None or name in RESERVED_EVENTS:
            self._general(connection, raw)
        else:
            self._run(client, handler, args, ack)

    def _run(self, client: Client, handler: Any, args: list[Any], ack: bytes) -> None:
        args[0] = client.sid
        try:
            is_coroutine = self._is_coroutine.get(handler)
            if is_coroutine is None:
                is_coroutine = self._is_coroutine[handler] = inspect.iscoroutinefunction(handler)
            # Calling a coroutine function runs nothing of it yet: its context comes with its task.
            result = handler(*args) if is_coroutine else _copy_context().run(handler, *args)
        except Exception as exc:
            self._dispatcher.failed(handler, exc)
            return
        if is_coroutine:
            # Inside a native callback no task is running, so none has to be looked for.
            task = self._engine.start_now(result) if self._loop.inside else self._begin(result)
            if not task.done():
                self._dispatcher.follow(client, handler, int(ack) if ack else None, task)
                return
            try:
                result = task.result()
            except (Exception, asyncio.CancelledError) as exc:
                self._dispatcher.failed(handler, exc)
                return
        if ack:
            self._acknowledge(client, ack, result)

    def _acknowledge(self, client: Client, ack: bytes, result: Any) -> None:
        connection = client.connection
        if (
            connection.ws is None
            or connection.lanes is not None
            or self._outbox.waiting
            or result is None
            or type(result) is tuple
        ):
            self._dispatcher.acknowledge(client, int(ack), result)
            return
        try:
            frame = b"43%b%b" % (ack, _dumps((result,)))
        except TypeError:  # bytes, or what only the general encoder knows
            self._dispatcher.acknowledge(client, int(ack), result)
            return
        status = self._lib.uws_ws_send(HTTP, connection.ws, frame, len(frame), TEXT)
        self._stats.messages_out += 1
        self._stats.bytes_out += len(frame)
        if status != SUCCESS:
            connection.check_backpressure()
        if not self._loop.inside:
            self._loop.kick()
