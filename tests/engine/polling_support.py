"""A polling session spoken by hand."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import websockets
from engine_support import DEADLINE_S, Raw, Running, Serve, eventually


class Http:
    """A polling session spoken by hand."""

    def __init__(self, hub: Running, session: aiohttp.ClientSession) -> None:
        self.hub = hub
        self.http = session
        self.sid = ""

    @property
    def next(self) -> Running:
        """The server that gets the next request."""
        return self.hub

    async def request(self, method: str, query: str, **options: Any) -> tuple[int, str, Any]:
        url = f"{self.next.url}/socket.io/?{query}"
        async with asyncio.timeout(DEADLINE_S), self.http.request(method, url, **options) as response:
            return response.status, (await response.read()).decode(), response.headers

    async def open(self, **options: Any) -> Any:
        status, body, headers = await self.request("GET", "EIO=4&transport=polling", **options)
        assert status == 200, body
        self.sid = json.loads(body[1:])["sid"]
        return headers

    async def poll(self, **options: Any) -> tuple[int, str]:
        status, body, _ = await self.request("GET", f"EIO=4&transport=polling&sid={self.sid}", **options)
        return status, body

    async def post(self, data: Any, **options: Any) -> tuple[int, str]:
        query = f"EIO=4&transport=polling&sid={self.sid}"
        status, body, _ = await self.request("POST", query, data=data, **options)
        return status, body

    async def websocket(self) -> Raw:
        """A WebSocket of this session that has said nothing yet."""
        url = f"ws://127.0.0.1:{self.next.port}/socket.io/?EIO=4&transport=websocket&sid={self.sid}"
        opening = websockets.connect(url, compression=None, close_timeout=1, ping_interval=None)
        return Raw(await self.hub._stack.enter_async_context(opening))

    async def upgrade(self) -> Raw:
        """The same, with its probe answered."""
        raw = await self.websocket()
        await raw.send("2probe")
        assert await raw.receive() == "3probe"
        return raw

    async def held(self) -> asyncio.Task[tuple[int, str]]:
        """A poll that the server holds."""
        poll = asyncio.create_task(self.poll())
        poller = self.hub.server.eio.sockets[self.sid].poller
        await eventually(lambda: poller.polled)
        return poll


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as found:
        yield found


@pytest.fixture
async def http(serve: Serve, session: aiohttp.ClientSession) -> Http:
    """An open session with a server that echoes."""
    hub = await serve(cors_allowed_origins="*")
    hub.server.on("echo", lambda sid, *args: args)
    found = Http(hub, session)
    await found.open()
    return found
