"""A client that reads slowly."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import socket
import struct
from collections.abc import AsyncIterator
from typing import Any

import pytest
from engine_support import DEADLINE_S, Running


class Slow:
    """A client that reads when told to, with a small receive buffer."""

    def __init__(self) -> None:
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.setblocking(False)
        self._data = b""
        self.sid = ""
        self.code = 0

    async def join(self, port: int) -> None:
        loop = asyncio.get_running_loop()
        await loop.sock_connect(self.socket, ("127.0.0.1", port))
        key = base64.b64encode(os.urandom(16)).decode()
        await loop.sock_sendall(
            self.socket,
            b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            + f"Sec-WebSocket-Key: {key}\r\n\r\n".encode(),
        )
        while b"\r\n\r\n" not in self._data:
            await self._more()
        self._data = self._data.partition(b"\r\n\r\n")[2]
        await self.frame()
        await self.send("40")
        self.sid = json.loads((await self.frame())[2:])["sid"]

    async def send(self, text: str) -> None:
        data = text.encode()
        head = struct.pack("!BB", 0x81, 0x80 | len(data)) + b"\0\0\0\0"
        await asyncio.get_running_loop().sock_sendall(self.socket, head + data)

    async def _more(self) -> None:
        async with asyncio.timeout(DEADLINE_S):
            data = await asyncio.get_running_loop().sock_recv(self.socket, 65536)
        if not data:
            raise ConnectionError
        self._data += data

    async def _exactly(self, count: int) -> bytes:
        while len(self._data) < count:
            await self._more()
        taken, self._data = self._data[:count], self._data[count:]
        return taken

    async def frame(self) -> str:
        first, size = await self._exactly(2)
        if size == 126:
            (size,) = struct.unpack("!H", await self._exactly(2))
        elif size == 127:
            (size,) = struct.unpack("!Q", await self._exactly(8))
        body = await self._exactly(size)
        if first == 0x88:
            (self.code,) = struct.unpack("!H", body[:2])
            raise ConnectionError
        return body.decode()

    async def events(self, until: str) -> list[Any]:
        """Events up to the one named `until`, each as [name, value]; acks as ["ack", value]."""
        found = []
        while True:
            frame = await self.frame()
            if frame == "2":
                continue
            name, value = ("ack", frame) if frame.startswith("43") else json.loads(frame[2:])[:2]
            if name == until:
                return found
            found.append([name, value])


@pytest.fixture
async def slow() -> AsyncIterator[Slow]:
    client = Slow()
    yield client
    client.socket.close()


async def stall(hub: Running, client: Slow) -> Any:
    """Publish until the server has noticed that the client does not read."""
    await client.join(hub.port)
    connection = hub.server.manager.client(client.sid, "/").connection
    number = 0
    while connection.lanes is None:
        await hub.server.emit("fill", "x" * 2000)
        number += 1
        await asyncio.sleep(0.001)
        assert number < 1000
    return connection


def fill(events: list[Any]) -> list[Any]:
    return [event for event in events if event[0] != "fill"]
