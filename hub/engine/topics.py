"""A room is a native topic, for the members that keep up; the others are served one by one."""

from __future__ import annotations

import itertools
from collections.abc import Collection
from typing import Any

from hub.engine.client import Client
from hub.engine.native import HTTP

_numbers = itertools.count(1)


class Room:
    """Members, of whom those that keep up are on a native topic and the others are served one by one.

    A room of one has no topic and no set: most rooms are somebody's own. Clients that want offsets
    in the payload get other bytes, so they have a topic of their own.
    """

    __slots__ = ("_members", "_number", "_payload_natives", "_single", "others", "unscanned")

    def __init__(self) -> None:
        self._number = next(_numbers)
        self._payload_natives = 0
        self._single: Client | None = None
        self._members: set[Client] | None = None
        self.others: Collection[Client] = ()
        self.unscanned = 0  # bytes published since the members' backlogs were looked at

    @property
    def members(self) -> Collection[Client]:
        """Everybody in the room."""
        if self._members is not None:
            return self._members
        return () if self._single is None else (self._single,)

    def topic(self, payload_offsets: bool) -> bytes:
        """The native topic's name."""
        return b"%dp" % self._number if payload_offsets else b"%d" % self._number

    def natives(self) -> tuple[tuple[bool, int], tuple[bool, int]]:
        """How many members each of the two topics reaches."""
        natives = len(self.members) - len(self.others)
        return (False, natives - self._payload_natives), (True, self._payload_natives)

    def on_topic(self, client: Client) -> bool:
        """Whether a topic of this room reaches `client`."""
        return self._members is not None and client.native and client in self._members

    def add(self, client: Client) -> None:
        """Add a member once."""
        if client in self.members:
            return
        if self._members is not None:
            self._members.add(client)
            self._join(client)
        elif self._single is None:
            self._single, self.others = client, (client,)
        else:
            first, self._single = self._single, None
            self._members, self.others = {first, client}, set()
            self._join(first)
            self._join(client)

    def _join(self, client: Client) -> None:
        if client.native:
            self._enter_topic(client)
        else:
            self._others().add(client)

    def _others(self) -> set[Client]:
        if not isinstance(self.others, set):
            self.others = set(self.others)
        return self.others

    def remove(self, client: Client) -> None:
        """Remove a member, if it is one."""
        if client is self._single:
            self._single, self.others = None, ()
        elif self._members is not None and client in self._members:
            self._members.discard(client)
            if client in self.others:
                self._others().discard(client)
            else:
                self._leave_topic(client)

    def move(self, client: Client, native: bool) -> None:
        """A member's connection has begun or ceased to keep up."""
        if self._members is None:
            return
        if native:
            self._others().discard(client)
            self._enter_topic(client)
        else:
            self._others().add(client)
            self._leave_topic(client)

    def _enter_topic(self, client: Client) -> None:
        self._payload_natives += client.payload_offsets
        self.subscribe(client)

    def _leave_topic(self, client: Client) -> None:
        self._payload_natives -= client.payload_offsets
        self.unsubscribe(client)

    def subscribe(self, client: Client) -> None:
        """Put the socket on the topic, if it still lives."""
        connection, topic = client.connection, self.topic(client.payload_offsets)
        if connection.ws is not None:
            connection.engine.lib.uws_ws_subscribe(HTTP, connection.ws, topic, len(topic))

    def unsubscribe(self, client: Client) -> None:
        """Take the socket off the topic; at close the library has done so itself."""
        connection, topic = client.connection, self.topic(client.payload_offsets)
        if connection.ws is not None:
            connection.engine.lib.uws_ws_unsubscribe(HTTP, connection.ws, topic, len(topic))


class Space:
    """A namespace with clients: by sid, and the rooms they have made."""

    __slots__ = ("clients", "everyone", "rooms")

    def __init__(self) -> None:
        self.clients: dict[str, Client] = {}
        self.everyone = Room()
        self.rooms: dict[Any, Room] = {}
