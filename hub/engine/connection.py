"""One Engine.IO session over whichever transport it has now: sending, closing, and who is on it."""

from __future__ import annotations

import asyncio
import math
import time
from typing import TYPE_CHECKING, Any, Final

from hub.engine import protocol
from hub.engine.lanes import ACK, STATE, TELEMETRY, Item, Lanes
from hub.engine.native import BACKPRESSURE, BINARY, DROPPED, HTTP, TEXT
from hub.engine.packets import Frames, Packet

if TYPE_CHECKING:
    from hub.engine.client import Client
    from hub.engine.eio import Engine
    from hub.engine.polling import Poller
    from hub.engine.request import Request

UPGRADE_TIMEOUT_S: Final = 10.0
SLOW_CODE: Final = 3008  # the close code of a client that reads too slowly: come back and recover
_LONGEST_REASON: Final = 123  # bytes; what a close frame holds


class Connection(protocol.Session):
    """A session with its native pointer, which is None from the moment the socket is closed.

    Nothing keeps `ws` in a variable across an await: whoever sends asks this object, which asks
    whether the pointer is still there.
    """

    __slots__ = (
        "awaiting_pong",
        "bucket",
        "clients",
        "engine",
        "join_by",
        "lanes",
        "partial",
        "ping_at",
        "poller",
        "prober",
        "request",
        "seen_at",
        "suspect",
        "user_session",
        "ws",
    )

    def __init__(self, engine: Engine, sid: str, transport: str, request: Request) -> None:
        super().__init__(sid, transport)
        self.engine = engine
        self.request = request
        self.ws: Any = None
        self.prober: Any = None  # the WebSocket that wants to take over
        self.poller: Poller | None = None
        self.lanes: Lanes | None = None
        self.partial: Packet | None = None
        self.clients: dict[str, Client] = {}
        self.user_session: dict[str, Any] | None = None
        self.ping_at = self.join_by = math.inf
        self.seen_at = 0.0
        self.bucket = 0  # of the heartbeat's wheel
        self.awaiting_pong = False
        self.suspect = False  # above the soft limit when last looked at

    @property
    def closed(self) -> bool:
        """Whether nothing will be sent or received any more."""
        return self.state is protocol.State.CLOSED

    @property
    def native(self) -> bool:
        """Whether topics reach it: an open WebSocket that keeps up."""
        return self.ws is not None and self.lanes is None

    def send(self, frames: Frames, lane: int = STATE, key: object = None) -> None:
        """Send one packet: a text frame (empty: none) and its binary attachments."""
        engine = self.engine
        if engine.outbox.waiting and not engine.outbox.flushing:
            engine.outbox.later(self, frames, lane, key)
        elif self.lanes is not None:
            self._queue(Item(frames, key), lane)
        elif self.ws is not None:
            self.write(frames)
        elif self.poller is not None:
            self.poller.send(frames, droppable=lane > STATE)

    def write(self, frames: Frames) -> None:
        """Hand frames to the native socket; what it cannot take at once makes the client slow."""
        engine, stats = self.engine, self.engine.stats
        status = 1
        for index, frame in enumerate(frames):
            if index == 0 and not frame:
                continue
            opcode = BINARY if index else TEXT
            status = engine.lib.uws_ws_send(HTTP, self.ws, frame, len(frame), opcode)
            stats.messages_out += 1
            stats.bytes_out += len(frame)
        if status == BACKPRESSURE:
            engine.outbox.unscanned += 1
            self.check_backpressure()
        elif status == DROPPED:
            self.close_slow()
        if not engine.native_loop.inside:
            engine.native_loop.kick()

    def buffered(self) -> int:
        """Bytes that wait in the native socket."""
        if self.ws is None:
            return 0
        return int(self.engine.lib.uws_ws_get_buffered_amount(HTTP, self.ws))

    def check_backpressure(self, *, regular: bool = False) -> None:
        """Find out whether the client keeps up: it does not when a backlog is large, or when it is
        above the soft limit at two regular looks in a row. A burst alone makes nobody slow."""
        if self.ws is None or self.lanes is not None:
            return
        options = self.engine.options
        buffered = self.buffered()
        if buffered > options.max_backpressure_bytes:
            self.close_slow()
        elif buffered > options.max_backpressure_bytes // 4:
            self._become_slow()
        elif regular:
            above = buffered > options.soft_backpressure_bytes
            if above and self.suspect:
                self._become_slow()
            else:
                self.suspect = above
                self.engine.suspects += above

    def _become_slow(self) -> None:
        """Leave the topics; lanes of its own serve this client until it has caught up."""
        self.suspect = False
        self.lanes = Lanes()
        self.engine.stats.slow += 1
        self.engine.slow.add(self)
        self._tell_clients()

    def _queue(self, item: Item, lane: int) -> None:
        lanes, stats = self.lanes, self.engine.stats
        if lanes is None:
            return
        if lane == TELEMETRY and item.key is None:
            stats.dropped += 1
            return
        conflated = lanes.push(item, lane)
        stats.conflated += conflated
        limit = self.engine.options.max_backpressure_bytes - self.buffered()
        if lanes.size > limit:
            stats.dropped += lanes.drop_telemetry()
            if lanes.size > limit:
                self.close_slow()

    def refill(self) -> None:
        """The socket has drained: give it what waits, best lane first; when all is gone, topics again."""
        lanes, options = self.lanes, self.engine.options
        if lanes is None or self.ws is None:
            return
        soft = options.soft_backpressure_bytes
        # Telemetry waits here, where a newer one can still replace it, until the socket is all but empty.
        while lanes.size and self.buffered() < (soft if lanes.urgent else soft // 8):
            self.write(lanes.pop().frames)
            if self.ws is None:
                return
        if not lanes.size and self.buffered() < soft // 8:
            self.lanes = None
            self.engine.slow.discard(self)
            self._tell_clients()

    def flush_poll(self) -> None:
        """Answer the held poll now instead of at the end of the turn."""
        if self.poller is not None:
            self.poller.flush()

    def _tell_clients(self) -> None:
        for client in self.clients.values():
            client.transport_changed()

    def ping(self) -> None:
        """Ask the client whether it lives."""
        self.awaiting_pong = True
        self.send((protocol.PING,), ACK)

    def seen(self) -> None:
        """A sign of life: the recovery window counts from the last one."""
        self.seen_at = time.monotonic()

    def probed_by(self, ws: Any) -> None:
        """A WebSocket has opened that may take over, if it does so in time."""
        self.prober = ws
        asyncio.get_running_loop().call_later(UPGRADE_TIMEOUT_S, self._upgrade_overdue, ws)

    def probe_received(self) -> None:
        """It wants to take over: the held poll ends, so that nothing is under way."""
        self.probe()
        if self.poller is not None:
            self.poller.release()

    def _upgrade_overdue(self, ws: Any) -> None:
        """It holds up polling, or others that would take over: it has to go."""
        if self.prober is ws:
            self.engine.end_socket(ws, 1008, b"upgrade timeout")
            self.probe_gone()

    def probe_gone(self) -> None:
        """That WebSocket left or misbehaved; polling goes on."""
        self.prober = None
        self.probe_lost()

    def upgraded(self, ws: Any) -> None:
        """The WebSocket has taken over: what polling had not delivered goes first."""
        self.upgrade()
        poller, self.poller, self.prober, self.ws = self.poller, None, None, ws
        self.engine.keep_subscriber(ws)
        if poller is not None:
            for frame, binary in poller.end():
                self.write((b"", frame) if binary else (frame,))
                if self.ws is None:
                    return
        self._tell_clients()

    def close_slow(self) -> None:
        """Close a client that cannot be served within its bound; it may recover."""
        if not self.closed:
            self.engine.stats.slow_closed += 1
        self.close("transport error", SLOW_CODE, b"slow")

    def close(self, reason: str, code: int = 1000, message: bytes = b"") -> None:
        """Close once, from wherever: the pointer dies first, the clients learn of it last."""
        if not self.finish():
            return
        ws, self.ws = self.ws, None
        prober, self.prober = self.prober, None
        for pointer in (ws, prober):
            if pointer is not None:
                self.engine.end_socket(pointer, code, message[:_LONGEST_REASON])
        if self.poller is not None:
            self.poller.close()
        self.engine.closed(self, reason)

    def lost(self, reason: str) -> None:
        """The peer, or the network, has ended the transport."""
        self.ws = None
        if self.finish():
            self.engine.closed(self, reason)
