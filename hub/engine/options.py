"""What the engine can be told, with units and defaults; unknown names are refused by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from hub.engine.neighbours import Neighbours

Origins = str | Iterable[str] | Callable[..., bool] | None


@dataclass(slots=True, kw_only=True)
class Options:
    """Options of python-engineio under their names, and the engine's own."""

    ping_interval: float | tuple[float, float] = 25.0  # seconds; a pair adds a grace period
    ping_timeout: float = 20.0  # seconds a client has to answer a ping
    max_http_buffer_size: int = 1_000_000  # bytes of one incoming message or body
    allow_upgrades: bool = True
    http_compression: bool = True
    compression_threshold: int = 1024  # bytes from which an answer to a poll is compressed
    cookie: str | dict[str, Any] | None = None
    cors_allowed_origins: Origins = None  # None: the same origin; "*": any; []: no check
    cors_credentials: bool = True
    transports: Iterable[str] | str = ("polling", "websocket")
    connect_timeout: float = 45.0  # seconds until a connection must have joined a namespace
    path: str = "/socket.io/"
    soft_backpressure_bytes: int = 8 * 1024  # above: off the topics, served from lanes
    max_backpressure_bytes: int = 1024 * 1024  # above: closed as slow
    telemetry_window: float = 0.0  # seconds that droppable events may wait to leave together
    max_inbox_events: int = 1000  # events of one client that wait for its running handler
    max_inbox_bytes: int = 8 * 1024 * 1024
    trusted_proxies: Iterable[str] = ()  # addresses and networks whose X-Forwarded-For is believed
    connect_rate: float | None = None  # new connections per second; above: 503 with Retry-After
    recovery_window: float | None = None  # seconds; None: no connection state recovery
    recovery_max_sessions: int = 100_000  # of clients that are away
    recovery_max_events: int = 100_000
    recovery_max_bytes: int = 64 * 1024 * 1024
    neighbours: Neighbours | None = None  # the other processes on our port
    drain_event: str | None = None  # name of the event that tells a client when it will be closed
    session_event: str | None = None  # name of the event that tells a client its pid

    @classmethod
    def of(cls, given: dict[str, Any]) -> Self:
        """Take the known names out of `given`; raises TypeError for the others."""
        known = {field.name for field in fields(cls)}
        ignored = {"async_handlers", "async_mode", "json", "logger", "monitor_clients"}
        if unknown := sorted(given.keys() - known - ignored):
            raise TypeError(f"unknown engine options: {', '.join(unknown)}")
        options = cls(**{name: value for name, value in given.items() if name in known})
        options.path = f"/{options.path.strip('/')}/"
        if isinstance(options.transports, str):
            options.transports = (options.transports,)
        return options

    @property
    def interval_s(self) -> float:
        """Seconds between pings, the grace period included."""
        if isinstance(self.ping_interval, tuple):
            return self.ping_interval[0] + self.ping_interval[1]
        return self.ping_interval

    @property
    def idle_timeout_s(self) -> int:
        """uWebSockets' own limit, a net below our heartbeat: 0 (none) or 8..960, never between."""
        wanted = int(self.interval_s + self.ping_timeout) + 60
        return max(120, wanted) if wanted <= 960 else 0
