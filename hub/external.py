"""What other processes emit with python-socketio's `AsyncRedisManager(write_only=True)` arrives here."""

from __future__ import annotations

import asyncio
from base64 import b64decode
from collections.abc import Callable
from typing import Any, Final, Protocol

import orjson
from socketio.packet import Packet

from hub.leases import Lease
from hub.logs import logger

CHANNEL: Final = "socketio"  # python-socketio's default
MOST_WAITING: Final = 10_000  # messages; what comes on top is lost, as on the channel itself

_log = logger("hub.external")


class Emitter(Protocol):
    """What is needed of the engine."""

    async def emit(self, event: str, data: Any, *, namespace: str, room: Any, skip_sid: Any) -> None: ...


class Channel(Protocol):
    """What is needed of the bus."""

    async def listen_raw(self, channel: str, hear: Callable[[bytes], None]) -> None: ...
    def deafen_raw(self, channel: str) -> None: ...


class External:
    """One node listens for all, and emits what it hears on every node, with an offset as any event.

    The channel keeps nothing: what is said while nobody listens is lost. Emits alone count; what
    else python-socketio's managers say to each other is not for us.
    """

    def __init__(self, bus: Channel, emitter: Emitter) -> None:
        self._bus = bus
        self._emitter = emitter

    async def run(self, _lease: Lease) -> None:
        """While this is the node that listens."""
        heard: asyncio.Queue[bytes] = asyncio.Queue(MOST_WAITING)

        def hear(message: bytes) -> None:
            if not heard.full():
                heard.put_nowait(message)

        await self._bus.listen_raw(CHANNEL, hear)
        try:
            while True:
                await self._take(await heard.get())
        finally:
            self._bus.deafen_raw(CHANNEL)

    async def _take(self, message: bytes) -> None:
        try:
            said = orjson.loads(message)
            if said["method"] == "emit":
                await self._emitter.emit(
                    said["event"],
                    _data(said),
                    namespace=said.get("namespace") or "/",
                    room=said.get("room"),
                    skip_sid=said.get("skip_sid"),
                )
        except (ValueError, TypeError, KeyError, ConnectionError):
            _log.warning("an emit from outside was not understood, or could not be passed on", exc_info=True)


def _data(said: dict[str, Any]) -> Any:
    """The event's arguments; binary ones travel as base64 beside their placeholders."""
    data = said["data"]
    if said.get("binary"):
        body, *attachments = data
        data = Packet.reconstruct_binary(body, [b64decode(each) for each in attachments])
    return data[0] if len(data) == 1 else tuple(data)
