"""`Server`: python-socketio's AsyncServer, with an engine of its own underneath."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Iterable
from typing import Any, Final

import socketio

from hub.engine.client import Client, Phase
from hub.engine.codec import Codec, ForeignCodec
from hub.engine.connecting import Connector, RecoveryCheck
from hub.engine.connection import Connection
from hub.engine.dispatch import Dispatcher
from hub.engine.draining import drain
from hub.engine.eio import Engine
from hub.engine.fastpath import FastPath
from hub.engine.incoming import Incoming
from hub.engine.listener import Listener, addresses
from hub.engine.outgoing import Each
from hub.engine.rooms import NativeRooms, with_native_rooms
from hub.engine.serializers import packet_class
from hub.engine.session import Session

SessionHandler = Callable[[str, str, dict[str, Any]], Any]
_GRACE_S: Final = 5.0


class Server(socketio.AsyncServer):  # type: ignore[misc]
    """A drop-in AsyncServer that listens by itself.

    What it adds: `listen`, `close`, `drain`, `port`, `stats`; `emit(..., droppable, conflate_key,
    conflate_each, lane)`; connection state recovery, `on_session_expired`. What it does differently:
    a client's events are handled in order, one at a time, unless their handler is marked
    `concurrent`; what is emitted to a client inside its connect handler leaves after its CONNECT.
    """

    eio: Engine
    manager: NativeRooms
    manager_initialized: bool

    def __init__(self, client_manager: Any = None, **options: Any) -> None:
        self.recovery: Any = None  # Recovery, or None when it is off
        self.recovery_check: RecoveryCheck | None = None
        # what a CONNECT is refused with while the nodes cannot be one
        self.unavailable: dict[str, Any] = {"message": "Unavailable, try again"}
        if "serializer" in options:
            options["serializer"] = packet_class(options["serializer"])
        super().__init__(client_manager=with_native_rooms(client_manager), **options)
        foreign = not self.packet_class.uses_binary_events or options.get("json") is not None
        self.codec = ForeignCodec(self.packet_class) if foreign else Codec()
        self.environ = _Environs(self.eio)
        self._listener: Listener | None = None
        self._attached = False
        self.dispatcher = Dispatcher(self.eio, self)
        self.connector = Connector(self)
        self.port: int | None = None
        self._take_over()
        if self.eio.options.recovery_window is not None:
            self.recovery = self.manager.recovery(self.eio.options, self.eio.options.recovery_window)
            self.eio.on_second = self.recovery.prune

    def _take_over(self) -> None:
        """Undo python-socketio's registration with its Engine.IO server: ours calls us directly."""
        engine = self.eio
        engine.handlers.clear()
        engine.raw = False
        incoming = Incoming(self)
        fast = FastPath(self, self.dispatcher, incoming.message)
        engine.on_message = fast.message if self.codec.native else incoming.message
        engine.on_binary = incoming.binary
        engine.on_closed = self._on_closed

    def _engineio_server_class(self) -> type[Engine]:
        return Engine

    # -- life

    async def listen(
        self, host: str | Iterable[str] | None = None, port: int = 0, *, reuse_port: bool = False
    ) -> int:
        """Listen on one host or several; port 0 picks a free one. Answers the port."""
        listener = self._attach()
        hosts = [host] if host is None or isinstance(host, str) else list(host)
        numeric = [address for name in hosts for address in await addresses(name)]
        for address in dict.fromkeys(numeric):
            port = listener.listen(address, port, reuse_port=reuse_port)
        self.port = port
        return port

    def _attach(self) -> Listener:
        if self._attached and self._listener is not None:
            return self._listener
        self._attached = True
        loop = self.eio.native_loop.attach()
        if self._listener is None:
            self._listener = Listener(self.eio)
        self.eio.start(loop)
        if not self.manager_initialized:
            self.manager_initialized = True
            self.manager.initialize()
        return self._listener

    async def close(self) -> None:
        """Stop listening, close every client, wait for their disconnect handlers."""
        if not self._attached or self._listener is None:
            return
        self.eio.accepting = False
        self._listener.stop()
        clients = self.manager.everybody()
        await self.eio.close_all()
        await self._finish(clients)
        await self.manager.stop()
        self._listener.websockets.end_relays()
        if self.eio.options.neighbours is not None:
            await self.eio.options.neighbours.close()
        self.eio.stop()
        self.eio.native_loop.release()
        await asyncio.sleep(0)  # one turn, in which the library sees its sockets closed
        self._attached = False
        self.port = None

    async def _finish(self, clients: list[Client]) -> None:
        """Wait for what runs, within reason; handlers that will not end are cancelled."""
        others = self.eio.tasks - {asyncio.current_task()}
        if waited := [*map(self.manager.gone, clients), *others]:
            await asyncio.wait(waited, timeout=_GRACE_S)
        for client in clients:
            self.dispatcher.abandon(client)
        for task in self.eio.tasks - {asyncio.current_task()}:
            task.cancel()

    async def drain(self, seconds: float) -> None:
        """Stop accepting, tell clients when they will be closed, close them over `seconds`, then stop.

        `close` meanwhile ends it at once.
        """
        if not self._attached or self._listener is None:
            return
        self.eio.accepting = False
        self._listener.stop()
        await drain(self, seconds)
        await self.close()

    async def shutdown(self) -> None:
        """python-socketio's name for it."""
        await self.close()

    def stats(self) -> dict[str, int]:
        """The engine's counters."""
        return self.eio.stats.as_dict()

    # -- python-socketio's surface, where ours differs

    async def emit(
        self,
        event: str,
        data: Any = None,
        to: Any = None,
        room: Any = None,
        skip_sid: Any = None,
        namespace: str | None = None,
        callback: Any = None,
        ignore_queue: bool = False,
        *,
        droppable: bool = False,
        conflate_key: object = None,
        conflate_each: Each | None = None,
        lane: str | None = None,
        once: tuple[str, int, int] | None = None,
    ) -> None:
        """Emit an event to a client, a room, several of both, or everybody.

        `droppable` marks telemetry: it has no offset, and a client that cannot keep up gets only
        the newest of each `conflate_key`, or none. An event of many things names them by `conflate_each`,
        a field of its payload and one of theirs: then it gets the newest of each thing, one by one.
        `lane` says what goes first to such a client: "ack", then "state" (the default), then
        "telemetry". `once` is for several nodes: see ClusterRooms.emit.
        """
        await self.manager.emit(
            event,
            data,
            namespace or "/",
            room=to or room,
            skip_sid=skip_sid,
            callback=callback,
            ignore_queue=ignore_queue,
            droppable=droppable,
            conflate_key=conflate_key,
            conflate_each=conflate_each,
            lane=lane,
            once=once,
        )

    async def get_session(self, sid: str, namespace: str | None = None) -> dict[str, Any]:
        """The user session of a client, also while its disconnect handler runs."""
        namespace = namespace or "/"
        session: dict[str, Any] = self._session_of(sid, namespace).setdefault(namespace, {})
        return session

    async def save_session(self, sid: str, session: dict[str, Any], namespace: str | None = None) -> None:
        """Replace the user session of a client."""
        namespace = namespace or "/"
        self._session_of(sid, namespace)[namespace] = session

    def _session_of(self, sid: str, namespace: str) -> dict[str, Any]:
        client = self.manager.client(sid, namespace)
        if client is None:
            raise KeyError("Session not found")
        connection = client.connection
        if connection.user_session is None:
            connection.user_session = {}
        return connection.user_session

    def get_environ(self, sid: str, namespace: str | None = None) -> dict[str, Any] | None:
        """The WSGI environment of a client."""
        client = self.manager.client(sid, namespace or "/")
        return None if client is None else client.connection.request.environ

    def transport(self, sid: str, namespace: str | None = None) -> str:
        """`polling` or `websocket`."""
        client = self.manager.client(sid, namespace or "/")
        if client is None:
            raise KeyError("Session not found")
        return client.connection.transport

    async def _send_packet(self, eio_sid: str, pkt: Any) -> None:
        connection = self.eio.sockets.get(eio_sid)
        if connection is not None:
            connection.send(ForeignCodec.frames(pkt))

    async def _send_eio_packet(self, eio_sid: str, eio_pkt: Any) -> None:
        self.eio.send_now(eio_sid, eio_pkt.data)

    async def disconnect(self, sid: str, namespace: str | None = None, ignore_queue: bool = False) -> None:
        """Disconnect a client from a namespace, for good: there is nothing to recover."""
        client = self.manager.client(sid, namespace or "/")
        if client is not None:
            self._forget(client)
        await super().disconnect(sid, namespace, ignore_queue)

    def recovered(self, sid: str, namespace: str | None = None) -> bool:
        """Whether a client has its earlier state back; known from its connect handler on."""
        client = self.manager.client(sid, namespace or "/")
        return client is not None and client.recovered

    def on_session_expired(self, handler: SessionHandler) -> SessionHandler:
        """Call `handler(sid, namespace, user_session)` when a client that was lost can no longer be
        recovered: its window is over, or others needed its place. Also a decorator; the handler may
        be a coroutine function. A client that leaves on purpose expires nothing.
        """

        async def expired(session: Session) -> None:
            try:
                result = handler(session.sid, session.namespace, session.user_session or {})
                if inspect.isawaitable(result):
                    await result
            except Exception as exc:
                self.dispatcher.failed("session expired", exc)

        if self.recovery is not None:
            self.recovery.on_expired = lambda session: self.eio.spawn(expired(session))
        return handler

    # -- from the engine

    def _on_closed(self, connection: Connection, reason: str) -> None:
        connection.partial = None
        for client in list(connection.clients.values()):
            if client.phase is Phase.CONNECTED:
                self.leave(client, reason)

    def left(self, client: Client) -> None:
        """A client has said goodbye."""
        self._forget(client)
        self._go(client, self.reason.CLIENT_DISCONNECT)

    def leave(self, client: Client, reason: str) -> None:
        """A client's connection is lost: its session may be recovered."""
        if client.session is not None:
            connection = client.connection
            self.recovery.away(client.session, connection.seen_at, client.user_session)
        self._go(client, reason)

    def _go(self, client: Client, reason: str) -> None:
        self.manager.pre_disconnect(client.sid, client.namespace)
        if client.connection.clients.get(client.namespace) is client:
            del client.connection.clients[client.namespace]
        self.dispatcher.leave(client, reason)

    def _forget(self, client: Client) -> None:
        """Who leaves on purpose has nothing to recover."""
        if client.session is not None:
            self.recovery.forget(client.session)
            client.session = None


class _Environs(dict[str, Any]):
    """`server.environ[eio_sid]`, made on demand: headers are kept in a smaller form."""

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self._engine = engine

    def __missing__(self, eio_sid: str) -> dict[str, Any]:
        return self._engine.sockets[eio_sid].request.environ
