"""A server in a process of its own, under faulthandler, and rude clients made of bytes."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import random
import re
import resource
import socket
import struct
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import websockets
from engine_support import Raw

from tests.support.processes import cpu_s

DEADLINE_S = 30.0
UPGRADE = (
    b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
    b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
    + base64.b64encode(b"0123456789abcdef")
    + b"\r\n\r\n"
)


def masked(data: bytes, opcode: int = 1, fin: int = 0x80) -> bytes:
    size = len(data)
    length = struct.pack("!B", 0x80 | size) if size < 126 else struct.pack("!BH", 0xFE, size)
    return bytes((fin | opcode,)) + length + b"\0\0\0\0" + data


@contextlib.contextmanager
def narrow(port: int) -> Iterator[socket.socket]:
    """A connected socket with a small receive buffer."""
    with socket.socket() as found:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        found.connect(("127.0.0.1", port))
        found.setblocking(False)
        yield found


async def join_narrow(found: socket.socket) -> None:
    """Handshake and CONNECT over such a socket, until the server has said hello."""
    loop = asyncio.get_running_loop()
    for sent, answer in ((UPGRADE, b"0{"), (masked(b"40"), b"hello")):
        await loop.sock_sendall(found, sent)
        data = b""
        while answer not in data:
            more = await loop.sock_recv(found, 4096)
            assert more, "closed"
            data += more


class Victim:
    """The server process; it must live, answer, and end well."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self.process = process
        self.port = port

    def cpu_s(self) -> float:
        """The processor time it has taken so far."""
        return cpu_s(self.process.pid)

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 22)

    async def websocket(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await self.connect()
        writer.write(UPGRADE)
        async with asyncio.timeout(DEADLINE_S):
            await reader.readuntil(b"\r\n\r\n")
        return reader, writer

    @contextlib.asynccontextmanager
    async def asking(self) -> AsyncIterator[Callable[[str], Awaitable[dict[str, int]]]]:
        """A connection of our own, over which the server tells how it is."""
        url = f"ws://127.0.0.1:{self.port}/socket.io/?EIO=4&transport=websocket"
        # Without a limit of its own the library goes on reading, so that it sees the answer to its close.
        opening = websockets.connect(url, compression=None, close_timeout=0.2, max_queue=None)
        async with asyncio.timeout(DEADLINE_S), opening as socket:
            raw = Raw(socket)
            await raw.receive()
            await raw.join()

            async def ask(kind: str) -> dict[str, int]:
                await raw.send(f'4277["{kind}"]')
                while True:
                    frame = await raw.receive(pings=True)
                    if frame == "2":
                        await raw.send("3")
                    elif isinstance(frame, str) and frame.startswith("4377"):
                        found: dict[str, int] = json.loads(frame[4:])[0]
                        return found

            yield ask

    async def figures(self, kind: str = "figures") -> dict[str, int]:
        """Proves that it lives: its counters, and all objects that are alive ("counters": without them)."""
        async with self.asking() as ask:
            return await ask(kind)

    async def until(
        self, condition: Callable[[dict[str, int]], bool], kind: str = "figures"
    ) -> dict[str, int]:
        """The first figures of which a condition holds."""
        async with self.asking() as ask:
            while not condition(found := await ask(kind)):  # noqa: ASYNC110 - it is asked each time
                await asyncio.sleep(0.05)
            return found

    async def quiet(self) -> dict[str, int]:
        """Figures once everybody else is gone."""
        await self.until(lambda found: found["connections"] == 1, "counters")
        return await self.until(lambda found: found["connections"] == found["Client"] == 1)


@pytest.fixture
async def victim(request: pytest.FixtureRequest) -> AsyncIterator[Victim]:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # a thousand clients, and the server's ends
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-X",
        "faulthandler",
        str(Path(__file__).parent / "torture_server.py"),
        json.dumps(getattr(request, "param", {})),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert process.stdout is not None
    port = int(await asyncio.wait_for(process.stdout.readline(), DEADLINE_S))
    errors = asyncio.create_task(_errors(process))
    yield Victim(process, port)
    assert process.stdin is not None
    process.stdin.close()
    code = await asyncio.wait_for(process.wait(), DEADLINE_S)
    text = await errors
    assert code == 0, text[-5000:]
    assert "Fatal Python error" not in text
    assert text.count("Traceback") == len(re.findall(r"^ZeroDivisionError$", text, re.MULTILINE)), text[
        -5000:
    ]


async def _errors(process: asyncio.subprocess.Process) -> str:
    assert process.stderr is not None
    return (await process.stderr.read()).decode()


def cut(writer: asyncio.StreamWriter) -> None:
    """Leave in one of the ways clients leave: RST, FIN, close frame, or half a frame."""
    way = random.randrange(4)
    found: Any = writer.get_extra_info("socket")
    if way == 0:
        with contextlib.suppress(OSError):  # the server was faster
            found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
    elif way == 1:
        writer.close()
    elif way == 2:
        writer.write(masked(struct.pack("!H", 1000), opcode=8))
        writer.close()
    else:
        writer.write(masked(b'42["now",1]')[:-3])
        writer.transport.abort()
