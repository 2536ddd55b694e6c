"""A Socket.IO client that costs little: frames are read from the bytes, nothing else is kept.

Enough of RFC 6455 and Socket.IO 5 to load a hub from the same two cores: text frames, acks, pings.
"""

from __future__ import annotations

import asyncio
import os
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import orjson

MASK = b"\0\0\0\0"  # a mask that changes nothing is as valid as any other


class RawClient(asyncio.Protocol):
    """One socket. `call` answers an operation's acknowledgement; `heard` counts events."""

    def __init__(self, token: str, on_event: Callable[[bytes], None] | None = None) -> None:
        self.token = token
        self.heard = 0
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._on_event = on_event
        self._transport: Any = None
        self._buffer = b""
        self._open = False
        self._acks: dict[int, asyncio.Future[Any]] = {}
        self._next = 0

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        key = b64encode(os.urandom(16)).decode()
        transport.write(
            "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
        )

    def connection_lost(self, exc: Exception | None) -> None:
        gone = exc or ConnectionError("closed by the hub")
        for waiter in (self.ready, *self._acks.values()):
            if not waiter.done():
                waiter.set_exception(gone)
                waiter.exception()

    def data_received(self, data: bytes) -> None:
        self._buffer = buffer = self._buffer + data if self._buffer else data
        at = 0
        if not self._open:
            end = buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            self._open, at = True, end + 4
        size = len(buffer)
        while size - at >= 2:
            length, start = buffer[at + 1], at + 2
            if length == 126:
                length, start = int.from_bytes(buffer[start : start + 2]), start + 2
            elif length == 127:
                length, start = int.from_bytes(buffer[start : start + 8]), start + 8
            if start + length > size:
                break
            self._frame(buffer, start, start + length)
            at = start + length
        self._buffer = buffer[at:]

    def _frame(self, buffer: bytes, start: int, end: int) -> None:
        kind = buffer[start : start + 2]
        if kind == b"42":
            self.heard += 1
            if self._on_event:
                self._on_event(buffer[start:end])
        elif kind == b"43":
            self._ack(buffer[start + 2 : end])
        elif kind[:1] == b"2":
            self.send(b"3")
        elif kind[:1] == b"0":
            self.send(b"40" + orjson.dumps({"token": self.token}))
        elif kind == b"40" and not self.ready.done():
            self.ready.set_result(None)
        elif kind == b"44":
            self.ready.set_exception(ConnectionError(buffer[start:end].decode()))

    def _ack(self, raw: bytes) -> None:
        bracket = raw.index(b"[")
        waiter = self._acks.pop(int(raw[:bracket]))
        if not waiter.done():
            waiter.set_result(orjson.loads(raw[bracket:])[0])

    def send(self, payload: bytes) -> None:
        size = len(payload)
        head = bytes((0x81, 0x80 | size)) if size < 126 else b"\x81\xfe" + size.to_bytes(2)
        self._transport.write(head + MASK + payload)

    def call(self, event: str, payload: dict[str, Any]) -> asyncio.Future[Any]:
        """Send an operation; the future is its `{ok, ...}`."""
        self._next += 1
        waiter = self._acks[self._next] = asyncio.get_running_loop().create_future()
        self.send(b"42%d" % self._next + orjson.dumps([event, payload]))
        return waiter

    def close(self) -> None:
        self._transport.close()


async def connect(port: int, tokens: list[str], **options: Any) -> list[RawClient]:
    """All connected and signed in, a few at a time."""
    loop = asyncio.get_running_loop()
    clients: list[RawClient] = []
    for start in range(0, len(tokens), 100):
        some = [
            (await loop.create_connection(lambda t=token: RawClient(t, **options), "127.0.0.1", port))[1]
            for token in tokens[start : start + 100]
        ]
        await asyncio.gather(*(client.ready for client in some))
        clients += some
    return clients
