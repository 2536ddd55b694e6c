"""A demo client: a real Socket.IO socket that reconnects, asks with request ids and never raises."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final
from uuid import uuid4

import socketio
from socketio.exceptions import SocketIOError

DEADLINE_S: Final = 15.0
TRIES: Final = 4

Token = Callable[[], str]


class DemoClient:
    """One person or device of the demo, signed in through the hub's real door."""

    def __init__(self, url: str, token: Token) -> None:
        self._url = url
        self._token = token
        self.socket: Any = socketio.AsyncClient(reconnection_delay=1, reconnection_delay_max=10)
        self._connected = asyncio.Event()
        self.socket.on("connect", self._on_connect)
        self.socket.on("disconnect", self._on_disconnect)

    async def _on_connect(self) -> None:
        self._connected.set()

    async def _on_disconnect(self, *_: Any) -> None:
        self._connected.clear()

    def on(self, event: str, handler: Callable[..., Any]) -> None:
        self.socket.on(event, handler)

    async def connect(self) -> None:
        """Connect, however long the hub takes to be there."""
        while not self._connected.is_set():
            try:
                # The token is made anew for every attempt, also when the client reconnects by itself.
                await self.socket.connect(self._url, auth=self._auth, transports=["websocket"], retry=True)
            except (SocketIOError, OSError):
                await asyncio.sleep(1)
            else:
                await self._connected.wait()

    def _auth(self) -> dict[str, str]:
        return {"token": self._token(), "offsets": "payload"}

    async def call(self, event: str, **payload: Any) -> dict[str, Any]:
        """Ask, again with the same request id while no answer comes; a code instead of an exception."""
        request = {**payload, "request_id": str(uuid4())}
        for _ in range(TRIES):
            await self._connected.wait()
            try:
                answer: dict[str, Any] = await self.socket.call(event, request, timeout=DEADLINE_S)
            except (SocketIOError, OSError):
                await asyncio.sleep(1)
                continue
            wait_s = (answer.get("error") or {}).get("retry_after")
            if wait_s is None:
                return answer
            await asyncio.sleep(wait_s)
        return {"ok": False, "error": {"code": "unavailable"}}

    async def tell(self, event: str, payload: dict[str, Any]) -> None:
        """Send without asking for an answer; lost while there is no connection."""
        if self._connected.is_set():
            try:
                await self.socket.emit(event, payload)
            except SocketIOError:
                return

    async def close(self) -> None:
        await self.socket.disconnect()
