"""Where uWebSockets cannot run: python-socketio's own server on aiohttp, with our surface."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterable
from typing import Any, Final, Literal

import socketio
from aiohttp import web

from hub.engine import protocol
from hub.engine.admission import ConnectRate
from hub.engine.listener import addresses
from hub.engine.native import EngineUnavailable, load
from hub.engine.options import Options
from hub.engine.outgoing import Each
from hub.engine.proxies import Proxies
from hub.engine.serializers import packet_class
from hub.engine.server import Server, SessionHandler
from hub.engine.stats import Stats

EngineName = Literal["auto", "uws", "aiohttp"]
_OURS_ALONE = frozenset(
    (
        "connect_timeout",
        "drain_event",
        "path",
        "soft_backpressure_bytes",
        "max_backpressure_bytes",
        "max_inbox_events",
        "max_inbox_bytes",
        "trusted_proxies",
        "connect_rate",
        "recovery_window",
        "recovery_max_sessions",
        "recovery_max_events",
        "recovery_max_bytes",
        "session_event",
        "neighbours",
        "telemetry_window",
    )
)
_STEP_S: Final = 2.0
_logger = logging.getLogger("hub.engine")


def create_server(engine: EngineName = "auto", **options: Any) -> Server | FallbackServer:
    """The server of choice: "uws" or nothing, "aiohttp", or "auto": uws where it runs.

    Raises EngineUnavailable for "uws" where it cannot be loaded.
    """
    if engine not in ("auto", "uws", "aiohttp"):
        raise ValueError(f"engine must be auto, uws or aiohttp, not {engine!r}")
    if engine == "aiohttp":
        return FallbackServer(**options)
    try:
        load()
    except EngineUnavailable as exc:
        if engine == "uws":
            raise
        _logger.warning("%s; serving with python-socketio on aiohttp instead", exc)
        return FallbackServer(**options)
    return Server(**options)


class FallbackServer(socketio.AsyncServer):  # type: ignore[misc]
    """python-socketio on aiohttp. Recovery, lanes and drain do nothing here; `emit` takes their names."""

    recovery = None
    recovery_check: Any = None

    def __init__(self, **options: Any) -> None:
        ours = {name: options.pop(name) for name in tuple(options) if name in _OURS_ALONE}
        self.options = Options.of({name: ours[name] for name in ours})
        options.setdefault("async_mode", "aiohttp")
        options.setdefault("async_handlers", True)
        if "serializer" in options:
            options["serializer"] = packet_class(options["serializer"])
        super().__init__(**options)
        self._proxies = Proxies(self.options.trusted_proxies)
        self._rate = ConnectRate(self.options.connect_rate)
        self.port: int | None = None
        self._runner: web.AppRunner | None = None
        self._stats = Stats()

    async def listen(
        self, host: str | Iterable[str] | None = None, port: int = 0, *, reuse_port: bool = False
    ) -> int:
        """Listen on one host or several; port 0 picks a free one. Answers the port."""
        if self._runner is None:
            application = web.Application(middlewares=[_limit(self._rate)])
            self.attach(application, socketio_path=self.options.path)
            self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
            await self._runner.setup()
        hosts = [host] if host is None or isinstance(host, str) else list(host)
        for address in [address for name in hosts for address in await addresses(name)]:
            site = web.TCPSite(self._runner, address, port, reuse_port=reuse_port or None)
            await site.start()
            port = int(self._runner.addresses[-1][1])
        self.port = port
        return port

    async def _handle_eio_connect(self, eio_sid: str, environ: dict[str, Any]) -> None:
        """python-engineio's environment calls every client 127.0.0.1."""
        peer = environ["aiohttp.request"].remote or ""
        environ["REMOTE_ADDR"] = self._proxies.client(peer, environ.get("HTTP_X_FORWARDED_FOR"))
        await super()._handle_eio_connect(eio_sid, environ)

    async def close(self) -> None:
        """Stop listening and close every client."""
        runner, self._runner, self.port = self._runner, None, None
        if runner is None:
            return
        for step in (self._close_clients, super().shutdown, runner.cleanup):
            with contextlib.suppress(TimeoutError):  # a vanished client's queue is never joined
                await asyncio.wait_for(step(), _STEP_S)

    async def _close_clients(self) -> None:
        if self.eio.sockets:
            await self.eio.disconnect()

    async def drain(self, seconds: float) -> None:
        """There is no slow way out here: close."""
        del seconds
        await self.close()

    def stats(self) -> dict[str, int]:
        """The same counters, of which only the connections are counted."""
        self._stats.connections = len(self.eio.sockets)
        return self._stats.as_dict()

    def on_session_expired(self, handler: SessionHandler) -> SessionHandler:
        """Nothing is kept here, so nothing expires."""
        return handler

    def recovered(self, sid: str, namespace: str | None = None) -> bool:
        """Nothing is recovered here."""
        del sid, namespace
        return False

    async def emit(
        self,
        event: str,
        data: Any = None,
        to: Any = None,
        room: Any = None,
        skip_sid: Any = None,
        namespace: str | None = None,
        callback: Any = None,
        ignore_queue: bool = False,
        *,
        droppable: bool = False,
        conflate_key: object = None,
        conflate_each: Each | None = None,
        lane: str | None = None,
        once: tuple[str, int, int] | None = None,
    ) -> None:
        """As Server.emit; nothing is dropped or reordered here."""
        del droppable, conflate_key, conflate_each, lane, once
        await super().emit(event, data, to, room, skip_sid, namespace, callback, ignore_queue)


def _limit(rate: ConnectRate) -> Any:
    """A middleware: too many new connections get a 503 with Retry-After."""

    @web.middleware
    async def middleware(request: web.Request, handler: Any) -> web.StreamResponse:
        if "sid" not in request.query and request.method == "GET" and not rate.take():
            refusal = protocol.OVERLOADED
            headers = {"Retry-After": "1"}
            return web.Response(
                status=503, headers=headers, body=refusal.body(), content_type="application/json"
            )
        answer: web.StreamResponse = await handler(request)
        return answer

    return middleware
