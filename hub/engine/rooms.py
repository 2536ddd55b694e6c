"""Rooms are native topics; the client manager that keeps them, under python-socketio's methods."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable
from typing import Any

from hub.engine.client import Client, Held, Phase
from hub.engine.directory import Directory, event_args, targets
from hub.engine.lanes import LANES, STATE, TELEMETRY
from hub.engine.options import Options
from hub.engine.outgoing import Each, Outgoing
from hub.engine.recovery import Recovery
from hub.engine.topics import Room, Space

_logger = logging.getLogger("hub.engine")


class NativeRooms(Directory):
    """The client manager: python-socketio's methods, native rooms beneath.

    A manager of another kind (Redis, Kafka) is given this class as a base by `with_native_rooms`,
    so that what comes from its bus is published through the same topics.
    """

    # -- sending

    async def emit(
        self,
        event: str,
        data: Any,
        namespace: str,
        room: Any = None,
        skip_sid: Any = None,
        callback: Callable[..., Any] | None = None,
        to: Any = None,
        **kwargs: Any,
    ) -> None:
        """Emit to a client, a room, a list of both, or everybody in the namespace."""
        args = event_args(event, data)
        if callback is not None:
            self._emit_with_ack(namespace, to or room, skip_sid, callback, args)
        else:
            self.publish(namespace, to or room, skip_sid, args, **kwargs)

    def publish(
        self,
        namespace: str,
        room: Any,
        skip_sid: Any,
        args: list[Any],
        *,
        droppable: bool = False,
        conflate_key: object = None,
        conflate_each: Each | None = None,
        lane: str | None = None,
        **_others: Any,
    ) -> None:
        """Encode once, remember for recovery unless droppable, send."""
        key = (args[0], conflate_key) if conflate_key is not None else None
        skip = (
            skip_sid if isinstance(skip_sid, list | tuple | set) else () if skip_sid is None else (skip_sid,)
        )
        offset = None
        recovery = self.server.recovery
        if recovery is not None:
            offset = recovery.next_offset(droppable, args)
        number = TELEMETRY if droppable else STATE
        if lane and offset is None:  # what has an offset keeps its place in the stream
            number = LANES[lane]
        packet = Outgoing(
            namespace,
            args,
            codec=self.server.codec,
            lane=number,
            key=key,
            each=conflate_each,
            offset=offset,
        )
        if recovery is not None and not droppable:
            recovery.remember(packet, namespace, targets(room), skip)
        space = self._spaces.get(namespace)
        if space is not None:
            self._send(space, room, packet, [c for s in skip if (c := space.clients.get(s)) is not None])

    def _send(self, space: Space, room: Any, packet: Outgoing, skip: Collection[Client]) -> None:
        outbox = self.server.eio.outbox
        rooms, clients = self._resolve(space, room)
        if len(rooms) > 1:
            rooms.sort(key=lambda found: len(found.members))
        largest = rooms.pop() if rooms else None
        if largest is not None:
            outbox.publish(largest, packet, skip)
        for other in rooms:
            clients.update(dict.fromkeys(other.members))
        for client in clients:
            if client not in skip and (largest is None or client not in largest.members):
                client.deliver(packet)

    def _emit_with_ack(
        self, namespace: str, room: Any, skip_sid: Any, callback: Callable[..., Any], args: list[Any]
    ) -> None:
        skip = skip_sid if isinstance(skip_sid, list | tuple | set) else (skip_sid,)
        for sid, _ in list(self.get_participants(namespace, room)):
            client = self.client(sid, namespace)
            if client is not None and client.present and sid not in skip:
                frames = self.server.codec.event(namespace, args, self._generate_ack_id(sid, callback))
                client.deliver(Outgoing.of(namespace, frames))

    def recovery(self, options: Options, window_s: float) -> Any:
        """What recovers connections to clients of this manager."""
        return Recovery(
            window_s=window_s,
            max_sessions=options.recovery_max_sessions,
            max_events=options.recovery_max_events,
            max_bytes=options.recovery_max_bytes,
            keep_s=window_s + options.interval_s + options.ping_timeout,
        )

    async def ready(self, client: Client) -> None:
        """Before a client is asked in: whatever is emitted to it or to everybody reaches this process."""

    async def stop(self) -> None:
        """The server has closed."""

    # -- clients

    async def pre_connect(self, eio_sid: str, namespace: str) -> str | None:
        """Register a client whose connect handler has yet to accept it."""
        connection = self.server.eio.sockets.get(eio_sid)
        if connection is None or namespace in connection.clients:
            return None
        return self.add(Client(self.server.eio.generate_id(), namespace, connection)).sid

    def add(self, client: Client) -> Client:
        """Register a client under its sid."""
        space = self._spaces.get(client.namespace)
        if space is None:
            space = self._spaces[client.namespace] = Space()
        space.clients[client.sid] = client
        client.connection.clients[client.namespace] = client
        return client

    async def connect(self, sid: str, namespace: str) -> str | None:
        """The connect handler has accepted: everybody's room is open to the client."""
        client = self.client(sid, namespace)
        if client is None:
            return None
        self.accept(client)
        return sid

    def accept(self, client: Client) -> None:
        """Make a client a full member of its namespace."""
        client.phase = Phase.CONNECTED
        self._flush()
        everyone = self._spaces[client.namespace].everyone
        everyone.add(client)
        client.rooms[None] = everyone
        if client.session is not None and None not in client.session.rooms:
            self.server.recovery.entered(client.session, None)

    def rename(self, client: Client, sid: str) -> None:
        """Give a client that nobody has seen yet the sid it had before."""
        clients = self._spaces[client.namespace].clients
        del clients[client.sid]
        client.sid = sid
        clients[sid] = client

    def restore(self, client: Client, rooms: Iterable[Any]) -> None:
        """Put a client back into its rooms; it gets nothing before its CONNECT."""
        self._flush()
        space = self._spaces[client.namespace]
        for name in rooms:
            found = space.everyone if name is None else space.rooms.get(name)
            if found is None:
                found = space.rooms[name] = Room()
            found.add(client)
            client.rooms[name] = found

    def withdraw(self, client: Client, sid: str) -> None:
        """Undo `rename` and `restore`: nothing was recovered, and nothing is held for it."""
        for name in list(client.rooms):
            self._leave(client, name)
        self.rename(client, sid)
        (client.connection.user_session or {}).pop(client.namespace, None)
        client.session, client.held = None, Held()

    def gone(self, client: Client) -> asyncio.Future[None]:
        """Done as soon as a client and its handlers are."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if client.phase is Phase.GONE:
            future.set_result(None)
        else:
            self._awaited.setdefault(client, []).append(future)
        return future

    def pre_disconnect(self, sid: str, namespace: str) -> str | None:
        """The client is going; its disconnect handler may still use its rooms and session."""
        client = self.client(sid, namespace)
        if client is None:
            return None
        client.phase = Phase.LEAVING
        self._flush()
        client.transport_changed()
        return client.connection.sid

    def basic_disconnect(self, sid: str, namespace: str, **_kwargs: Any) -> None:
        """Forget a client."""
        client = self.client(sid, namespace)
        if client is None:
            return
        client.phase = Phase.GONE
        for future in self._awaited.pop(client, ()):
            if not future.done():
                future.set_result(None)
        self._flush()
        client.transport_changed()
        for name in list(client.rooms):
            self._leave(client, name)
        space = self._spaces[namespace]
        del space.clients[sid]
        self.callbacks.pop(sid, None)
        if client.connection.clients.get(namespace) is client:
            del client.connection.clients[namespace]
        if not space.clients:
            del self._spaces[namespace]

    # -- rooms

    def basic_enter_room(self, sid: str, namespace: str, room: Any, eio_sid: str | None = None) -> None:
        """Add a client to a room; another client's own room is refused."""
        client = self.client(sid, namespace)
        if client is None:
            raise ValueError("sid is not connected to requested namespace")
        if sid == room or room is None or room in client.rooms:
            return
        if self.is_sid_room(namespace, room):
            raise ValueError("cannot enter a sid room")
        self._flush()
        rooms = self._spaces[namespace].rooms
        found = rooms.get(room)
        if found is None:
            found = rooms[room] = Room()
        found.add(client)
        client.rooms[room] = found
        if client.session is not None and client.present:
            self.server.recovery.entered(client.session, room)

    def basic_leave_room(self, sid: str, namespace: str, room: Any) -> None:
        """Remove a client from a room it may or may not be in."""
        client = self.client(sid, namespace)
        if client is not None and room is not None and room in client.rooms:
            self._flush()
            self._leave(client, room)
            if client.session is not None and client.present:
                self.server.recovery.left(client.session, room)

    def _leave(self, client: Client, name: Any) -> None:
        room = client.rooms.pop(name)
        room.remove(client)
        rooms = self._spaces[client.namespace].rooms
        if not room.members and rooms.get(name) is room:
            del rooms[name]

    def basic_close_room(self, room: Any, namespace: str) -> None:
        """Take everybody out of a room."""
        if self.is_sid_room(namespace, room):
            raise ValueError("cannot close a sid room")
        space = self._spaces.get(namespace)
        found = space.rooms.get(room) if space is not None else None
        for client in list(found.members) if found is not None else ():
            self.basic_leave_room(client.sid, namespace, room)

    def _flush(self) -> None:
        """What waits was emitted to the members of now: it leaves before they change."""
        outbox = self.server.eio.outbox
        if outbox.waiting:
            outbox.flush()


def with_native_rooms(manager: Any) -> Any:
    """Give any asyncio client manager native rooms; what it does with its bus stays."""
    if manager is None:
        return NativeRooms()
    kind = type(manager)
    if not isinstance(manager, NativeRooms):
        manager.__class__ = type(f"Native{kind.__name__}", (kind, NativeRooms), {})
    return manager
