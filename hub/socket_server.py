"""The Socket.IO server of a hub: the engine, with what the settings say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from hub.config import ConfigError, Settings
from hub.doors.cors import Origins
from hub.engine import EngineUnavailable, create_server
from hub.payloads import LARGEST_PAYLOAD_BYTES
from hub.worker import Worker

if TYPE_CHECKING:
    from hub.engine.cluster import Bus

LARGEST_MESSAGE_BYTES: Final = 4 * LARGEST_PAYLOAD_BYTES  # so that a payload too large gets its code
TELEMETRY_WINDOW_S: Final = 0.1  # what is droppable may be so late, and leaves together


def socket_server(settings: Settings, origins: Origins, bus: Bus | None, worker: Worker | None) -> Any:
    """The engine with the hub's settings. Raises ConfigError where nodes want what it has not."""
    options: dict[str, Any] = {
        "max_http_buffer_size": LARGEST_MESSAGE_BYTES,
        "max_backpressure_bytes": settings.max_backpressure_bytes,
        "cors_allowed_origins": origins.of_socket,
        "telemetry_window": TELEMETRY_WINDOW_S,
        "recovery_window": settings.recovery_window_seconds or None,
        "session_event": "hub:session",
        "drain_event": "hub:closing",
        "connect_rate": settings.connect_rate or None,
        "trusted_proxies": settings.trusted_proxies,
        "neighbours": worker.neighbours() if worker is not None else None,
    }
    if bus is None:
        return create_server(settings.engine, **options)
    from hub.engine.cluster import ClusterRooms  # a hub without Redis needs no driver of it

    if settings.engine == "aiohttp":
        raise ConfigError("ENGINE", "the nodes that share REDIS_HOST need uWebSockets")
    try:
        return create_server("uws", client_manager=ClusterRooms(bus), **options)
    except EngineUnavailable as error:
        raise ConfigError("ENGINE", f"the nodes that share REDIS_HOST need it: {error}") from error
