"""`Server`: python-socketio's AsyncServer, with an engine of its own underneath."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from typing import Any, Final

import socketio

from hub.engine import packets
from hub.engine.client import Client, Phase
from hub.engine.codec import Codec, ForeignCodec
from hub.engine.connecting import Connector, RecoveryCheck
from hub.engine.connection import Connection
from hub.engine.dispatch import Dispatcher
from hub.engine.draining import drain
from hub.engine.eio import Engine
from hub.engine.fastpath import FastPath
from hub.engine.listener import Listener, addresses
from hub.engine.options import Options
from hub.engine.packets import Packet, ProtocolError
from hub.engine.recovery import Recovery
from hub.engine.rooms import NativeRooms, with_native_rooms

_GRACE_S: Final = 5.0
_logger = logging.getLogger("hub.engine")


class Server(socketio.AsyncServer):  # type: ignore[misc]
    """A drop-in AsyncServer that listens by itself.

    What it adds: `listen`, `close`, `drain`, `port`, `stats`; `emit(..., droppable, conflate_key,
    lane)`; connection state recovery. What it does differently: a client's events are handled in
    order, one at a time, unless their handler is marked `concurrent`; what is emitted to a client
    inside its connect handler leaves after its CONNECT.
    """

    eio: Engine
    manager: NativeRooms
    manager_initialized: bool

    def __init__(self, client_manager: Any = None, **options: Any) -> None:
        self.recovery: Any = None  # Recovery, or None when it is off
        self.recovery_check: RecoveryCheck | None = None
        super().__init__(client_manager=with_native_rooms(client_manager), **options)
        foreign = not self.packet_class.uses_binary_events or options.get("json") is not None
        self.codec = ForeignCodec(self.packet_class) if foreign else Codec()
        self.environ = _Environs(self.eio)
        self._listener: Listener | None = None
        self._attached = False
        self._dispatcher = Dispatcher(self.eio, self)
        self._connector = Connector(self)
        self.port: int | None = None
        self._take_over()
        if self.eio.options.recovery_window is not None:
            self.recovery = _recovery(self.eio.options, self.eio.options.recovery_window)
            self.eio.on_second = self.recovery.prune

    def _take_over(self) -> None:
        """Undo python-socketio's registration with its Engine.IO server: ours calls us directly."""
        engine = self.eio
        engine.handlers.clear()
        engine.raw = False
        engine.on_message = FastPath(self, self._dispatcher, self._on_message).message
        if not self.codec.native:
            engine.on_message = self._on_message
        engine.on_binary = self._on_binary
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
        self.eio.stop()
        self.eio.native_loop.release()
        await asyncio.sleep(0)  # one turn, in which the library sees its sockets closed
        self._attached = False
        self.port = None

    async def _finish(self, clients: list[Client]) -> None:
        """Wait for the clients' handlers, within reason; those that will not end are cancelled."""
        if not clients:
            return
        await asyncio.wait([self.manager.gone(client) for client in clients], timeout=_GRACE_S)
        for client in clients:
            if client.running is not None:
                client.running.cancel()

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
        lane: str | None = None,
    ) -> None:
        """Emit an event to a client, a room, several of both, or everybody.

        `droppable` marks telemetry: it has no offset, and a client that cannot keep up gets only
        the newest of each `conflate_key`, or none. `lane` says what goes first to such a client:
        "ack", then "state" (the default), then "telemetry".
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
            lane=lane,
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

    # -- from the engine

    def _on_message(self, connection: Connection, raw: bytes) -> None:
        if connection.partial is not None:
            raise ProtocolError("plaintext data where an attachment was due")
        text = raw[1:] if self.codec.native else raw[1:].decode()
        self._decoded(connection, self.codec.decode(text), len(raw))

    def _decoded(self, connection: Connection, packet: Packet, size: int) -> None:
        if packet.missing:
            connection.partial = packet
        else:
            self._on_packet(connection, packet, size)

    def _on_binary(self, connection: Connection, raw: bytes) -> None:
        packet = connection.partial
        if packet is None:
            if self.codec.native:
                raise ProtocolError("unexpected binary data")
            self._decoded(connection, self.codec.decode(raw), len(raw))
        elif packet.attach(raw):
            connection.partial = None
            self._on_packet(connection, packet, sum(map(len, packet.attachments)))

    def _on_packet(self, connection: Connection, packet: Packet, size: int) -> None:
        if packet.type == packets.CONNECT:
            self._connector.connect(connection, packet)
            return
        client = connection.clients.get(packet.namespace)
        if client is None or client.phase is not Phase.CONNECTED:
            _logger.debug("engine: a packet for %s, which is not joined", packet.namespace)
        elif packet.type in (packets.EVENT, packets.BINARY_EVENT):
            self._dispatcher.event(client, packet.data, packet.id, size)
        elif packet.type in (packets.ACK, packets.BINARY_ACK):
            self.eio.spawn(self._acknowledged(client, packet))
        else:
            self._forget(client)
            self._go(client, self.reason.CLIENT_DISCONNECT)

    async def _acknowledged(self, client: Client, packet: Packet) -> None:
        try:
            await self.manager.trigger_callback(client.sid, packet.id or 0, packet.data)
        except Exception:
            _logger.exception("engine: an acknowledgement's callback failed")

    def _on_closed(self, connection: Connection, reason: str) -> None:
        connection.partial = None
        for client in list(connection.clients.values()):
            if client.phase is Phase.CONNECTED:
                self.leave(client, reason)

    def leave(self, client: Client, reason: str) -> None:
        """A client's connection is lost: its session may be recovered."""
        if client.session is not None:
            connection = client.connection
            user_session = (connection.user_session or {}).get(client.namespace)
            self.recovery.away(client.session, connection.seen_at, user_session)
        self._go(client, reason)

    def _go(self, client: Client, reason: str) -> None:
        self.manager.pre_disconnect(client.sid, client.namespace)
        if client.connection.clients.get(client.namespace) is client:
            del client.connection.clients[client.namespace]
        self._dispatcher.leave(client, reason)

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


def _recovery(options: Options, window_s: float) -> Recovery:
    return Recovery(
        window_s=window_s,
        max_sessions=options.recovery_max_sessions,
        max_events=options.recovery_max_events,
        max_bytes=options.recovery_max_bytes,
        keep_s=window_s + options.interval_s + options.ping_timeout,
    )
