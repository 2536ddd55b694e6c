"""Storms and how they are avoided: a limit on new connections, an end that is spread."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import pytest
from engine_support import Raw, Serve, eventually

from hub.engine import concurrent, server


async def test_connect_rate_refuses_politely(serve: Serve) -> None:
    hub = await serve(connect_rate=3)
    for _ in range(3):
        await hub.joined()
    with pytest.raises(Exception, match="503") as caught:
        await hub.raw()
    response: Any = caught.value
    assert response.response.headers["Retry-After"] == "1"


async def test_drain_tells_closes_evenly_and_lets_handlers_finish(serve: Serve) -> None:
    hub = await serve(drain_event="hub:drain")
    proceed = asyncio.Event()

    @hub.server.event
    async def work(sid: str) -> str:
        await proceed.wait()
        return "done"

    raws = [await hub.joined() for _ in range(10)]
    await raws[0].send('421["work"]')
    await eventually(lambda: hub.server.stats()["messages_in"] == 11)
    drained = asyncio.create_task(hub.server.drain(0.3))
    waits = sorted([(await raw.event())[1]["closes_in_seconds"] for raw in raws])
    assert waits == [round(0.03 * index, 3) for index in range(10)]
    with contextlib.suppress(OSError):
        await hub.raw()
        pytest.fail("a draining server accepted a client")
    proceed.set()
    assert await raws[0].receive() == '431["done"]'
    assert {await raw.closed() for raw in raws} == {1012}
    await drained


async def test_drain_is_not_held_up_by_a_handler_that_will_not_end(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "_GRACE_S", 0.05)
    hub = await serve()

    @hub.server.event
    async def stuck(sid: str) -> None:
        await asyncio.Event().wait()

    raws = [await hub.joined() for _ in range(5)]
    for raw in raws[:2]:
        await raw.send('42["stuck"]')
    await eventually(lambda: hub.server.stats()["messages_in"] == 7)
    loop = asyncio.get_running_loop()
    begin = loop.time()
    drained = asyncio.create_task(hub.server.drain(1.0))

    async def end(raw: Raw) -> float:
        assert await raw.closed() == 1012
        return loop.time() - begin

    ends = await asyncio.gather(*(end(raw) for raw in raws))
    for raw in raws:
        raw.socket.transport.abort()
    assert max(ends[2:]) < 0.95  # their turn comes within the first four fifths
    assert min(ends[:2]) > 0.95
    await drained


async def test_drain_waits_for_concurrent_handlers(serve: Serve) -> None:
    hub = await serve()
    proceed = asyncio.Event()

    @hub.server.event
    @concurrent
    async def work(sid: str) -> str:
        await proceed.wait()
        return "done"

    raw = await hub.joined()
    await raw.send('421["work"]')
    await eventually(lambda: hub.server.stats()["messages_in"] == 2)
    drained = asyncio.create_task(hub.server.drain(5))
    await eventually(lambda: not hub.server.eio.accepting)
    proceed.set()
    assert await raw.receive() == '431["done"]'
    assert await raw.closed() == 1012
    await drained


async def test_close_during_a_drain_ends_it_at_once(serve: Serve) -> None:
    hub = await serve()
    raws = [await hub.joined() for _ in range(3)]
    drained = asyncio.create_task(hub.server.drain(60))
    await eventually(lambda: not hub.server.eio.accepting)
    await hub.server.close()
    assert {await raw.closed() for raw in raws} <= {1001, 1012}
    drained.cancel()
    await asyncio.wait([drained])
