"""A Socket.IO client that sends the bytes it is told to."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import orjson

from tests.support.hub import RunningHub


class RawSocket:
    """One WebSocket, signed in; texts are Engine.IO packets."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        self.ws = ws

    async def until(self, prefix: str) -> Any:
        """The JSON of the next packet that begins so. Raises when the connection ends first."""
        while True:
            text = await self.ws.receive_str(timeout=10)
            if text == "2":
                await self.ws.send_str("3")
            if text.startswith(prefix):
                return orjson.loads(text[len(prefix) :])

    async def call(self, packet: str) -> Any:
        """Send the inside of an event packet with id 7; its acknowledgement's arguments."""
        await self.ws.send_str(f"427{packet}")
        return await self.until("437")


@asynccontextmanager
async def raw_socket(hub: RunningHub, token: str) -> AsyncIterator[RawSocket]:
    url = f"{hub.socket_url}/socket.io/?EIO=4&transport=websocket"
    async with hub.http.ws_connect(url) as ws:
        socket = RawSocket(ws)
        await ws.send_str("40" + orjson.dumps({"token": token}).decode())
        await socket.until("40")
        yield socket
