"""The event log's reader for rooms: what was committed is emitted, in order, at least once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol

import orjson

from hub.metrics import Metrics
from services.ports import Log, LogRecord

READER: Final = "rooms"
BATCH: Final = 500
WAIT_S: Final = 5.0
KEEP_EVERY_S: Final = 1.0  # after a crash, at most the events of so long are emitted again

Listener = Callable[[LogRecord, dict[str, Any]], None]


class Emitter(Protocol):
    """What fan-out needs of the engine."""

    async def emit(self, event: str, data: Any, *, room: Any) -> None: ...


class Fanout:
    """Emits each fact to its rooms, and shows it to the listeners of this process."""

    def __init__(self, log: Log, emitter: Emitter, metrics: Metrics, *, time: Callable[[], float]) -> None:
        self._log = log
        self._emitter = emitter
        self._metrics = metrics
        self._time = time
        self._listeners: list[Listener] = []
        self._kept = 0
        self.position = 0

    def listen(self, listener: Listener) -> None:
        self._listeners.append(listener)

    async def start(self) -> None:
        """Take up the kept place; a first reader begins at the end of the log."""
        kept = await self._log.position(READER)
        self.position = self._kept = await self._log.last() if kept is None else kept

    async def run(self) -> None:
        """Emit what comes; for ever."""
        kept_at = self._time()
        while True:
            for record in await self._log.read(after=self.position, limit=BATCH):
                await self._emit(record)
                self.position = record.seq
            if self._time() - kept_at >= KEEP_EVERY_S:
                await self.keep()
                kept_at = self._time()
            await self._log.wait(after=self.position, timeout_s=WAIT_S)

    async def _emit(self, record: LogRecord) -> None:
        payload = orjson.loads(record.payload)
        for listener in self._listeners:
            listener(record, payload)
        if record.name and record.rooms:
            self._metrics.emitted(record.name)
            await self._emitter.emit(record.name, payload, room=list(record.rooms))

    async def keep(self) -> None:
        """Store the place, if it has moved."""
        if self.position != self._kept:
            await self._log.keep_position(READER, self.position)
            self._kept = self.position
