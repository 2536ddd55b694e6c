"""Engine.IO without Socket.IO: `server.eio.on` and `send`, as python-engineio has them."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest
import websockets
from engine_support import Raw, Serve
from polling_support import Http

from hub.engine import server


async def test_raw_engineio_with_on_and_send(serve: Serve) -> None:
    hub = await serve(path="/engine.io/", connect_timeout=0.05)
    log: list[Any] = []

    async def message(sid: str, data: Any) -> None:
        await hub.server.eio.send(sid, data)

    hub.server.eio.on("connect", lambda sid, environ: log.append("connect"))
    hub.server.eio.on("message", message)
    hub.server.eio.on("disconnect", lambda sid, reason: log.append(reason))
    raw = await hub.raw(path="/engine.io/")
    await raw.send("4hello", b"\x01\x02")
    assert await raw.receive() == "4hello"
    assert await raw.receive() == b"\x01\x02"
    assert await raw.silent(0.1)
    await raw.send("1")
    await raw.closed()
    assert log == ["connect", "client disconnect"]


@pytest.mark.parametrize("waits", [False, True])
async def test_who_is_refused_is_never_in(serve: Serve, session: aiohttp.ClientSession, waits: bool) -> None:
    hub = await serve()
    log: list[Any] = []

    async def later(_sid: str, _environ: Any) -> bool:
        await asyncio.sleep(0)
        return False

    hub.server.eio.on("connect", later if waits else lambda sid, environ: False)
    hub.server.eio.on("message", lambda sid, data: log.append(data))
    hub.server.eio.on("disconnect", lambda sid, reason: log.append(reason))

    status, _, _ = await Http(hub, session).request("GET", "EIO=4&transport=polling")
    socket = await websockets.connect(f"{hub.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket")
    raw = Raw(socket)

    assert status == 401
    assert await raw.closed() == 1008
    assert log == []
    assert hub.server.stats()["connections"] == 0


async def test_connect_handler_decides_before_the_client_is_told_or_heard(serve: Serve) -> None:
    hub = await serve()
    entered, proceed = asyncio.Event(), asyncio.Event()
    log: list[Any] = []

    async def connect(_sid: str, _environ: Any) -> None:
        entered.set()
        await proceed.wait()

    hub.server.eio.on("connect", connect)
    hub.server.eio.on("message", lambda sid, data: log.append(data))
    hub.server.eio.on("disconnect", lambda sid, reason: log.append(reason))
    url = f"ws://127.0.0.1:{hub.port}/socket.io/?EIO=4&transport=websocket"
    early, patient = [Raw(await websockets.connect(url)) for _ in range(2)]
    await early.send("4too early")
    assert await early.closed() == 1002
    assert await patient.silent(0.05)
    proceed.set()
    assert (await patient.receive()).startswith("0{")
    await patient.send("4hello", "1")
    await patient.closed()
    # Who broke off before the handler accepted is told to it as gone; it never was heard.
    assert sorted(log) == ["client disconnect", "hello", "transport close"]


async def test_connect_handler_that_does_not_decide_has_the_time_to_join(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "_GRACE_S", 0.05)
    hub = await serve(connect_timeout=0.1, ping_interval=0.05)
    log: list[Any] = []

    async def connect(_sid: str, _environ: Any) -> None:
        await asyncio.Event().wait()

    hub.server.eio.on("connect", connect)
    hub.server.eio.on("disconnect", lambda sid, reason: log.append(reason))
    raw = Raw(await websockets.connect(f"ws://127.0.0.1:{hub.port}/socket.io/?EIO=4&transport=websocket"))
    with pytest.raises(websockets.ConnectionClosedOK):
        await raw.receive(pings=True)
    assert log == []
