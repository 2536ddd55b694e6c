"""Other processes on our port: what the kernel gave us of their sessions is passed on to them.

A polling client's requests, and the WebSocket it upgrades to, may land on any of the processes.
The session's id says whose it is; each process has a private address where the others reach it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import aiohttp

from hub.engine.cors import Headers
from hub.engine.http import Answer
from hub.engine.native import BINARY, HTTP, TEXT
from hub.engine.protocol import Refusal
from hub.engine.request import Request

if TYPE_CHECKING:
    from hub.engine.eio import Engine

UNREACHABLE: Final = Refusal("503 Service Unavailable", 3, "The session's process does not answer")
_MARK: Final = "~"
_UP: Final = ("accept-encoding", "content-type", "cookie", "origin", "user-agent")
_DOWN: Final = frozenset(("content-type", "content-encoding", "cache-control", "set-cookie", "vary"))
_CONNECT_S: Final = 2.0
_OPEN_S: Final = 5.0  # until a WebSocket to the session's process is open
_MOST_WAITING: Final = 1000  # messages of one client on their way to its process
_logger = logging.getLogger("hub.engine")


class Neighbours:
    """Who they are: a short name of each process, ours included, and its private `http://` address."""

    def __init__(self, mine: str, addresses: Mapping[str, str]) -> None:
        self._mine = mine
        self._others = {name: url for name, url in addresses.items() if name != mine}
        self._session: aiohttp.ClientSession | None = None

    def sid(self, random: str) -> str:
        """A session's id that says whose it is."""
        return f"{self._mine}{_MARK}{random}"

    def of(self, sid: str) -> str | None:
        """Where a session's process is reached; None when it is ours, or nobody's."""
        name, mark, _ = sid.partition(_MARK)
        return self._others.get(name) if mark else None

    @property
    def http(self) -> aiohttp.ClientSession:
        """One pool of connections to all of them; no limit, for each held poll takes one."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_S),
                auto_decompress=False,
            )
        return self._session

    async def close(self) -> None:
        """Let go of the pool."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()


def pass_on(engine: Engine, neighbours: Neighbours, url: str, request: Request, answer: Answer) -> None:
    """Have the session's process answer a poll or a POST."""
    tasks: list[asyncio.Task[None]] = []

    def abort() -> None:
        for task in tasks:
            task.cancel()

    answer.hold(abort)

    def forward(body: bytes | None) -> None:
        tasks.append(engine.spawn(_forward(engine, neighbours, url, request, answer, body)))

    if request.method == "POST":
        answer.read_body(engine.options.max_http_buffer_size, forward)
    else:
        forward(b"")


async def _forward(
    engine: Engine, neighbours: Neighbours, url: str, request: Request, answer: Answer, body: bytes | None
) -> None:
    """A body that was too large is none of theirs to judge: they are told its size alone.

    A poll is answered with a ping at the latest; a process that does not even do that is gone.
    """
    if body is None:
        body = bytes(engine.options.max_http_buffer_size + 1)
    longest_s = engine.options.interval_s + engine.options.ping_timeout
    try:
        async with (
            asyncio.timeout(longest_s),
            neighbours.http.request(
                request.method, url + request.url, headers=_headers(request), data=body or None
            ) as response,
        ):
            headers: Headers = [pair for pair in response.headers.items() if _passes(pair[0])]
            content = await response.read()
            status = f"{response.status} {response.reason}"
        answer.send(status, headers, content, close=response.status == 413)
    except (aiohttp.ClientError, OSError, TimeoutError):
        answer.refuse(UNREACHABLE, engine.cors_headers(request))


def _headers(request: Request) -> dict[str, str]:
    return {name: value for name in _UP if (value := request.header(name)) is not None}


def _passes(name: str) -> bool:
    name = name.lower()
    return name in _DOWN or name.startswith("access-control-")


class Relay:
    """A WebSocket here, and one to the session's process; each message goes on as it is.

    Whoever reads slowly slows the other end down, so that the process sees a slow client as slow.
    """

    def __init__(self, engine: Engine, neighbours: Neighbours, url: str, request: Request) -> None:
        self._engine = engine
        self._neighbours = neighbours
        self._url = "ws" + url.removeprefix("http") + request.url
        self._request = request
        self._ws: Any = None
        self._waiting_bytes = 0
        self._up: asyncio.Queue[tuple[bytes, int]] = asyncio.Queue(_MOST_WAITING)
        self._drained = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def opened(self, ws: Any) -> None:
        """The client's WebSocket is open."""
        self._ws = ws
        self._task = self._engine.spawn(self._run())

    def message(self, raw: bytes, opcode: int) -> None:
        """The client has sent something."""
        self._waiting_bytes += len(raw)
        if self._up.full() or self._waiting_bytes > self._engine.options.max_inbox_bytes:
            self._end(1008, b"too many messages")
        else:
            self._up.put_nowait((raw, opcode))

    def drain(self) -> None:
        """The client has read."""
        self._drained.set()

    def closed(self) -> None:
        """The client has gone."""
        self._ws = None
        if self._task is not None:
            self._task.cancel()

    def _end(self, code: int, reason: bytes) -> None:
        ws, self._ws = self._ws, None
        if ws is not None:
            self._engine.end_socket(ws, code, reason[:123])
        if self._task is not None and self._task is not asyncio.current_task():
            self._task.cancel()

    async def _run(self) -> None:
        code, reason = 1013, b"the session's process does not answer"
        with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError):
            async with asyncio.timeout(_OPEN_S):
                other = await self._neighbours.http.ws_connect(
                    self._url, headers=_headers(self._request), max_msg_size=0, compress=0, autoping=False
                )
            async with other:
                sending = asyncio.create_task(self._send(other))
                try:
                    await self._receive(other)
                finally:
                    sending.cancel()
                code, reason = other.close_code or 1006, b""
        self._end(1011 if code == 1006 else code, reason)

    async def _send(self, other: aiohttp.ClientWebSocketResponse) -> None:
        with contextlib.suppress(aiohttp.ClientError, OSError):
            while True:
                raw, opcode = await self._up.get()
                self._waiting_bytes -= len(raw)
                if opcode == TEXT:
                    await other.send_str(raw.decode())
                else:
                    await other.send_bytes(raw)

    async def _receive(self, other: aiohttp.ClientWebSocketResponse) -> None:
        async for message in other:
            if message.type is aiohttp.WSMsgType.TEXT:
                await self._give(message.data.encode(), TEXT)
            elif message.type is aiohttp.WSMsgType.BINARY:
                await self._give(message.data, BINARY)

    async def _give(self, frame: bytes, opcode: int) -> None:
        engine = self._engine
        if self._ws is None:
            return
        engine.lib.uws_ws_send(HTTP, self._ws, frame, len(frame), opcode)
        engine.native_loop.kick()
        while self._ws is not None and self._buffered() > engine.options.soft_backpressure_bytes:
            self._drained.clear()
            await self._drained.wait()

    def _buffered(self) -> int:
        return int(self._engine.lib.uws_ws_get_buffered_amount(HTTP, self._ws))
