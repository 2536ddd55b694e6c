"""Somebody with a token: calls operations through either door, and hears events."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from io import BytesIO
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

import orjson
import socketio

from services.models import Station
from tests.support.answers import Answer

if TYPE_CHECKING:
    from tests.support.hub import RunningHub

Door = Literal["socket", "rest"]
DEADLINE_S = 10.0


class Person:
    """Made by `RunningHub`; connects when a socket is needed first."""

    def __init__(
        self, hub: RunningHub, id: str, token: str, prepare: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        self.hub = hub
        self.id = id
        self.token = token
        self.heard: list[tuple[str, Any]] = []
        self.socket: Any = None
        self._prepare = prepare
        self._news = asyncio.Event()

    async def ready(self) -> Person:
        """Their records are there."""
        prepare, self._prepare = self._prepare, None
        if prepare is not None:
            await prepare()
        return self

    async def connect(self, auth: Any = None, **options: Any) -> Person:
        """Their socket, if it is not there yet."""
        await self.ready()
        if self.socket is None:
            socket: Any = socketio.AsyncClient(reconnection=False)
            socket.on("*", self._hear)
            self.hub.sockets.append(socket)
            how = {"transports": ["websocket"], "wait_timeout": DEADLINE_S, **options}
            await socket.connect(self.hub.socket_url, auth=auth or {"token": self.token}, **how)
            self.socket = socket
        return self

    async def _hear(self, event: str, *payload: Any) -> None:
        self.heard.append((event, payload[0] if payload else None))
        self._news.set()

    def of(self, event: str) -> list[Any]:
        """The payloads heard so far of one event."""
        return [payload for name, payload in self.heard if name == event]

    async def until(self, event: str, count: int = 1) -> Any:
        """The payload of the `count`th such event, now or within the deadline."""
        async with asyncio.timeout(DEADLINE_S):
            while len(self.of(event)) < count:
                self._news.clear()
                await self._news.wait()
        return self.of(event)[count - 1]

    # -- calling

    async def call(self, event: str, payload: Any = None, **fields: Any) -> Answer:
        """Through the Socket.IO door."""
        await self.connect()
        arguments = {**(payload or {}), **fields} if payload is None or isinstance(payload, dict) else payload
        return Answer.of_ack(await self.socket.call(event, arguments, timeout=DEADLINE_S))

    async def rest(
        self,
        method: str,
        path: str,
        json: Any = None,
        *,
        params: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Through the REST door."""
        await self.ready()
        sent = {"Authorization": f"Bearer {self.token}", **(headers or {})}
        body = json if isinstance(json, bytes) else orjson.dumps(json) if json is not None else None
        url = self.hub.rest_url + path
        data = BytesIO(body) if body is not None else None
        async with self.hub.http.request(method, url, data=data, params=params, headers=sent) as answer:
            raw = await answer.read()
            kind = answer.headers.get("Content-Type", "")
            return Answer.of_rest(
                answer.status, dict(answer.headers), orjson.loads(raw) if "json" in kind else raw
            )

    async def ask(self, door: Door, event: str, payload: dict[str, Any] | None = None) -> Answer:
        """The same operation through the door of choice."""
        if door == "socket":
            return await self.call(event, payload)
        operation = self.hub.hub.registry.get(event)
        assert operation
        assert operation.rest
        fields = dict(payload or {})
        method, template = operation.rest
        path = re.sub(r"{(\w+)}", lambda field: quote(str(fields.pop(field[1])), safe=""), template)
        key = fields.pop("request_id", None)
        headers = {"Idempotency-Key": key} if key is not None else None
        if method == "GET":
            return await self.rest(method, path, params=_query(fields), headers=headers)
        return await self.rest(method, path, fields, headers=headers)

    # -- what riders and staff do all day

    async def confirm(self, station: Station, **fields: Any) -> Answer:
        return await self.call("queue:confirm", station_id=station.id, **fields)

    async def verify(self, token: str, **fields: Any) -> Answer:
        return await self.call("qr:verify", token=token, **fields)


def _query(fields: dict[str, Any]) -> dict[str, str]:
    return {
        key: str(value).lower() if isinstance(value, bool) else str(value) for key, value in fields.items()
    }
