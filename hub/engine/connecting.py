"""How a client joins a namespace: recovery first, then its connect handler, then CONNECT."""

from __future__ import annotations

import asyncio
import functools
import logging
import math
import time
import weakref
from collections.abc import Awaitable, Callable, Collection
from typing import TYPE_CHECKING, Any, Final

from socketio import exceptions

from hub.engine import packets
from hub.engine.client import Client, Held, Phase
from hub.engine.connection import Connection
from hub.engine.errors import BusUnavailable
from hub.engine.lanes import ACK
from hub.engine.outgoing import Outgoing
from hub.engine.packets import Packet, ProtocolError
from hub.engine.session import Return, Session

if TYPE_CHECKING:
    from hub.engine.server import Server

RecoveryCheck = Callable[[dict[str, Any], Any, frozenset[Any], Any], Awaitable[Collection[Any] | None]]
"""Given environ, auth, the rooms and the user session of a client that comes back: the rooms it may
still be in, or None when it is not the same user any more."""
_AFTER_CONNECT_S: Final = 0.002  # between a CONNECT and the first event behind it
_MAX_NAMESPACES: Final = 100  # of one connection
_TAKEOVER_S: Final = 5.0  # how long the old socket's disconnect handler may take
_logger = logging.getLogger("hub.engine")


class Connector:
    """Answers CONNECT packets."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._engine = server.eio
        self._turns: weakref.WeakValueDictionary[str, asyncio.Lock] = weakref.WeakValueDictionary()

    def connect(self, connection: Connection, packet: Packet) -> None:
        """A client asks to join; the answer comes when its handler has decided."""
        server, namespace = self._server, packet.namespace
        if not self._serves(namespace):
            reason = {"message": "Invalid namespace"}
            connection.send(self._server.codec.control(packets.CONNECT_ERROR, namespace, reason))
        elif namespace in connection.clients:
            raise ProtocolError("already connected to this namespace")
        elif len(connection.clients) >= _MAX_NAMESPACES:
            raise ProtocolError("too many namespaces")
        else:
            client = server.manager.add(Client(self._engine.generate_id(), namespace, connection))
            connection.join_by = math.inf
            self._engine.spawn(self._connect(client, packet.data))

    def _serves(self, namespace: str) -> bool:
        server = self._server
        return (
            namespace in server.handlers
            or namespace in server.namespace_handlers
            or server.namespaces == "*"
            or namespace in server.namespaces
            or "*" in server.handlers
            or "*" in server.namespace_handlers
        )

    async def _connect(self, client: Client, auth: Any) -> None:
        server = self._server
        try:
            await server.manager.ready(client)
            if server.recovery is not None:
                await self._prepare(client, auth or {})
        except BusUnavailable:
            self._refuse(client, server.unavailable)
            return
        if server.always_connect:
            await self._accept(client)
        refusal = await self._ask(client, auth)
        client.connection.request.forget_environ()
        if refusal is not None:
            self._refuse(client, refusal)
        elif not server.always_connect:
            await self._accept(client)
        if client.connection.closed and client.phase is Phase.CONNECTED:
            server.leave(client, server.reason.TRANSPORT_CLOSE)

    # -- the connect handler

    async def _ask(self, client: Client, auth: Any) -> dict[str, Any] | None:
        """Run the connect handler; what it refuses with, or None."""
        try:
            accepted = await self._call(client, auth)
        except exceptions.ConnectionRefusedError as exc:
            return dict(exc.error_args)
        except ConnectionRefusedError as exc:
            args = exc.args or ("Connection refused by server",)
            return dict(exceptions.ConnectionRefusedError(*args).error_args)
        except Exception:
            self._engine.stats.handler_errors += 1
            _logger.exception("engine: the connect handler failed")
            return {"message": "Connection rejected by server"}
        return {"message": "Connection rejected by server"} if accepted is False else None

    async def _call(self, client: Client, auth: Any) -> Any:
        trigger = self._server._trigger_event
        arguments = (client.sid, client.connection.request.environ)
        try:
            return await trigger("connect", client.namespace, *arguments, auth or None)
        except TypeError as exc:
            if auth:
                raise
            try:  # the older form of a connect handler takes no auth
                return await trigger("connect", client.namespace, *arguments)
            except TypeError:
                raise exc from None

    async def _accept(self, client: Client) -> None:
        server = self._server
        server.manager.accept(client)
        answer = {"sid": client.sid}
        if (session := client.session) is not None:
            await server.recovery.store(session)
            answer["pid"] = session.pid
            self._tell_session(client, session.pid)
        client.connection.send(self._server.codec.control(packets.CONNECT, client.namespace, answer), ACK)
        self._engine.native_loop.after(functools.partial(self._accepted, client))

    def _tell_session(self, client: Client, pid: str) -> None:
        name = self._engine.options.session_event
        if name is None or client.held is None:
            return
        told = {
            "pid": pid,
            "recovered": client.recovered,
            "window_seconds": self._server.recovery.window_s,
        }
        client.held.insert(0, Outgoing(client.namespace, [name, told], codec=self._server.codec))

    def _accepted(self, client: Client) -> None:
        """CONNECT has left. What was held follows in a segment of its own, a moment later: some
        clients lose a frame that arrives in one read with their CONNECT."""
        if client.held:
            asyncio.get_running_loop().call_later(_AFTER_CONNECT_S, client.release_held)
        else:
            client.release_held()

    def _refuse(self, client: Client, reason: dict[str, Any]) -> None:
        server, connection = self._server, client.connection
        kind = packets.DISCONNECT if server.always_connect else packets.CONNECT_ERROR
        if client.recovered:  # who comes back with a good token may still recover
            server.recovery.away(client.session, time.monotonic(), client.session.user_session)
        server.manager.basic_disconnect(client.sid, client.namespace)
        connection.send(self._server.codec.control(kind, client.namespace, reason))
        if not connection.clients:
            self._engine.wheel.wait_for_namespace(connection)

    # -- recovery

    async def _prepare(self, client: Client, auth: dict[str, Any]) -> None:
        """Give the client back what it was, or begin a new session."""
        client.payload_offsets = auth.get("offsets") == "payload"
        pid = auth.get("pid")
        if pid is not None:
            async with self._turn(pid):
                client.recovered = await self._recover(client, pid, auth)
            counter = "recovered" if client.recovered else "not_recovered"
            stats = self._engine.stats
            setattr(stats, counter, getattr(stats, counter) + 1)
        if not client.recovered:
            client.session = self._server.recovery.begin(client)

    def _turn(self, pid: Any) -> asyncio.Lock:
        """Who comes back twice at once is let in one after the other."""
        turn = self._turns.get(str(pid))
        if turn is None:
            turn = self._turns[str(pid)] = asyncio.Lock()
        return turn

    async def _recover(self, client: Client, pid: Any, auth: dict[str, Any]) -> bool:
        recovery = self._server.recovery
        session = await recovery.find(pid)
        if session is None or session.namespace != client.namespace:
            return False
        allowed = await self._allowed(client, session, auth)
        if allowed is None or not await recovery.claim(session, self._take_over):
            return False
        if client.connection.closed:
            recovery.away(session, time.monotonic(), session.user_session)
            return False
        fresh, limit = client.sid, self._engine.options.max_backpressure_bytes // 2
        enter = functools.partial(self._restore, client, session, allowed)
        missed = await recovery.replay(Return(session, auth.get("offset"), allowed, limit), enter)
        if missed is not None:
            client.held = Held([*missed, *(client.held or ())])
        elif client.sid != fresh:
            self._server.manager.withdraw(client, fresh)
        return missed is not None

    async def _allowed(self, client: Client, session: Session, auth: Any) -> Collection[Any] | None:
        """The rooms it may be in, or hear of, today: those it is in and those it has left lately."""
        named = {*session.rooms, *(room for room, _, _ in session.left)}
        rooms = frozenset(room for room in named if room is not None)
        check = self._server.recovery_check
        if check is None:
            return rooms
        try:
            environ = client.connection.request.environ
            allowed = await check(environ, auth, rooms, session.kept_of_user)
        except Exception:
            self._engine.stats.handler_errors += 1
            _logger.exception("engine: the recovery check failed")
            return None
        return None if allowed is None else rooms & frozenset(allowed)

    async def _take_over(self, session: Session) -> bool:
        """Close the socket that has this session, and wait until its disconnect handler is done.

        Whoever else waited for the same end may have come first: then that one is closed, in its turn.
        """
        manager = self._server.manager
        try:
            async with asyncio.timeout(_TAKEOVER_S):
                while (old := manager.client(session.sid, session.namespace)) is not None:
                    old.connection.close(self._server.reason.TRANSPORT_CLOSE, 1000, b"taken over")
                    await manager.gone(old)
        except TimeoutError:
            _logger.warning("engine: %s cannot be taken over: its handlers still run", session.sid)
            return False
        return True

    def _restore(self, client: Client, session: Session, allowed: Collection[Any]) -> Client:
        manager = self._server.manager
        manager.rename(client, session.sid)
        client.session, session.client = session, client
        for room in [room for room in session.rooms if room is not None and room not in allowed]:
            del session.rooms[room]
        manager.restore(client, session.rooms)
        if session.user_session is not None:
            client.user_session = session.user_session
        return client
