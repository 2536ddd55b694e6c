"""A client as a phone has it: when its hub is gone it goes to another, recovers, and asks again."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from typing import Any

import aiohttp
import socketio

from tests.e2e.process import HubProcess

DEADLINE_S = 30.0
ANSWER_S = 5.0
_numbers = itertools.count(1)


class Roaming:
    """Each command has one request id, whichever hub it is sent to and however often."""

    def __init__(self, user: str, token: str, hubs: Sequence[HubProcess], first: int) -> None:
        self.user = user
        self.heard: list[tuple[str, dict[str, Any]]] = []
        self.sessions: list[dict[str, Any]] = []
        self._auth: dict[str, Any] = {"token": token, "offsets": "payload"}
        self._hubs = hubs
        self._at = first
        self._socket: Any = None
        self._http: aiohttp.ClientSession | None = None  # ours to close, also where a hub was killed
        self._told = asyncio.Event()
        self._news = asyncio.Event()

    async def connect(self) -> None:
        """To the hub it was at, or to the next that takes it; until the hub has told its session."""
        if self._http is None:
            self._http = aiohttp.ClientSession()
        async with asyncio.timeout(DEADLINE_S):
            while True:
                self._told.clear()
                self._socket = socketio.AsyncClient(reconnection=False, http_session=self._http)
                self._socket.on("*", self._hear)
                self._socket.on("disconnect", lambda *_: self._news.set())
                url = self._hubs[self._at].hub_url
                try:
                    await self._socket.connect(url, auth=self._auth, transports=["websocket"], wait_timeout=5)
                    await asyncio.wait_for(self._told.wait(), ANSWER_S)
                    return
                except (socketio.exceptions.ConnectionError, TimeoutError):
                    self._at = (self._at + 1) % len(self._hubs)
                    await asyncio.sleep(0.05)

    async def _hear(self, event: str, payload: dict[str, Any], *_: Any) -> None:
        if event == "hub:session":
            self.sessions.append(payload)
            self._auth["pid"] = payload["pid"]
            self._told.set()
            return
        if "offset" in payload:
            self._auth["offset"] = payload["offset"]
        self.heard.append((event, payload))
        self._news.set()

    async def call(self, event: str, **payload: Any) -> dict[str, Any]:
        """The answer; asked for again, with the same request id, until there is one that is final."""
        asked = {"request_id": f"request-{next(_numbers):06}", **payload}
        async with asyncio.timeout(2 * DEADLINE_S):
            while True:
                try:
                    answer: dict[str, Any] = await self._socket.call(event, asked, timeout=ANSWER_S)
                except (socketio.exceptions.SocketIOError, TimeoutError):
                    if not self._socket.connected:
                        await self.connect()
                    continue
                if answer["ok"] or not answer["error"]["retryable"]:
                    return answer
                await asyncio.sleep(0.05)

    async def stay(self) -> None:
        """Be connected, for ever: come back whenever the connection is lost."""
        while True:
            self._news.clear()
            if not self._socket.connected:
                await self.connect()
            await self._news.wait()

    def ids(self, event: str) -> list[str]:
        """The ids of the events of a name, as they came."""
        return [payload["id"] for name, payload in self.heard if name == event]

    async def close(self) -> None:
        if self._socket is not None:
            await self._socket.disconnect()
        if self._http is not None:
            await self._http.close()
