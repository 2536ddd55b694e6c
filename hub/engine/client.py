"""One Socket.IO client: a connection's membership of one namespace, its rooms and what waits for it."""

from __future__ import annotations

import asyncio
import enum
from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from hub.engine.lanes import ACK
from hub.engine.packets import Frames

if TYPE_CHECKING:
    from hub.engine.connection import Connection
    from hub.engine.outgoing import Outgoing
    from hub.engine.topics import Room


class Phase(enum.Enum):
    """A client's life."""

    CONNECTING = 1  # its connect handler runs; nothing reaches it yet
    CONNECTED = 2
    LEAVING = 3  # its disconnect handler is due or runs
    GONE = 4


class Held(list["Outgoing"]):
    """Events that leave after a CONNECT, and the bytes they take."""

    def __init__(self, events: Iterable[Outgoing] = ()) -> None:
        super().__init__(events)
        self.size = sum(event.size for event in self)

    def append(self, event: Outgoing) -> None:
        super().append(event)
        self.size += event.size


class Client:
    """A client is known by its `sid`; it outlives its connection until its disconnect handler is done."""

    __slots__ = (
        "connection",
        "held",
        "inbox",
        "inbox_bytes",
        "namespace",
        "native",
        "payload_offsets",
        "phase",
        "recovered",
        "rooms",
        "running",
        "session",
        "sid",
    )

    def __init__(self, sid: str, namespace: str, connection: Connection) -> None:
        self.sid = sid
        self.namespace = namespace
        self.connection = connection
        self.phase = Phase.CONNECTING
        self.native = False  # whether topics reach it
        self.held: Held | None = Held()  # events that leave after its CONNECT
        self.rooms: dict[Any, Room] = {}
        self.inbox: deque[tuple[Any, ...]] | None = None
        self.inbox_bytes = 0
        self.running: asyncio.Task[Any] | None = None
        self.payload_offsets = False
        self.recovered = False
        self.session: Any = None  # what connection state recovery keeps of it

    @property
    def present(self) -> bool:
        """Whether events may still be sent to it, now or after its CONNECT."""
        return self.phase in (Phase.CONNECTING, Phase.CONNECTED)

    @property
    def user_session(self) -> Any:
        """What the application keeps of this client; None when it keeps nothing."""
        return (self.connection.user_session or {}).get(self.namespace)

    @user_session.setter
    def user_session(self, kept: Any) -> None:
        connection = self.connection
        connection.user_session = {**(connection.user_session or {}), self.namespace: kept}

    def deliver(self, packet: Outgoing) -> None:
        """Send an event to this client alone."""
        if not self.present:
            return
        if self.held is None:
            each = packet.each if self.connection.lanes is not None else None
            for part in packet.parts(each) if each is not None else (packet,):
                self.connection.send(part.frames(self.payload_offsets), part.lane, part.key)
            return
        self.held.append(packet)
        if self.held.size > self.connection.engine.options.max_backpressure_bytes:
            self.connection.close_slow()

    def control(self, frames: Frames) -> None:
        """Send CONNECT and its like, which nothing holds up."""
        self.connection.send(frames, ACK)

    def release_held(self) -> None:
        """The CONNECT has left: what was held follows, then topics take over."""
        held, self.held = self.held, None
        for packet in held or ():
            self.deliver(packet)
        self.transport_changed()

    def transport_changed(self) -> None:
        """Move to the topics when its connection keeps up, off them when it does not."""
        native = self.phase is Phase.CONNECTED and self.held is None and self.connection.native
        if native != self.native:
            for room in self.rooms.values():
                room.move(self, native)
            self.native = native
