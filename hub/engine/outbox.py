"""What is sent to topics: published at once, or, inside a native callback, right after it.

Inside a callback the socket is corked and each publish would be flushed alone, five times slower.
So what is emitted there waits for the end of the turn, and whatever is sent after it waits behind
it: a client sees everything in the order in which it was emitted.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from hub.engine.gathering import Gathering
from hub.engine.lanes import TELEMETRY
from hub.engine.native import BINARY, HTTP, TEXT
from hub.engine.packets import Frames

if TYPE_CHECKING:
    from hub.engine.client import Client
    from hub.engine.connection import Connection
    from hub.engine.eio import Engine
    from hub.engine.outgoing import Outgoing
    from hub.engine.topics import Room
_logger = logging.getLogger("hub.engine")


class Outbox:
    """The order of everything that is sent within one turn of the native loop."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lib = engine.native.lib
        self.app: Any = None
        self.waiting: list[tuple[Any, ...]] = []
        self.flushing = False
        self.gathering = Gathering(self, engine.options.telemetry_window, engine.stats)
        self.unscanned = 0  # whether anything was published since all backlogs were looked at

    def publish(self, room: Room, packet: Outgoing, skip: Collection[Client]) -> None:
        """Send to the members of a room, but for `skip`."""
        if packet.lane == TELEMETRY and packet.offset is None and self.gathering.window_s and not skip:
            self.gathering.add(room, packet)
        else:
            self.publish_now(room, packet, skip)

    def publish_now(self, room: Room, packet: Outgoing, skip: Collection[Client] = ()) -> None:
        """The same, with nothing put off."""
        if self.waiting or self._engine.native_loop.inside:
            self._wait((room, packet, skip))
        else:
            self._publish(room, packet, skip)

    def later(self, connection: Connection, frames: Frames, lane: int, key: object) -> None:
        """Send to one connection behind what waits already."""
        self._wait((connection, frames, lane, key))

    def _wait(self, entry: tuple[Any, ...]) -> None:
        if not self.waiting:
            self._engine.native_loop.after(self.flush)
        self.waiting.append(entry)

    def flush(self) -> None:
        """Send everything that waits, in order. Also called before a room's members change."""
        if self.flushing:
            return
        self.flushing = True
        try:
            waiting, self.waiting = self.waiting, []
            for entry in waiting:
                self._send(entry)
        finally:
            self.flushing = False

    def _send(self, entry: tuple[Any, ...]) -> None:
        try:
            if len(entry) == 3:
                self._publish(*entry)
            else:
                connection, frames, lane, key = entry
                connection.send(frames, lane, key)
        except Exception:
            _logger.exception("engine: something that waited could not be sent")

    def _publish(self, room: Room, packet: Outgoing, skip: Collection[Client]) -> None:
        natives = [client for client in skip if room.on_topic(client)]
        for client in natives:
            room.unsubscribe(client)
        for payload_offsets, count in room.natives():
            if count:
                self._to_topic(room, payload_offsets, packet.frames(payload_offsets), count)
        for client in natives:
            room.subscribe(client)
        for client in tuple(room.others):
            if client not in skip:
                client.deliver(packet)

    def _to_topic(self, room: Room, payload_offsets: bool, frames: Frames, count: int) -> None:
        lib, stats = self._lib, self._engine.stats
        topic = room.topic(payload_offsets)
        for index, frame in enumerate(frames):
            if index == 0 and not frame:
                continue
            opcode = BINARY if index else TEXT
            lib.uws_publish(HTTP, self.app, topic, len(topic), frame, len(frame), opcode, False)
            stats.messages_out += count
            stats.bytes_out += len(frame) * count
            room.unscanned += len(frame)
        self._engine.native_loop.kick()
        self.unscanned += 1
        if room.unscanned > self._engine.options.max_backpressure_bytes // 8:
            room.unscanned = 0
            self._engine.scan_soon(room)
