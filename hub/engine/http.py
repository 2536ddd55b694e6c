"""Answers over the native HTTP side. A response is used once and only while it is alive."""

from __future__ import annotations

import functools
import gzip
import logging
import zlib
from collections.abc import Callable
from typing import Any, Final

from hub.engine.cors import Headers
from hub.engine.native import HTTP, Native
from hub.engine.protocol import Refusal

TEXT_TYPE: Final = ("Content-Type", "text/plain; charset=UTF-8")
_logger = logging.getLogger("hub.engine")
JSON_TYPE: Final = ("Content-Type", "application/json")


class Answer:
    """One response: alive until it is answered or the client gives up, dead ever after.

    A dead one ignores every call, since the native pointer then belongs to nobody, or worse, to
    the next request of the same connection.
    """

    __slots__ = ("_body", "_limit", "_native", "_on_abort", "_on_body", "_res", "_slot", "bodiless", "last")

    _waiting: dict[int, Answer] = {}  # noqa: RUF012 - those that wait, by the number their callback carries
    _next_slot = 0

    def __init__(self, native: Native, res: Any) -> None:
        self._native = native
        self._res: Any = res
        self._slot: int | None = None
        self._on_abort: Callable[[], None] | None = None
        self._on_body: Callable[[bytes | None], None] | None = None
        self._body = bytearray()
        self._limit = 0
        self.bodiless = False  # the answer to HEAD
        self.last = False  # whether the client asked to close; uWebSockets does, but does not say so

    @property
    def alive(self) -> bool:
        """Whether an answer can still be given."""
        return self._res is not None

    @property
    def res(self) -> Any:
        """The native response; None once dead."""
        return self._res

    def hold(self, on_abort: Callable[[], None] | None = None) -> None:
        """Keep the response after the callback returns; `on_abort` is told when the client leaves."""
        self._on_abort = on_abort
        if self._slot is not None or self._res is None:
            return
        Answer._next_slot += 1
        self._slot = Answer._next_slot
        Answer._waiting[self._slot] = self
        ffi = self._native.ffi
        slot = ffi.cast("void *", self._slot)
        self._native.lib.uws_res_on_aborted(HTTP, self._res, _callbacks(ffi).aborted, slot)

    def read_body(self, limit: int, done: Callable[[bytes | None], None]) -> None:
        """Collect the body; `done` gets it, or None as soon as it is larger than `limit` bytes."""
        self._limit, self._on_body = limit, done
        ffi = self._native.ffi
        slot = ffi.cast("void *", self._slot or 0)
        self._native.lib.uws_res_on_data(HTTP, self._res, _callbacks(ffi).data, slot)

    def send(self, status: str, headers: Headers, body: bytes, *, close: bool = False) -> None:
        """Answer now; every write happens under one cork, so in one segment where it fits."""
        res = self._die()
        if res is None:
            return
        native = self._native
        lib = native.lib

        def write() -> None:
            state = status.encode()
            if self.last:
                headers.append(("Connection", "close"))
            lib.uws_res_write_status(HTTP, res, state, len(state))
            for name, value in headers:
                key, text = name.encode("latin-1"), value.encode("latin-1", "replace")
                lib.uws_res_write_header(HTTP, res, key, len(key), text, len(text))
            if body and not self.bodiless:
                lib.uws_res_end(HTTP, res, body, len(body), close)
            else:
                lib.uws_res_end_without_body(HTTP, res, close)

        _callbacks(native.ffi).corked(res, write, lib)

    def refuse(self, refusal: Refusal, headers: Headers, *, close: bool = False) -> None:
        """Answer with an error that clients can read."""
        extra = [("Retry-After", "1")] if refusal.status.startswith("503") else []
        self.send(refusal.status, [JSON_TYPE, *headers, *extra], refusal.body(), close=close)

    def fail(self) -> None:
        """The last resort: something in us went wrong before there was an answer."""
        self.send("500 Internal Server Error", [TEXT_TYPE], b"internal error", close=True)

    def cut(self) -> None:
        """Drop the TCP connection without an answer."""
        res = self._die()
        if res is not None:
            self._native.lib.uws_res_close(HTTP, res)

    def gone(self) -> None:
        """Upgraded: the pointer is no longer a response."""
        self._die()

    def _die(self) -> Any:
        res, self._res = self._res, None
        if self._slot is not None:
            Answer._waiting.pop(self._slot, None)
        return res

    def _chunk(self, chunk: bytes, is_end: bool) -> None:
        done = self._on_body
        if done is None:
            return
        self._body += chunk
        if len(self._body) > self._limit:
            self._on_body = None
            done(None)
        elif is_end:
            self._on_body = None
            done(bytes(self._body))

    def _abort(self) -> None:
        on_abort = self._on_abort
        if self._die() is not None and on_abort is not None:
            on_abort()


class _Callbacks:
    """The abort and the cork callback of the process: made once, so nothing can collect them.

    An abort carries a number instead of a handle, which could be collected too early.
    """

    def __init__(self, ffi: Any) -> None:
        self._ffi = ffi
        self._write: Callable[[], None] | None = None
        self.aborted = ffi.callback("void(uws_res_t *, void *)", self._on_aborted)
        self.data = ffi.callback("void(uws_res_t *, const char *, size_t, bool, void *)", self._on_data)
        self._cork = ffi.callback("void(uws_res_t *, void *)", self._on_cork)

    def corked(self, res: Any, write: Callable[[], None], lib: Any) -> None:
        """Run `write` under the cork of `res`, before this returns."""
        self._write = write
        lib.uws_res_cork(HTTP, res, self._cork, self._ffi.NULL)

    def _on_cork(self, _res: Any, _data: Any) -> None:
        write, self._write = self._write, None
        if write is not None:
            write()

    def _on_data(self, _res: Any, chunk: Any, length: int, is_end: bool, data: Any) -> None:
        answer = Answer._waiting.get(int(self._ffi.cast("uintptr_t", data)))
        if answer is None:
            return
        try:
            answer._chunk(self._ffi.unpack(chunk, length) if length else b"", is_end)
        except Exception:
            _logger.exception("engine: a body could not be handled")
            answer.fail()

    def _on_aborted(self, _res: Any, data: Any) -> None:
        answer = Answer._waiting.get(int(self._ffi.cast("uintptr_t", data)))
        try:
            if answer is not None:
                answer._abort()
        except Exception:
            _logger.exception("engine: an abort could not be handled")


@functools.cache
def _callbacks(ffi: Any) -> _Callbacks:
    return _Callbacks(ffi)


def compress(body: bytes, accepted: str, threshold: int) -> tuple[bytes, Headers]:
    """Compress a large answer when the client accepts it."""
    if len(body) < threshold:
        return body, []
    for encoding in (part.split(";")[0].strip() for part in accepted.split(",")):
        if encoding == "gzip":
            return gzip.compress(body, 6), [("Content-Encoding", "gzip")]
        if encoding == "deflate":
            return zlib.compress(body), [("Content-Encoding", "deflate")]
    return body, []
