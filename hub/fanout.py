"""What was committed goes to its rooms: the log's reader for sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

import orjson

from hub.metrics import Metrics
from services.ports import LogRecord

READER: Final = "rooms"

Listener = Callable[[LogRecord, dict[str, Any]], None]


class Emitter(Protocol):
    """What fan-out needs of the engine."""

    async def emit(
        self, event: str, data: Any, *, room: Any, once: tuple[str, int, int] | None = None
    ) -> None: ...


class Fanout:
    """Emits each fact to its rooms, and shows it to the listeners of this process."""

    def __init__(self, emitter: Emitter, metrics: Metrics, *, at_once: bool = False) -> None:
        """`at_once`: an emit waits for others to take it, so those of one delivery wait together."""
        self._emitter = emitter
        self._at_once = at_once
        self._metrics = metrics
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        self._listeners.append(listener)

    async def deliver(self, records: Sequence[LogRecord]) -> None:
        """Emit records in their order. After a crash some come again: events carry ids."""
        emits, before = [], 0
        for record in records:
            payload = orjson.loads(record.payload)
            for listener in self._listeners:
                listener(record, payload)
            if record.name and record.rooms:
                self._metrics.emitted(record.name)
                once = (READER, record.seq, before)
                emit = self._emitter.emit(record.name, payload, room=list(record.rooms), once=once)
                before = record.seq
                if self._at_once:
                    emits.append(emit)
                else:
                    await emit
        await asyncio.gather(*emits)
