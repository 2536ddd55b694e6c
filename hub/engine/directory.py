"""Who is where: python-socketio's questions to a client manager, and the acknowledgements clients owe."""

from __future__ import annotations

import asyncio
import inspect
import itertools
import logging
from collections.abc import Iterable, Iterator
from typing import Any, Final

import socketio

from hub.engine.client import Client, Phase
from hub.engine.topics import Room, Space

MAX_CALLBACKS: Final = 10_000  # acknowledgements one client may owe
_logger = logging.getLogger("hub.engine")


class Directory(socketio.AsyncManager):  # type: ignore[misc]
    """Namespaces with their clients and rooms, read only; NativeRooms changes them."""

    server: Any
    _spaces: dict[str, Space]

    def set_server(self, server: Any) -> None:
        """Called once, by the server's constructor."""
        super().set_server(server)
        self._spaces = {}
        self._awaited: dict[Client, list[asyncio.Future[None]]] = {}

    def client(self, sid: str | None, namespace: str) -> Client | None:
        """The client of a sid, whatever its phase."""
        space = self._spaces.get(namespace)
        return None if space is None or sid is None else space.clients.get(sid)

    def everybody(self) -> list[Client]:
        """All clients of all namespaces."""
        return [client for space in self._spaces.values() for client in space.clients.values()]

    def _resolve(self, space: Space, room: Any) -> tuple[list[Room], dict[Client, None]]:
        """Rooms and single clients a target stands for."""
        rooms: list[Room] = []
        clients: dict[Client, None] = {}
        for target in dict.fromkeys(targets(room)):
            if target is None:
                rooms.append(space.everyone)
            elif (client := space.clients.get(target)) is not None:
                clients[client] = None
            elif (found := space.rooms.get(target)) is not None:
                rooms.append(found)
        return rooms, clients

    def is_pre_connected(self, sid: str, namespace: str) -> bool:
        """Whether the connect handler still runs."""
        client = self.client(sid, namespace)
        return client is not None and client.phase is Phase.CONNECTING

    def is_connected(self, sid: str, namespace: str) -> bool:
        """Whether the client was accepted and is not leaving."""
        client = self.client(sid, namespace)
        return client is not None and client.phase is Phase.CONNECTED

    def is_sid_room(self, namespace: str, room: Any) -> bool:
        """Whether a room is some client's own."""
        return room is not None and self.client(room, namespace) is not None

    def get_rooms(self, sid: str, namespace: str) -> list[Any]:
        """The rooms of a client, its own first."""
        client = self.client(sid, namespace)
        return [] if client is None else [sid, *(name for name in client.rooms if name is not None)]

    def get_namespaces(self) -> Iterable[str]:
        """Namespaces with clients."""
        return self._spaces.keys()

    def get_participants(self, namespace: str, room: Any) -> Iterator[tuple[str, str]]:
        """(sid, Engine.IO sid) of each client a target stands for, once."""
        space = self._spaces.get(namespace)
        if space is None:
            return
        rooms, clients = self._resolve(space, room)
        for found in rooms:
            clients.update(dict.fromkeys(found.members))
        for client in clients:
            yield client.sid, client.connection.sid

    def sid_from_eio_sid(self, eio_sid: str, namespace: str) -> str | None:
        """The client a connection has in a namespace."""
        connection = self.server.eio.sockets.get(eio_sid)
        client = connection.clients.get(namespace) if connection is not None else None
        return None if client is None else client.sid

    def eio_sid_from_sid(self, sid: str, namespace: str) -> str | None:
        """The connection of a client."""
        client = self.client(sid, namespace)
        return None if client is None else client.connection.sid

    # -- acknowledgements

    def _generate_ack_id(self, sid: str, callback: Any) -> int:
        owed = self.callbacks.setdefault(sid, {0: itertools.count(1)})
        number: int = next(owed[0])
        owed[number] = callback
        if len(owed) > MAX_CALLBACKS:  # the client never answers: its oldest debt is forgiven
            del owed[next(itertools.islice(owed, 1, None))]
        return number

    async def trigger_callback(self, sid: str, id: int, data: list[Any]) -> None:
        """A client has acknowledged: call back, once."""
        owed = self.callbacks.get(sid, {})
        callback = owed.pop(id, None) if id != 0 else None
        if callback is None:
            _logger.debug("engine: unknown acknowledgement %s of %s", id, sid)
            return
        result = callback(*data)
        if inspect.iscoroutine(result):
            try:
                await result
            except asyncio.CancelledError:
                return


def event_args(event: str, data: Any) -> list[Any]:
    """An event's name and arguments: a tuple is several, None is none."""
    return [event, *data] if isinstance(data, tuple) else [event] if data is None else [event, data]


def targets(room: Any) -> tuple[Any, ...]:
    """The rooms and sids that an argument stands for; None is everybody."""
    if isinstance(room, list | tuple | set | frozenset):
        return tuple(room)
    return (room,)
