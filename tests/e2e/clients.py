"""Clients by the dozen: plain python-socketio, one answer at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import socketio

from tests.e2e.process import HubProcess

DEADLINE_S = 20.0


class Client:
    """One signed-in socket."""

    def __init__(self, user: str) -> None:
        self.user = user
        self.socket: Any = socketio.AsyncClient(reconnection=False)
        self.heard: list[tuple[str, Any]] = []
        self.refusal: Any = None
        self.socket.on("*", self._hear)
        self.socket.on("connect_error", self._refused)

    async def _refused(self, why: Any) -> None:
        self.refusal = why

    async def _hear(self, event: str, *payload: Any) -> None:
        self.heard.append((event, payload[0]))

    async def connect(self, hub: HubProcess, token: str) -> None:
        try:
            await self.socket.connect(
                hub.hub_url, auth={"token": token}, transports=["websocket"], wait_timeout=DEADLINE_S
            )
        except socketio.exceptions.ConnectionError as error:
            raise AssertionError(f"{self.user} was refused: {self.refusal}") from error

    async def call(self, event: str, **payload: Any) -> dict[str, Any]:
        answer: dict[str, Any] = await self.socket.call(event, payload, timeout=DEADLINE_S)
        return answer


@asynccontextmanager
async def connected(
    hub: HubProcess, role: str, users: Iterable[str], station: str | None = None
) -> AsyncIterator[list[Client]]:
    """Clients for these users, closed at the end; the hub may be gone by then."""
    clients = [Client(user) for user in users]
    tokens = hub.tokens(role, [client.user for client in clients], station)
    for start in range(0, len(clients), 25):  # not a storm: this is not what is tested
        some = list(zip(clients, tokens, strict=True))[start : start + 25]
        await asyncio.gather(*(client.connect(hub, token) for client, token in some))
    try:
        yield clients
    finally:
        await asyncio.gather(*(client.socket.disconnect() for client in clients), return_exceptions=True)


def codes(answers: Iterable[dict[str, Any]]) -> list[str]:
    """`ok` or the error code of each answer."""
    return ["ok" if answer["ok"] else answer["error"]["code"] for answer in answers]
