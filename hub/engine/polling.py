"""HTTP long-polling: one held GET carries what is sent, POSTs carry what is received."""

from __future__ import annotations

import asyncio
import functools
import logging
from typing import TYPE_CHECKING, Any, Final

from hub.engine import protocol
from hub.engine.connection import Connection
from hub.engine.cookies import sid_cookie
from hub.engine.cors import Headers, origin_allowed
from hub.engine.http import TEXT_TYPE, Answer, compress
from hub.engine.lanes import OVERHEAD_BYTES
from hub.engine.neighbours import pass_on
from hub.engine.packets import Frames, ProtocolError
from hub.engine.protocol import Kind, Refusal
from hub.engine.request import Request

if TYPE_CHECKING:
    from hub.engine.eio import Engine

_FAREWELL_S: Final = 0.25
_logger = logging.getLogger("hub.engine")


class Poller:
    """What a polling session is owed, and the GET that waits for it."""

    __slots__ = ("_answer", "_connection", "_due", "_flushing", "_request", "posting", "size")

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._answer: Answer | None = None
        self._request: Request = connection.request
        self._due: list[tuple[bytes, bool]] = []
        self._flushing = False
        self.posting = False  # a POST's body is under way
        self.size = 0  # bytes owed

    @property
    def polled(self) -> bool:
        """Whether a GET is held."""
        return self._answer is not None and self._answer.alive

    def send(self, frames: Frames, *, droppable: bool = False) -> None:
        """Owe one packet to the client; a turn's packets leave together."""
        options = self._connection.engine.options
        if droppable and self.size > options.soft_backpressure_bytes:
            self._connection.engine.stats.dropped += 1
            return
        for index, frame in enumerate(frames):
            if index or frame:
                self._due.append((frame, index > 0))
                self.size += OVERHEAD_BYTES + len(frame)
        if self.size > options.max_backpressure_bytes:
            self._connection.close_slow()
        elif self.polled and not self._flushing:
            self._flushing = True
            self._connection.engine.native_loop.after(self.flush)

    def poll(self, request: Request, answer: Answer) -> None:
        """A GET: answered at once when something is due, else held."""
        self._answer, self._request = answer, request
        if self._due:
            self.flush()
        elif self._connection.upgrading:
            self.release()

    def flush(self) -> None:
        """Give everything due to the GET that waits, if one does."""
        self._flushing = False
        if self._due and self.polled:
            due, self._due, self.size = self._due, [], 0
            stats = self._connection.engine.stats
            stats.messages_out += len(due)
            self._finish(protocol.encode_body(due))

    def release(self) -> None:
        """End the held GET without news: the transport is about to change, or the client closes."""
        if self.polled:
            self._finish(protocol.NOOP)

    def refuse(self, refusal: Refusal) -> None:
        """The application does not want this client."""
        answer, self._answer = self._answer, None
        if answer is not None:
            answer.refuse(refusal, self._connection.engine.cors_headers(self._request))

    def close(self) -> None:
        """The session is over: what is due, then the packet that says so."""
        if self.polled:
            self._finish(protocol.encode_body([*self._due, (protocol.CLOSE, False)]))

    def end(self) -> list[tuple[bytes, bool]]:
        """A WebSocket has taken over: what is due is sent there."""
        self.release()
        due, self._due, self.size = self._due, [], 0
        return due

    def _finish(self, body: bytes) -> None:
        answer, self._answer = self._answer, None
        if answer is None:
            return
        engine = self._connection.engine
        engine.stats.bytes_out += len(body)
        headers = [TEXT_TYPE, ("Cache-Control", "no-store"), *engine.cors_headers(self._request)]
        if body.startswith(b"0") and self._request is self._connection.request:
            headers += sid_cookie(engine.options.cookie, self._connection.sid)
        if engine.options.http_compression:
            accepted = self._request.header("accept-encoding") or ""
            body, extra = compress(body, accepted, engine.options.compression_threshold)
            headers += extra
        answer.send("200 OK", headers, body)


class Polling:
    """The HTTP side of a server: handshakes, polls and posts."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._farewells: dict[str, bool] = {}
        self._on_request = engine.native.ffi.callback("uws_method_handler", self._request)

    def register(self, app: Any, pattern: bytes) -> None:
        """Serve HTTP on `pattern`; requests that upgrade go to the WebSocket route instead."""
        ffi, lib = self._engine.native.ffi, self._engine.native.lib
        lib.uws_app_any(0, app, pattern, self._on_request, ffi.NULL)

    def _request(self, res: Any, req: Any, _data: Any) -> None:
        answer = Answer(self._engine.native, res)
        try:
            answer.hold()  # first of all: a response that is neither answered nor held ends the process
            request = self._engine.reader.read(res, req)
            answer.bodiless = request.method == "HEAD"
            answer.last = (request.header("connection") or "").lower() == "close"
            refusal = self._serve(request, answer)
            if refusal is not None:
                self._engine.stats.refused += 1
                answer.refuse(refusal, self._engine.cors_headers(request))
        except Exception:
            _logger.exception("engine: a request failed")
            answer.fail()

    def _serve(self, request: Request, answer: Answer) -> Refusal | None:
        engine = self._engine
        if request.method == "OPTIONS":
            answer.send("204 No Content", engine.cors_headers(request), b"")
            return None
        if not origin_allowed(engine.options, request):
            return protocol.FORBIDDEN
        query = request.query
        refusal = protocol.check_query(query, engine.options.transports)
        if refusal is not None:
            return refusal
        if query["transport"] != "polling":
            return protocol.BAD_REQUEST
        sid = query.get("sid")
        if sid is None:
            return self._open(request, query, answer)
        connection = engine.sockets.get(sid)
        if connection is not None:
            return self._continue(connection, request, answer)
        neighbours = engine.options.neighbours
        if neighbours is not None and (url := neighbours.of(sid)) is not None:
            pass_on(engine, neighbours, url, request, answer)
            return None
        if request.method == "GET" and self._farewells.pop(sid, False):
            answer.send("200 OK", [TEXT_TYPE, *engine.cors_headers(request)], protocol.NOOP)
            return None
        return protocol.UNKNOWN_SID

    def _bid_farewell(self, connection: Connection) -> None:
        """The client's last poll may still be on its way, on another TCP connection, sent before the
        POST that closed the session: it gets the answer that it would have got in that order."""
        self._farewells[connection.sid] = True
        loop = asyncio.get_running_loop()
        loop.call_later(_FAREWELL_S, self._farewells.pop, connection.sid, None)

    def _open(self, request: Request, query: dict[str, str], answer: Answer) -> Refusal | None:
        if request.method != "GET":
            return protocol.BAD_METHOD
        refusal = self._engine.admit(request, query, "polling")
        if refusal is not None:
            return refusal
        sid = self._engine.generate_id()
        if (neighbours := self._engine.options.neighbours) is not None:
            sid = neighbours.sid(sid)
        connection = Connection(self._engine, sid, "polling", request)
        connection.poller = Poller(connection)
        connection.poller.poll(request, answer)
        self._engine.opened(connection)
        connection.flush_poll()
        return None

    def _continue(self, connection: Connection, request: Request, answer: Answer) -> Refusal | None:
        poller = connection.poller
        if poller is None or not connection.may_poll():
            return protocol.BAD_REQUEST
        if request.method == "GET" and self._engine.wheel.expired(connection):
            connection.close("ping timeout")
            return protocol.UNKNOWN_SID
        connection.seen()
        if request.method == "GET":
            return self._poll(connection, poller, request, answer)
        if request.method == "POST":
            return self._post(connection, poller, request, answer)
        return protocol.BAD_METHOD

    def _poll(
        self, connection: Connection, poller: Poller, request: Request, answer: Answer
    ) -> Refusal | None:
        if poller.polled:  # two at once: neither can be trusted to be read in order
            connection.close("transport error")
            return protocol.BAD_REQUEST
        poller.poll(request, answer)
        return None

    def _post(
        self, connection: Connection, poller: Poller, request: Request, answer: Answer
    ) -> Refusal | None:
        if poller.posting or request.header("content-type") == "application/octet-stream":
            connection.close("transport error")
            return protocol.BAD_REQUEST
        poller.posting = True

        def aborted() -> None:
            poller.posting = False

        answer.hold(aborted)
        received = functools.partial(self._received, connection, poller, request, answer)
        answer.read_body(self._engine.options.max_http_buffer_size, received)
        return None

    def _received(
        self, connection: Connection, poller: Poller, request: Request, answer: Answer, body: bytes | None
    ) -> None:
        """A POST is complete (None: it was larger than allowed)."""
        poller.posting = False
        headers: Headers = self._engine.cors_headers(request)
        if body is None:
            answer.refuse(protocol.TOO_LARGE, headers, close=True)
            return
        try:
            for packet, binary in protocol.decode_body(body):
                self._packet(connection, packet, binary)
        except (ProtocolError, UnicodeDecodeError) as exc:
            self._engine.stats.protocol_errors += 1
            _logger.debug("engine: %s: %s", connection.sid, exc)
            connection.close("transport error")
            answer.refuse(protocol.BAD_REQUEST, headers)
        except Exception:
            _logger.exception("engine: a packet could not be handled")
            connection.close("transport error")
            answer.fail()
        else:
            answer.send("200 OK", [TEXT_TYPE, *headers], b"ok")

    def _packet(self, connection: Connection, packet: bytes, binary: bool) -> None:
        engine = self._engine
        if connection.closed:
            return
        engine.stats.messages_in += 1
        engine.stats.bytes_in += len(packet)
        kind = Kind.MESSAGE if binary else protocol.classify(packet)
        if binary:
            engine.on_binary(connection, packet)
        elif kind is Kind.MESSAGE:
            engine.on_message(connection, packet)
        elif kind is Kind.PONG:
            engine.wheel.pong(connection)
            connection.seen()
        elif kind is Kind.CLOSE:
            if connection.poller is not None and connection.poller.polled:
                connection.poller.release()
            else:
                self._bid_farewell(connection)
            connection.close("client disconnect")
        else:
            raise ProtocolError("nothing to upgrade here")
