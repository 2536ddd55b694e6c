"""A running server per test, clients that wait with a deadline, raw sockets."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import socketio
import websockets

from hub.engine import Server

DEADLINE_S = 5.0


class Raw:
    """A websocket that speaks Engine.IO by hand."""

    def __init__(self, socket: Any) -> None:
        self.socket = socket
        self.open: dict[str, Any] = {}
        self.connected: dict[str, Any] = {}

    async def receive(self, *, pings: bool = False) -> Any:
        """The next frame; pings are skipped unless asked for."""
        while True:
            frame = await asyncio.wait_for(self.socket.recv(), DEADLINE_S)
            if pings or frame != "2":
                return frame

    async def send(self, *frames: str | bytes) -> None:
        for frame in frames:
            await self.socket.send(frame)

    async def join(self, namespace: str = "/", auth: Any = None) -> dict[str, Any]:
        """CONNECT to a namespace and return the answer's payload."""
        where = "" if namespace == "/" else f"{namespace},"
        await self.send(f"40{where}" + ("" if auth is None else json.dumps(auth)))
        answer = await self.receive()
        assert answer.startswith(f"40{where}"), answer
        self.connected = json.loads(answer.removeprefix(f"40{where}"))
        return self.connected

    async def event(self) -> list[Any]:
        """The next event's arguments."""
        frame = await self.receive()
        assert frame.startswith("42"), frame
        found: list[Any] = json.loads(frame[frame.index("[") :])
        return found

    async def closed(self, within_s: float = DEADLINE_S) -> int:
        """Wait until the server closes; answers the code."""

        async def drain() -> None:
            while True:
                await self.socket.recv()

        with contextlib.suppress(websockets.ConnectionClosed):
            await asyncio.wait_for(drain(), within_s)
        return int(self.socket.close_code)

    async def silent(self, for_s: float = 0.1) -> bool:
        """Whether nothing but pings comes for a while: proves an absence, so it has to wait."""
        with contextlib.suppress(asyncio.TimeoutError):
            while True:
                if await asyncio.wait_for(self.socket.recv(), for_s) != "2":
                    return False
        return True


class Running:
    """A server and the clients a test has opened against it."""

    def __init__(self, server: Any, port: int, stack: contextlib.AsyncExitStack) -> None:
        self.server = server
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self._stack = stack

    async def raw(self, **options: Any) -> Raw:
        """Open a websocket and read the handshake."""
        path = options.pop("path", "/socket.io/")
        query = options.pop("query", "EIO=4&transport=websocket")
        url = f"ws://127.0.0.1:{self.port}{path}?{query}"
        socket = await self._stack.enter_async_context(
            websockets.connect(url, compression=None, close_timeout=0.2, ping_interval=None, **options)
        )
        raw = Raw(socket)
        raw.open = json.loads((await raw.receive())[1:])
        return raw

    async def joined(self, namespace: str = "/", auth: Any = None) -> Raw:
        """Open a websocket and join a namespace."""
        raw = await self.raw()
        await raw.join(namespace, auth)
        return raw

    async def client(self, transports: tuple[str, ...] = ("websocket",), **options: Any) -> Any:
        """A connected python-socketio client."""
        client = socketio.AsyncClient(reconnection=False, serializer=options.pop("serializer", "default"))
        prepare = options.pop("prepare", None)
        if prepare is not None:
            prepare(client)
        await client.connect(self.url, transports=list(transports), wait_timeout=DEADLINE_S, **options)
        self._stack.push_async_callback(client.disconnect)
        return client


Serve = Callable[..., Awaitable[Running]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Start servers: `hub = await serve(ping_interval=1)`."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(server: Any = None, *, prepare: Any = None, **options: Any) -> Running:
            server = Server(**options) if server is None else server
            if prepare is not None:
                prepare(server)
            port = await server.listen("127.0.0.1", 0)
            stack.push_async_callback(server.close)
            return Running(server, port, stack)

        yield start


async def eventually(condition: Callable[[], bool], within_s: float = DEADLINE_S) -> None:
    """Wait until a condition of the server's own state holds; fails at the deadline."""
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110 - the state has no event of its own
            await asyncio.sleep(0.002)
