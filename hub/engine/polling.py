"""HTTP long-polling: one held GET carries what is sent, POSTs carry what is received."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hub.engine.packets import Frames

if TYPE_CHECKING:
    from hub.engine.eio import Engine


class Poller:
    def send(self, frames: Frames, *, droppable: bool = False) -> None: ...
    def end(self) -> list[tuple[bytes, bool]]:
        return []

    def close(self) -> None: ...
    def release(self) -> None: ...


class Polling:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def register(self, app: Any, pattern: bytes) -> None: ...
