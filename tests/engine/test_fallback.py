"""The engine of choice, and python-socketio's own when ours cannot be loaded."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from engine_support import Serve

from hub.engine import EngineUnavailable, FallbackServer, Server, create_server, fallback


def _cannot_load() -> Any:
    raise EngineUnavailable("socketify cannot be loaded: no such library")


def test_auto_and_uws_give_our_server() -> None:
    assert isinstance(create_server("auto"), Server)
    assert isinstance(create_server("uws"), Server)
    assert isinstance(create_server("aiohttp"), FallbackServer)


def test_auto_without_the_library_says_so_in_one_line(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(fallback, "load", _cannot_load)
    with caplog.at_level(logging.WARNING):
        assert isinstance(create_server("auto", recovery_window=120), FallbackServer)
    assert [record.message for record in caplog.records] == [
        "socketify cannot be loaded: no such library; serving with python-socketio on aiohttp instead"
    ]


def test_uws_without_the_library_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fallback, "load", _cannot_load)
    with pytest.raises(EngineUnavailable, match="socketify"):
        create_server("uws")


def test_unknown_options_are_named() -> None:
    with pytest.raises(TypeError, match="pingInterval"):
        Server(pingInterval=3)


@pytest.mark.parametrize("transports", [("websocket",), ("polling",)])
async def test_fallback_serves_the_same_handlers(serve: Serve, transports: tuple[str, ...]) -> None:
    hub = await serve(create_server("aiohttp", recovery_window=120, session_event="hub:session"))
    hub.server.on("echo", lambda sid, value: value)
    client = await hub.client(transports=transports)

    assert await client.call("echo", {"a": 1}, timeout=2) == {"a": 1}
    await hub.server.emit("news", 1, droppable=True, conflate_key="k", lane="telemetry")
    assert hub.server.stats()["connections"] == 1
    assert hub.server.port == hub.port


async def test_fallback_knows_addresses_and_refuses_in_a_storm(serve: Serve) -> None:
    options: dict[str, Any] = {"trusted_proxies": ["127.0.0.1"], "connect_rate": 1}
    hub = await serve(create_server("aiohttp", **options))
    seen: list[str] = []
    hub.server.on("connect", lambda sid, environ: seen.append(environ["REMOTE_ADDR"]))
    raw = await hub.raw(additional_headers={"X-Forwarded-For": "6.6.6.6"})
    await raw.join()
    with pytest.raises(Exception, match="503") as caught:
        await hub.raw()
    response: Any = caught.value
    assert response.response.headers["Retry-After"] == "1"
    assert seen == ["6.6.6.6"]
