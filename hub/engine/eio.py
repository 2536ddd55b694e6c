"""The Engine.IO server: connections by id, admission, heartbeats, and python-engineio's own surface."""

from __future__ import annotations

import asyncio
import inspect
import logging
import math
from collections.abc import Callable, Coroutine
from typing import Any

from hub.engine import protocol
from hub.engine.admission import ConnectRate
from hub.engine.connection import Connection
from hub.engine.cors import Headers, cors_headers, origin_allowed
from hub.engine.eager import Starter
from hub.engine.heartbeat import Wheel
from hub.engine.lanes import ACK
from hub.engine.loop import native_loop
from hub.engine.native import HTTP, load
from hub.engine.neighbours import Relay
from hub.engine.options import Options
from hub.engine.outbox import Outbox
from hub.engine.packets import ProtocolError
from hub.engine.proxies import Proxies
from hub.engine.request import Request, RequestReader
from hub.engine.stats import Stats
from hub.engine.surface import Surface
from hub.engine.topics import Room

Handler = Callable[..., Any]
_SCAN_S = 0.25  # how often backlogs are looked at while something is published
_logger = logging.getLogger("hub.engine")


class Engine(Surface):
    """What `server.eio` is: python-engineio's `on`, `send` and sessions, over our transports."""

    def __init__(self, **given: Any) -> None:
        self.options = Options.of(given)
        self.native = load()
        self.lib = self.native.lib
        self.stats = Stats()
        self.native_loop = native_loop()
        self.reader = RequestReader(self.native, Proxies(self.options.trusted_proxies))
        self.wheel = Wheel(
            interval_s=self.options.interval_s,
            timeout_s=self.options.ping_timeout,
            connect_s=self.options.connect_timeout,
        )
        self.outbox = Outbox(self)
        self.sockets: dict[str, Connection] = {}
        self._rate = ConnectRate(self.options.connect_rate)
        self.slow: set[Connection] = set()
        self.handlers: dict[str, Handler] = {}
        self.raw = False  # whether the application speaks Engine.IO itself
        self.accepting = True
        self.starter: Starter | None = None
        self.start_now: Callable[[Coroutine[Any, Any, Any]], asyncio.Task[Any]] = self.begin
        self.end_socket: Callable[[Any, int, bytes], None] = _no_socket
        self.on_message: Callable[[Connection, bytes], None] = self._raw_message
        self.on_binary: Callable[[Connection, bytes], None] = self._raw_binary
        self.on_closed: Callable[[Connection, str], None] = self._raw_closed
        self.on_second: Callable[[], Any] = lambda: None
        self._timer: asyncio.TimerHandle | None = None
        self.suspects = 0  # connections above the soft limit when last looked at
        self._busy_rooms: set[Room] = set()
        self.tasks: set[asyncio.Task[Any]] = set()  # handlers that run, but for events of clients
        self._undecided: set[Connection] = set()  # of raw Engine.IO, while the connect handler runs

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Accept clients, and look after them regularly."""
        self.starter = Starter(loop)
        self.start_now = self.starter.start_now
        self.accepting = True
        self._timer = loop.call_later(_SCAN_S, self._tick, loop, 0)

    def stop(self) -> None:
        """End what runs by the clock."""
        self.wheel.stop()
        self.outbox.gathering.release()
        if self._timer is not None:
            self._timer.cancel()

    def _tick(self, loop: asyncio.AbstractEventLoop, count: int) -> None:
        self._timer = loop.call_later(_SCAN_S, self._tick, loop, count + 1)
        if self.outbox.unscanned or self.suspects or self.slow:
            self.scan()
        if count % 4 == 0:
            self.on_second()

    # -- connections

    def cors_headers(self, request: Request) -> Headers:
        """The CORS headers of any answer to `request`."""
        return cors_headers(self.options, request)

    def admit(self, request: Request, query: dict[str, str], transport: str) -> protocol.Refusal | None:
        """The checks a new session has to pass; None when it may open."""
        if not self.accepting:
            return protocol.STOPPING
        if not origin_allowed(self.options, request):
            return protocol.FORBIDDEN
        refusal = protocol.check_query(query, self.options.transports)
        if refusal is None and query["transport"] != transport:
            return protocol.UNKNOWN_TRANSPORT
        if refusal is None and "sid" not in query and not self._rate.take():
            return protocol.OVERLOADED
        return refusal

    def admit_websocket(self, request: Request) -> Connection | Relay | protocol.Refusal:
        """The session a new WebSocket belongs to: its own, or the one it wants to upgrade, here or not."""
        query = request.query
        refusal = self.admit(request, query, "websocket")
        if refusal is not None:
            self.stats.refused += 1
            return refusal
        sid = query.get("sid")
        if sid is None:
            return Connection(self, self.generate_id(), "websocket", request)
        connection, neighbours = self.sockets.get(sid), self.options.neighbours
        if connection is None and neighbours is not None and (url := neighbours.of(sid)) is not None:
            return Relay(self, neighbours, url, request)
        return protocol.UNKNOWN_SID if connection is None else connection

    def websocket_opened(self, connection: Connection, ws: Any) -> None:
        """A native WebSocket is open; what is sent now leaves after the answer to the upgrade."""
        if connection.transport == "websocket" and connection.ws is None and not connection.closed:
            connection.ws = ws
            self.keep_subscriber(ws)
            self.native_loop.after(lambda: self.opened(connection))
        elif connection.may_upgrade() and connection.prober is None and self.options.allow_upgrades:
            connection.probed_by(ws)
        else:
            self.end_socket(ws, 1008, b"nothing to upgrade")

    def keep_subscriber(self, ws: Any) -> None:
        """Subscribe a socket to a topic nobody publishes to.

        With its last topic a socket loses what was published to it and not yet flushed; this way
        leaving a room, or being skipped, never is leaving the last one.
        """
        self.lib.uws_ws_subscribe(HTTP, ws, b".", 1)

    def opened(self, connection: Connection) -> None:
        """Register a new session, tell the client, ask the application."""
        if connection.closed:
            return
        self.sockets[connection.sid] = connection
        self.stats.connections += 1
        self.stats.opened += 1
        connection.seen()
        self.wheel.add(connection, must_join=True)
        if self.raw:
            self._raw_connect(connection)
        else:
            self._welcome(connection)

    def _welcome(self, connection: Connection) -> None:
        options = self.options
        upgrades = ["websocket"] if connection.transport == "polling" and self._may_upgrade() else []
        packet = protocol.open_packet(
            connection.sid, upgrades, options.interval_s, options.ping_timeout, options.max_http_buffer_size
        )
        connection.send((packet,), ACK)

    def _may_upgrade(self) -> bool:
        return self.options.allow_upgrades and "websocket" in self.options.transports

    def closed(self, connection: Connection, reason: str) -> None:
        """A session has ended, whoever ended it."""
        if self.sockets.pop(connection.sid, None) is not None:
            self.stats.connections -= 1
            self.slow.discard(connection)
            self.wheel.remove(connection)
            self.on_closed(connection, reason)

    def scan_soon(self, room: Room) -> None:
        """Look at a room's members once libuv has flushed what was published to them."""
        if not self._busy_rooms:
            asyncio.get_running_loop().call_soon(self._scan_rooms)
        self._busy_rooms.add(room)

    def _scan_rooms(self) -> None:
        rooms, self._busy_rooms = self._busy_rooms, set()
        for room in rooms:
            for client in list(room.members):
                client.connection.check_backpressure()

    def scan(self) -> None:
        """Find the clients that cannot keep up, and serve those that can again."""
        self.outbox.unscanned = self.suspects = 0
        for connection in list(self.sockets.values()):
            connection.check_backpressure(regular=True)
        for connection in list(self.slow):
            connection.refill()

    # -- raw Engine.IO

    def on(self, event: str, handler: Handler | None = None) -> Any:
        """Register a handler of `connect`, `message` or `disconnect`, in place of Socket.IO's."""
        if event not in ("connect", "message", "disconnect"):
            raise ValueError("Invalid event")

        def register(function: Handler) -> Handler:
            self.handlers[event] = function
            self.raw = True
            self.on_message, self.on_binary = self._raw_message, self._raw_binary
            self.on_closed = self._raw_closed
            return function

        return register if handler is None else register(handler)

    def _raw_connect(self, connection: Connection) -> None:
        """Ask the connect handler. Until it has accepted, which may take as long as joining a namespace,
        the client is told nothing and may say nothing."""

        def decided(accepted: Any) -> None:
            self._undecided.discard(connection)
            if accepted is not None and accepted is not True:
                self._refuse(connection)
            elif connection.closed:
                self._raw_closed(connection, self.reason.TRANSPORT_CLOSE)
            else:
                self.wheel.remove(connection)
                self.wheel.add(connection, must_join=False)
                self._welcome(connection)

        connection.ping_at = math.inf
        self._undecided.add(connection)
        self._call("connect", decided, connection.sid, connection.request.environ)

    def _refuse(self, connection: Connection) -> None:
        self._undecided.add(connection)  # no disconnect handler for who was never in
        if connection.poller is not None:
            connection.poller.refuse(protocol.UNAUTHORIZED)
        connection.close("server disconnect", 1008, b"refused")
        self._undecided.discard(connection)

    def _raw_message(self, connection: Connection, raw: bytes) -> None:
        self._raw_event(connection, raw[1:].decode())

    def _raw_binary(self, connection: Connection, raw: bytes) -> None:
        self._raw_event(connection, raw)

    def _raw_event(self, connection: Connection, data: Any) -> None:
        if connection in self._undecided:
            raise ProtocolError("not open yet")
        self._call("message", None, connection.sid, data)

    def _raw_closed(self, connection: Connection, reason: str) -> None:
        if connection not in self._undecided:
            self._call("disconnect", None, connection.sid, reason)

    def _call(self, event: str, then: Callable[[Any], None] | None, *args: Any) -> None:
        handler: Handler = self.handlers.get(event, _accepts)
        try:
            inspect.signature(handler).bind(*args)
        except TypeError:
            args = args[:1] if event == "disconnect" else args
        try:
            result = handler(*args)
        except Exception:
            _logger.exception("engine: the %s handler failed", event)
            result = False
        if inspect.iscoroutine(result):
            self.spawn(self._finish(event, result, then))
        elif then is not None:
            then(result)

    async def _finish(self, event: str, pending: Coroutine[Any, Any, Any], then: Any) -> None:
        try:
            result = await pending
        except Exception:
            _logger.exception("engine: the %s handler failed", event)
            result = False
        if then is not None:
            then(result)

    def spawn(self, coroutine: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Start a task at once where that is possible, and keep it until it is done."""
        task = self.begin(coroutine)
        if not task.done():
            self.keep(task)
        return task

    def begin(self, coroutine: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Start a task whose starter keeps it."""
        if self.starter is None:
            self.starter = Starter(asyncio.get_running_loop())
        return self.starter.start(coroutine)

    def keep(self, task: asyncio.Task[Any]) -> None:
        """Hold a task until it is done: the loop itself only knows it weakly."""
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def close_all(self, code: int = 1001, reason: bytes = b"server shutting down") -> None:
        """Close every connection; their disconnect handlers begin."""
        for connection in list(self.sockets.values()):
            connection.close(self.reason.SERVER_DISCONNECT, code, reason)
        await asyncio.sleep(0)


def _accepts(*_args: Any) -> None:
    """Where the application has no handler."""


def _no_socket(_ws: Any, _code: int, _reason: bytes) -> None:
    """Before the server listens there is no socket to end."""
