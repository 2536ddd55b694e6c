"""The WebSocket transport: uWebSockets' callbacks, as plain functions that never raise."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from hub.engine import protocol
from hub.engine.connection import Connection
from hub.engine.http import Answer
from hub.engine.native import HTTP, TEXT
from hub.engine.neighbours import Relay
from hub.engine.packets import ProtocolError
from hub.engine.request import Request

if TYPE_CHECKING:
    from hub.engine.eio import Engine

_MESSAGE = ord("4")
_logger = logging.getLogger("hub.engine")


class WebSockets:
    """Knows every open native WebSocket by its pointer; a pointer is forgotten before it dies."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lib, self._ffi = engine.native.lib, engine.native.ffi
        self._unpack = engine.native.ffi.unpack
        self._limit = engine.options.max_http_buffer_size
        self._stats = engine.stats
        self._native_loop = engine.native_loop
        self._open: dict[Any, Connection] = {}
        self._relays: dict[Any, Relay] = {}
        self._opening: Connection | Relay | None = None
        callback = self._ffi.callback
        self._callbacks = {
            "upgrade": callback("uws_websocket_upgrade_handler", self._on_upgrade),
            "open": callback("uws_websocket_handler", self._on_open),
            "message": callback("uws_websocket_message_handler", self._on_message),
            "drain": callback("uws_websocket_handler", self._on_drain),
            "close": callback("uws_websocket_close_handler", self._on_close),
        }

    def register(self, app: Any, pattern: bytes) -> None:
        """Serve WebSockets on `pattern`; every native option is set, none is left to its default."""
        options = self._engine.options
        behavior = self._ffi.new("uws_socket_behavior_t *")
        behavior.compression = 0
        behavior.maxPayloadLength = options.max_http_buffer_size * 2 + 65536  # we answer 1009 ourselves
        behavior.idleTimeout = options.idle_timeout_s
        behavior.maxBackpressure = max(options.max_backpressure_bytes * 16, 64 * 1024 * 1024)
        behavior.closeOnBackpressureLimit = False
        behavior.resetIdleTimeoutOnSend = False
        behavior.sendPingsAutomatically = False
        behavior.maxLifetime = 0
        for name, function in self._callbacks.items():
            setattr(behavior, name, function)
        self._lib.uws_ws(HTTP, app, pattern, behavior[0], self._ffi.NULL)

    def end(self, ws: Any, code: int, reason: bytes) -> None:
        """Close a native socket with a code the client sees. Its pointer is already forgotten."""
        if self._open.pop(ws, None) is not None or self._relays.pop(ws, None) is not None:
            self._lib.uws_ws_end(HTTP, ws, code, reason, len(reason))
            self._engine.native_loop.kick()

    def end_relays(self) -> None:
        """We go; those whose session is elsewhere come back through another process."""
        for ws, relay in list(self._relays.items()):
            self.end(ws, 1012, b"restart")
            relay.closed()

    def _on_upgrade(self, res: Any, req: Any, context: Any, _data: Any) -> None:
        answer = Answer(self._engine.native, res)
        try:
            request = self._engine.reader.read(res, req)
            found = self._engine.admit_websocket(request)
            if isinstance(found, protocol.Refusal):
                answer.refuse(found, self._engine.cors_headers(request))
            else:
                self._upgrade(answer, request, context, found)
        except Exception:
            _logger.exception("engine: upgrade failed")
            answer.fail()

    def _upgrade(
        self, answer: Answer, request: Request, context: Any, connection: Connection | Relay
    ) -> None:
        key = (request.header("sec-websocket-key") or "").encode("latin-1")
        offered = request.header("sec-websocket-protocol") or ""
        chosen = offered.partition(",")[0].strip().encode("latin-1")  # the first, as Node's server does
        res = answer.res
        self._engine.native.keep_unsent_low(res)
        answer.gone()
        self._opening = connection  # uWebSockets calls `open` before this call returns
        self._lib.uws_res_upgrade(
            HTTP, res, self._ffi.NULL, key, len(key), chosen, len(chosen), b"", 0, context
        )

    def _on_open(self, ws: Any, _data: Any) -> None:
        try:
            connection, self._opening = self._opening, None
            if isinstance(connection, Relay):
                self._relays[ws] = connection
                connection.opened(ws)
            elif connection is not None:
                self._open[ws] = connection
                self._engine.websocket_opened(connection, ws)
        except Exception:
            _logger.exception("engine: opening a websocket failed")

    def _on_message(self, ws: Any, message: Any, length: int, opcode: int, _data: Any) -> None:
        connection = self._open.get(ws)
        if connection is None:
            self._relay(ws, message, length, opcode)
            return
        try:
            if length > self._limit:
                connection.close("transport error", 1009, b"message too big")
                return
            connection.seen_at = self._native_loop.now
            raw = self._unpack(message, length) if length else b""
            stats = self._stats
            stats.messages_in += 1
            stats.bytes_in += length
            if length > 1 and raw[0] == _MESSAGE and opcode == TEXT and connection.prober is None:
                self._engine.on_message(connection, raw)
            else:
                self._on_rare(connection, ws, raw, opcode)
        except ProtocolError as exc:
            self._engine.stats.protocol_errors += 1
            connection.close("transport error", 1002, str(exc).encode())
        except Exception:
            _logger.exception("engine: a message could not be handled")
            connection.close("transport error", 1011, b"internal error")

    def _relay(self, ws: Any, message: Any, length: int, opcode: int) -> None:
        relay = self._relays.get(ws)
        if relay is not None:
            try:
                relay.message(self._unpack(message, length) if length else b"", opcode)
            except Exception:
                _logger.exception("engine: a message could not be passed on")

    def _on_rare(self, connection: Connection, ws: Any, raw: bytes, opcode: int) -> None:
        """Everything but a text message of an established session."""
        if connection.prober is not None and connection.prober == ws:
            self._on_probe(connection, ws, raw)
        elif opcode != TEXT:
            self._engine.on_binary(connection, raw)
        elif raw[:1] == b"4":
            self._engine.on_message(connection, raw)
        else:
            self._on_control(connection, raw)

    def _on_control(self, connection: Connection, raw: bytes) -> None:
        kind = protocol.classify(raw)
        if kind is protocol.Kind.PONG:
            self._engine.wheel.pong(connection)
            connection.seen()
        elif kind is protocol.Kind.CLOSE:
            connection.close("client disconnect")
        else:
            raise ProtocolError("nothing to upgrade")

    def _on_probe(self, connection: Connection, ws: Any, raw: bytes) -> None:
        """Messages of a WebSocket that has not taken over yet: the probe, then the upgrade."""
        try:
            kind: protocol.Kind | None = protocol.classify(raw)
        except ProtocolError:
            kind = None
        if kind is protocol.Kind.PROBE and connection.may_upgrade():
            connection.probe_received()
            self._lib.uws_ws_send(HTTP, ws, protocol.PONG_PROBE, len(protocol.PONG_PROBE), TEXT)
        elif kind is protocol.Kind.UPGRADE and connection.upgrading:
            connection.upgraded(ws)
        else:
            connection.probe_gone()
            self.end(ws, 1002, b"not an upgrade")

    def _on_drain(self, ws: Any, _data: Any) -> None:
        connection, relay = self._open.get(ws), self._relays.get(ws)
        if relay is not None:
            relay.drain()
        elif connection is not None and connection.ws is not None:
            try:
                connection.refill()
            except Exception:
                _logger.exception("engine: refilling failed")

    def _on_close(self, ws: Any, _code: int, _message: Any, _length: int, _data: Any) -> None:
        relay = self._relays.pop(ws, None)
        if relay is not None:
            relay.closed()
        connection = self._open.pop(ws, None)
        if connection is None:
            return
        try:
            if connection.ws == ws:
                connection.lost("transport close")
            else:
                connection.probe_gone()
        except Exception:
            _logger.exception("engine: closing failed")
