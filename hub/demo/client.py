"""Clients of the demo: they come back, ask with request ids and never raise. One has a real socket."""

from __future__ import annotations

import asyncio
import random
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from typing import Any, Final
from uuid import uuid4

import socketio
from socketio.exceptions import SocketIOError

DEADLINE_S: Final = 15.0
TRIES: Final = 4
FIRST_PAUSE_S: Final = 0.5
LONGEST_PAUSE_S: Final = 10.0
LONGEST_RETRY_S: Final = 60.0

UNAVAILABLE: Final[dict[str, Any]] = {"ok": False, "error": {"code": "unavailable"}}
LOST: Final = (SocketIOError, OSError, ValueError)  # ValueError: the old socket is not closed yet

Token = Callable[[], str]
Heard = Callable[[dict[str, Any]], Awaitable[None]]


class Client(ABC):
    """One person or device of the demo."""

    @abstractmethod
    def on(self, event: str, heard: Heard) -> None:
        """Hear an event from now on; one listener each."""

    @abstractmethod
    async def keep_connected(self) -> None:
        """Be connected, again whenever the connection is lost, until cancelled."""

    async def call(self, event: str, **payload: Any) -> dict[str, Any]:
        """Ask, again with the same request id while no answer comes; a code instead of an exception."""
        request = {**payload, "request_id": self._request_id()}
        for _ in range(TRIES):
            answer = await self._asked(event, request)
            wait_s = _retry_after(answer)
            if answer is not None and wait_s is None:
                return answer
            await asyncio.sleep(min(wait_s or FIRST_PAUSE_S, LONGEST_RETRY_S))
        return UNAVAILABLE

    def _request_id(self) -> str:
        return str(uuid4())

    @abstractmethod
    async def _asked(self, event: str, request: dict[str, Any]) -> dict[str, Any] | None:
        """Wait for the connection and ask once; none when no answer comes."""

    @abstractmethod
    async def tell(self, event: str, payload: dict[str, Any]) -> None:
        """Send without asking for an answer; lost while there is no connection."""


class DemoClient(Client):
    """Signed in through the hub's real door, with a socket that comes back."""

    def __init__(self, url: str, token: Token) -> None:
        self._url = url
        self._token = token
        # Coming back is ours: the library stays away when the server says goodbye, as it does at `exp`.
        self._socket: Any = socketio.AsyncClient(reconnection=False, handle_sigint=False)
        self._connected = asyncio.Event()
        self._lost = asyncio.Event()
        self._socket.on("connect", self._on_connect)
        self._socket.on("disconnect", self._on_disconnect)

    async def _on_connect(self) -> None:
        self._lost.clear()
        self._connected.set()

    async def _on_disconnect(self, *_: Any) -> None:
        self._connected.clear()
        self._lost.set()

    def on(self, event: str, heard: Heard) -> None:
        self._socket.on(event, heard)

    async def keep_connected(self) -> None:
        """Connect, and again whenever the connection is lost, however long the hub takes; until cancelled."""
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                await self._socket.connect(
                    self._url, auth=self._auth, transports=["websocket"], wait_timeout=DEADLINE_S
                )
            except LOST:
                pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
            else:
                pause_s = FIRST_PAUSE_S
                await self._lost.wait()
            # Not all at once: a hub that has just started is busy enough.
            await asyncio.sleep(pause_s * random.uniform(0.5, 1.5))  # noqa: S311

    def _auth(self) -> dict[str, str]:
        return {"token": self._token(), "offsets": "payload"}

    async def _asked(self, event: str, request: dict[str, Any]) -> dict[str, Any] | None:
        await self._connected.wait()
        try:
            answer: dict[str, Any] = await self._socket.call(event, request, timeout=DEADLINE_S)
        except LOST:
            return None
        return answer

    async def tell(self, event: str, payload: dict[str, Any]) -> None:
        if self._connected.is_set():
            try:
                await self._socket.emit(event, payload)
            except LOST:
                return


def _retry_after(answer: dict[str, Any] | None) -> float | None:
    """When the hub says that the same call may succeed later."""
    error = (answer or {}).get("error") or {}
    return None if error.get("retry_after") is None else float(error["retry_after"])
