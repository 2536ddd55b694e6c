"""A client's events, in order and one at a time, each in a context of its own; acks back."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import inspect
import logging
from collections import deque
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Final

from hub.engine.client import Client, Phase
from hub.engine.lanes import ACK
from hub.engine.stats import Stats

if TYPE_CHECKING:
    from hub.engine.eio import Engine

_CONCURRENT: Final = "__engine_concurrent__"
_logger = logging.getLogger("hub.engine")
Handler = Callable[..., Any]


def concurrent(handler: Handler) -> Handler:
    """Mark a handler whose client's next events need not wait until it is done."""
    setattr(handler, _CONCURRENT, True)
    return handler


class Dispatcher:
    """Runs handlers. A slow one holds up its own client alone, and that only up to a bound."""

    def __init__(self, engine: Engine, server: Any) -> None:
        self._engine = engine
        self._server = server
        self._stats: Stats = engine.stats
        self._aside: dict[Client, set[asyncio.Task[Any]]] = {}  # handlers marked `concurrent` that run

    def event(self, client: Client, args: list[Any], ack: int | None, size: int) -> None:
        """Handle one event now, or behind those of the same client that wait already."""
        if client.running is None and not client.inbox:
            self._run(client, args, ack)
        else:
            self._queue(client, args, ack, size)

    def leave(self, client: Client, reason: str) -> None:
        """Call the disconnect handler, after every event that came before."""
        if client.running is None and not client.inbox:
            self._run_leave(client, reason)
        else:
            client.inbox = client.inbox or deque()
            client.inbox.append((None, reason, 0))

    def _queue(self, client: Client, args: list[Any], ack: int | None, size: int) -> None:
        options = self._engine.options
        inbox = client.inbox
        if inbox is None:
            inbox = client.inbox = deque()
        client.inbox_bytes += size
        inbox.append((args, ack, size))
        if len(inbox) > options.max_inbox_events or client.inbox_bytes > options.max_inbox_bytes:
            _logger.warning("engine: %s sends faster than its handlers run; closed", client.sid)
            client.connection.close("transport error", 1008, b"too many events")

    def _run(self, client: Client, args: list[Any], ack: int | None) -> None:
        try:
            handler, arguments = self._find(client, args)
            if handler is None:
                return
            context = contextvars.copy_context()
            result = context.run(handler, *arguments)
        except Exception as exc:
            self.failed(args[0], exc)
            return
        if inspect.iscoroutine(result):
            self._start(client, args[0], ack, result, getattr(handler, _CONCURRENT, False))
        else:
            self.acknowledge(client, ack, result)

    def _find(self, client: Client, args: list[Any]) -> tuple[Handler | None, tuple[Any, ...]]:
        """The handler of an event and its arguments: exact, then catch-all, then a namespace class."""
        server, event, namespace = self._server, args[0], client.namespace
        own = server.handlers.get(namespace)
        if own is not None and event in own:
            return own[event], (client.sid, *args[1:])
        handler, arguments = server._get_event_handler(event, namespace, (client.sid, *args[1:]))
        if handler is None:
            space, arguments = server._get_namespace_handler(namespace, arguments)
            if space is not None:
                handler, arguments = space.trigger_event, (event, *arguments)
        return handler, arguments

    def _start(
        self, client: Client, event: Any, ack: int | None, coroutine: Coroutine[Any, Any, Any], aside: bool
    ) -> None:
        task = self._engine.begin(coroutine)
        if task.done():
            self._finish(client, event, ack, task)
        else:
            self._follow(client, event, ack, task, aside)

    def follow(self, client: Client, handler: Handler, ack: int | None, task: asyncio.Task[Any]) -> None:
        """A handler has begun to wait: its client's next events wait behind it."""
        self._follow(client, handler, ack, task, getattr(handler, _CONCURRENT, False))

    def _follow(
        self, client: Client, event: Any, ack: int | None, task: asyncio.Task[Any], aside: bool
    ) -> None:
        if aside:
            self._aside.setdefault(client, set()).add(task)
            task.add_done_callback(functools.partial(self._done_aside, client, event, ack))
            self._engine.keep(task)
        else:
            client.running = task
            task.add_done_callback(functools.partial(self._done, client, event, ack))

    def _done_aside(self, client: Client, event: Any, ack: int | None, task: asyncio.Task[Any]) -> None:
        tasks = self._aside[client]
        tasks.discard(task)
        if not tasks:
            del self._aside[client]
        self._finish(client, event, ack, task)

    def running(self, client: Client) -> set[asyncio.Task[Any]]:
        """The handlers of a client that are not done."""
        tasks = set(self._aside.get(client, ()))
        return tasks if client.running is None else {*tasks, client.running}

    def abandon(self, client: Client) -> None:
        """Cancel what a client's handlers do, and drop its events that wait; its end stays."""
        client.inbox = deque(entry for entry in client.inbox or () if entry[0] is None) or None
        for task in self.running(client):
            task.cancel()

    def _done(self, client: Client, event: Any, ack: int | None, task: asyncio.Task[Any]) -> None:
        client.running = None
        self._finish(client, event, ack, task)
        while client.inbox and client.running is None:
            args, tag, size = client.inbox.popleft()
            client.inbox_bytes -= size
            if args is None:
                self._run_leave(client, tag)
            else:
                self._run(client, args, tag)

    def _finish(self, client: Client, event: Any, ack: int | None, task: asyncio.Task[Any]) -> None:
        if task.cancelled():
            return
        if (error := task.exception()) is not None:
            self.failed(event, error)
            return
        self.acknowledge(client, ack, task.result())

    def acknowledge(self, client: Client, ack: int | None, result: Any) -> None:
        """Send a handler's result, if the client has asked for one and is still there."""
        if ack is None or result is self._server.not_handled or client.phase is not Phase.CONNECTED:
            return
        args = list(result) if isinstance(result, tuple) else [] if result is None else [result]
        try:
            frames = self._server.codec.ack(client.namespace, ack, args)
        except Exception as exc:
            self.failed("acknowledgement", exc)
            return
        client.connection.send(frames, ACK)

    def _run_leave(self, client: Client, reason: str) -> None:
        task = self._engine.spawn(self._leave(client, reason))
        if not task.done():
            client.running = task
            task.add_done_callback(functools.partial(self._left, client))

    def _left(self, client: Client, _task: asyncio.Task[Any]) -> None:
        client.running = None

    async def _leave(self, client: Client, reason: str) -> None:
        try:
            await self._server._trigger_event("disconnect", client.namespace, client.sid, reason)
        except Exception as exc:
            self.failed("disconnect", exc)
        finally:
            self._server.manager.basic_disconnect(client.sid, client.namespace)

    def failed(self, event: Any, error: BaseException) -> None:
        """Count and log what a handler raised; a cancelled one was told to stop."""
        if isinstance(error, asyncio.CancelledError):
            return
        self._stats.handler_errors += 1
        _logger.error("engine: the handler of %r failed", event, exc_info=error)
