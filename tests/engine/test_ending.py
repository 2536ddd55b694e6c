"""How a connection ends: reasons, heartbeats, the end of the server."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from engine_support import Serve, eventually
from slow_support import Slow

from hub.engine import Server, concurrent, server

BUSY_S = 0.15  # by how much a machine that is busy with others may be late


async def test_disconnect_reasons(serve: Serve) -> None:
    hub = await serve()
    reasons: list[str] = []
    hub.server.on("disconnect", lambda sid, reason: reasons.append(reason))

    by_client, by_packet, by_server = await hub.joined(), await hub.joined(), await hub.joined()
    await by_client.socket.close()
    await eventually(lambda: len(reasons) == 1)
    await by_packet.send("41")
    await eventually(lambda: len(reasons) == 2)
    await hub.server.disconnect(by_server.connected["sid"])
    assert await by_server.receive() == "41"

    assert reasons == ["transport close", "client disconnect", "server disconnect"]


async def test_session_and_rooms_live_until_the_disconnect_handler_is_done(serve: Serve) -> None:
    hub = await serve()
    seen: list[Any] = []

    @hub.server.event
    async def connect(sid: str, environ: Any, auth: Any) -> None:
        await hub.server.save_session(sid, {"user": "Asha"})
        await hub.server.enter_room(sid, "room")

    @hub.server.event
    async def disconnect(sid: str, reason: str) -> None:
        await asyncio.sleep(0)
        async with hub.server.session(sid) as session:
            seen.append((session["user"], hub.server.rooms(sid)))

    raw = await hub.joined()
    sid = raw.connected["sid"]
    await raw.socket.close()
    await eventually(lambda: bool(seen))

    assert seen == [("Asha", [sid, "room"])]
    await eventually(lambda: hub.server.rooms(sid) == [])
    with pytest.raises(KeyError):
        await hub.server.get_session(sid)


async def test_heartbeat_is_exact_and_its_timeout_closes(serve: Serve) -> None:
    hub = await serve(ping_interval=0.3, ping_timeout=0.2)
    reasons: list[str] = []
    hub.server.on("disconnect", lambda sid, reason: reasons.append(reason))
    raw = await hub.joined()
    loop = asyncio.get_running_loop()
    begin = loop.time()

    assert await raw.receive(pings=True) == "2"
    assert 0.27 < loop.time() - begin < 0.33 + BUSY_S
    await raw.send("3")
    begin = loop.time()
    assert await raw.receive(pings=True) == "2"
    assert 0.27 < loop.time() - begin < 0.33 + BUSY_S
    begin = loop.time()
    await raw.closed()

    assert 0.17 < loop.time() - begin < 0.23 + BUSY_S
    assert reasons == ["ping timeout"]


async def test_close_ends_clients_with_a_code_and_frees_the_port(serve: Serve) -> None:
    hub = await serve()
    raw = await hub.joined()
    await hub.server.close()
    assert await raw.closed() == 1001
    again = Server()
    assert await again.listen("127.0.0.1", hub.port) == hub.port
    await again.close()


async def test_port_in_use_is_an_error(serve: Serve) -> None:
    hub = await serve()
    second = Server()
    with pytest.raises(OSError, match="cannot listen"):
        await second.listen("127.0.0.1", hub.port)
    await second.close()


async def test_close_cancels_handlers_that_will_not_end(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "_GRACE_S", 0.05)
    hub = await serve()
    log: list[str] = []

    async def forever(name: str) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            log.append(f"{name} ended")

    @hub.server.event
    async def connect(sid: str, environ: Any, auth: Any) -> None:
        if auth:
            await forever("connect")

    @hub.server.event
    async def stuck(sid: str) -> None:
        await forever("stuck")

    @hub.server.event
    @concurrent
    async def aside(sid: str) -> None:
        await forever("aside")

    hub.server.on("disconnect", lambda sid, reason: log.append(reason))
    joining, raw = await hub.raw(), await hub.joined()
    await joining.send('40{"token":"t"}')
    await raw.send('42["aside"]', '42["stuck"]', '42["stuck"]')
    await eventually(lambda: hub.server.stats()["messages_in"] == 5)

    await asyncio.wait_for(hub.server.close(), 2)

    await eventually(lambda: not hub.server.eio.tasks and not hub.server.manager.everybody())
    ended = ["aside ended", "connect ended", "server disconnect", "stuck ended", "transport close"]
    assert sorted(log) == ended  # whoever was joining has joined, and left


async def test_half_open_client_is_given_up_with_all_that_waited_for_it(serve: Serve, slow: Slow) -> None:
    """It neither reads nor answers, and its network does not say that it is gone."""
    hub = await serve(ping_interval=0.3, ping_timeout=0.2)
    await slow.join(hub.port)
    for _ in range(100):
        await hub.server.emit("state", "x" * 5000)
    await eventually(lambda: not hub.server.eio.sockets)
    await eventually(lambda: not hub.server.manager.everybody())
    assert not hub.server.eio.slow
    assert hub.server.stats()["slow_closed"] == 0


async def test_two_servers_share_a_port_only_when_they_are_told_to(serve: Serve) -> None:
    first, second = Server(), Server()
    port = await first.listen("127.0.0.1", 0, reuse_port=True)
    assert await second.listen("127.0.0.1", port, reuse_port=True) == port
    await first.close()
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.close()
    await second.close()
