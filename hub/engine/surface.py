"""What `server.eio` offers under python-engineio's names."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable
from typing import Any

import engineio
import orjson

from hub.engine.connection import Connection
from hub.engine.packets import Frames

_logger = logging.getLogger("hub.engine")
_MESSAGE = 4
_background: set[asyncio.Task[Any]] = set()  # the application's own; a loop knows its tasks only weakly


class Surface:
    """python-engineio's methods; the engine behind them is the subclass."""

    reason = engineio.AsyncServer.reason
    async_mode = "uws"
    sockets: dict[str, Connection]

    def stop(self) -> None:
        """End what runs by the clock."""
        raise NotImplementedError

    async def send(self, sid: str, data: Any) -> None:
        """Send one message to one client; unknown ids are logged, as python-engineio does."""
        self.send_now(sid, data)

    def send_now(self, sid: str, data: Any) -> None:
        """The same without a wait: str as text, bytes as binary, anything else as JSON."""
        if isinstance(data, bytes | bytearray | memoryview):
            frames: Frames = (b"", bytes(data))
        else:
            text = data.encode() if isinstance(data, str) else orjson.dumps(data)
            frames = (b"4" + text,)
        connection = self.sockets.get(sid)
        if connection is None:
            _logger.debug("cannot send to sid %s", sid)
        else:
            connection.send(frames)

    async def send_packet(self, sid: str, packet: Any) -> None:
        """Send an engineio.packet.Packet; client managers of others use it."""
        connection = self.sockets.get(sid)
        if connection is not None and packet.packet_type == _MESSAGE:
            self.send_now(sid, packet.data)

    def transport(self, sid: str) -> str:
        """`polling` or `websocket`."""
        return self._socket(sid).transport

    async def get_session(self, sid: str) -> dict[str, Any]:
        """The user session of a connection; a change to it is kept."""
        connection = self._socket(sid)
        if connection.user_session is None:
            connection.user_session = {}
        return connection.user_session

    async def save_session(self, sid: str, session: dict[str, Any]) -> None:
        """Replace the user session of a connection."""
        self._socket(sid).user_session = session

    def session(self, sid: str) -> Any:
        """The user session as a context manager, saved at its end."""
        return engineio.AsyncServer.session(self, sid)

    def _socket(self, sid: str) -> Connection:
        connection = self.sockets.get(sid)
        if connection is None:
            raise KeyError("Session not found")
        return connection

    async def disconnect(self, sid: str | None = None) -> None:
        """Close one connection, or all."""
        for connection in [self.sockets.get(sid)] if sid is not None else list(self.sockets.values()):
            if connection is not None:
                connection.close(self.reason.SERVER_DISCONNECT)

    async def shutdown(self) -> None:
        """Stop background activity."""
        self.stop()

    def generate_id(self) -> str:
        """An unguessable id of 20 characters."""
        return secrets.token_urlsafe(15)

    def start_background_task(
        self, target: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> asyncio.Task[Any]:
        """Run `target(*args, **kwargs)`, a coroutine function, as a task."""
        task: asyncio.Task[Any] = asyncio.ensure_future(target(*args, **kwargs))
        _background.add(task)
        task.add_done_callback(_background.discard)
        return task

    async def sleep(self, seconds: float = 0) -> None:
        """asyncio.sleep, under python-engineio's name."""
        await asyncio.sleep(seconds)

    def create_queue(self, *args: Any, **kwargs: Any) -> asyncio.Queue[Any]:
        """An asyncio queue."""
        return asyncio.Queue(*args, **kwargs)

    def get_queue_empty_exception(self) -> type[Exception]:
        """What an empty queue raises."""
        return asyncio.QueueEmpty

    def create_event(self, *args: Any, **kwargs: Any) -> asyncio.Event:
        """An asyncio event."""
        return asyncio.Event(*args, **kwargs)
