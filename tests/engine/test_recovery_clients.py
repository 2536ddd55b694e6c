"""Recovery as clients of other makes see it."""

from __future__ import annotations

import json
import time
from typing import Any

import aiohttp
import pytest
from engine_support import Running, Serve
from node_runs import NODE, needs_node, run
from polling_support import Http
from recovery_support import WINDOW_S, back, cut, lose, values


@pytest.fixture
async def hub(serve: Serve) -> Running:
    return await serve(recovery_window=WINDOW_S)


async def test_session_event_is_the_first_event_and_tells_pid_and_window(serve: Serve) -> None:
    hub = await serve(recovery_window=WINDOW_S, session_event="hub:session")

    @hub.server.event
    async def connect(sid: str, environ: Any, auth: Any) -> None:
        await hub.server.emit("early", 1, to=sid)

    raw = await hub.joined()
    told = {"pid": raw.connected["pid"], "recovered": False, "window_seconds": WINDOW_S}
    assert await raw.event() == ["hub:session", told]
    assert await values(raw, 1) == [1]
    await lose(hub, raw)
    await hub.server.emit("missed", 2)
    again = await back(hub, raw)
    assert await again.event() == ["hub:session", {**told, "recovered": True}]
    assert await values(again, 3) == [1, 2, 1]


async def test_every_request_of_a_polling_client_is_a_sign_of_life(
    hub: Running, session: aiohttp.ClientSession
) -> None:
    http = Http(hub, session)
    await http.open()
    await http.post("40")
    await http.poll()
    connection = hub.server.eio.sockets[http.sid]
    kept = connection.clients["/"].session
    before = time.monotonic()
    await http.post('42["echo"]')
    assert connection.seen_at >= before
    before = time.monotonic()
    await http.held()
    assert connection.seen_at >= before
    connection.lost("transport close")
    assert kept.expires_at >= before + WINDOW_S


async def test_polling_client_recovers_over_websocket(hub: Running) -> None:
    client = await hub.client(transports=("polling",))
    session = hub.server.manager.client(client.get_sid(), "/").session
    await client.eio.disconnect(abort=True)
    raw = await hub.raw()
    await raw.join(auth={"pid": session.pid})
    assert raw.connected["sid"] == session.sid


@needs_node
@pytest.mark.parametrize("serializer", ["default", "msgpack"])
async def test_official_client_reports_recovered(serve: Serve, serializer: str) -> None:
    hub = await serve(recovery_window=WINDOW_S, serializer=serializer)
    server = hub.server

    @server.event
    async def lose_me(sid: str) -> None:
        await server.enter_room(sid, "room")
        await server.emit("state", 1, room="room")
        cut(hub, sid)
        await server.emit("state", 2, room="room")
        await server.emit("note", "text", room="room")

    code, output = await run("node", str(NODE / "recovery.js"), hub.url, serializer, cwd=NODE)
    assert code == 0, output
    assert json.loads(output) == {
        "recovered": [False, True, True],
        "same": True,
        "seen": [["state", 1], ["state", 2], ["note", "text"], ["state", 1], ["state", 2], ["note", "text"]],
    }
