"""A lost connection is taken up again: with today's rights, or not at all."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest
import socketio

from hub.rooms import user_room
from services.models import Role
from tests.support.hub import RunningHub


async def _open(hub: RunningHub, **auth: Any) -> Any:
    ws = await hub.http.ws_connect(f"{hub.socket_url}/socket.io/?EIO=4&transport=websocket")
    await ws.send_str("40" + orjson.dumps(auth).decode())
    return ws


async def _next(ws: Any, prefix: str) -> Any:
    while True:
        text = await ws.receive_str(timeout=5)
        if text.startswith(prefix):
            return orjson.loads(text[len(prefix) :])


async def _call(ws: Any, event: str, payload: Any) -> Any:
    await ws.send_str("421" + orjson.dumps([event, payload]).decode())
    return (await _next(ws, "431"))[0]


async def test_missed_events_come_first_and_rooms_are_kept(hub: RunningHub) -> None:
    station = await hub.station()
    listener, rider = await hub.rider().ready(), await hub.rider().connect()
    ws = await _open(hub, token=listener.token, offsets="payload")
    pid = (await _next(ws, "40"))["pid"]
    name, session = await _next(ws, "42")
    assert (name, session["pid"], session["recovered"]) == ("hub:session", pid, False)
    assert (await _call(ws, "room:join", {"room": f"station:{station.id}"}))["ok"]
    ws._response.connection.transport.abort()  # the network is gone, without a goodbye

    await rider.confirm(station)
    await rider.until("queue:updated")
    ws = await _open(hub, token=listener.token, pid=pid, offsets="payload")

    assert (await _next(ws, "40"))["pid"] == pid
    events = [await _next(ws, "42") for _ in range(3)]
    assert events[0][1]["recovered"] is True
    assert [event for event, _ in events[1:]] == ["queue:changed", "station:updated"]
    await rider.call("queue:leave")
    assert (await _next(ws, "42"))[0] == "queue:changed"
    assert hub.hub.realtime.members[f"station:{station.id}"] == 1
    assert hub.hub.realtime.members[user_room(listener.id)] == 1
    await ws.close()


@pytest.mark.parametrize("who", ["another user", "a forged token"])
async def test_nobody_takes_up_the_connection_of_somebody_else(hub: RunningHub, who: str) -> None:
    rider, other = await hub.rider().ready(), await hub.rider().ready()
    ws = await _open(hub, token=rider.token)
    pid = (await _next(ws, "40"))["pid"]
    thief = await _open(hub, token=other.token if who == "another user" else "forged", pid=pid)

    if who == "another user":
        assert (await _next(thief, "40"))["pid"] != pid
    else:
        assert (await _next(thief, "44"))["data"]["code"] == "unauthenticated"
    assert (await _call(ws, "queue:mine", {}))["ok"]
    await ws.close()
    await thief.close()


async def test_a_right_that_is_gone_closes_its_room(hub: RunningHub) -> None:
    admin = hub.admin()
    ws = await _open(hub, token=admin.token)
    pid = (await _next(ws, "40"))["pid"]
    assert (await _call(ws, "room:join", {"room": "admin"}))["ok"]
    ws._response.connection.transport.abort()

    ws = await _open(hub, token=hub.token(admin.id, Role.CONSUMER), pid=pid)
    await _next(ws, "40")
    await _call(ws, "queue:mine", {})

    assert hub.hub.realtime.members["admin"] == 0
    assert hub.hub.realtime.members[user_room(admin.id)] == 1
    await ws.close()


async def test_recovery_can_be_turned_off(make_hub: Any) -> None:
    hub = await make_hub(recovery_window_seconds=0)

    rider = await hub.rider().connect()

    assert (await rider.until("hub:session"))["window_seconds"] == 0
    assert rider.heard[0][0] == "hub:session"


async def test_python_clients_recover_as_the_docs_show(hub: RunningHub) -> None:
    station = await hub.station()
    listener, rider = await hub.rider().ready(), await hub.rider().connect()
    seen: dict[str, Any] = {}
    heard: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()
    client: Any = socketio.AsyncClient(reconnection_delay=0.05)
    hub.sockets.append(client)

    @client.on("hub:session")  # type: ignore[untyped-decorator]
    async def session(data: Any) -> None:
        seen["pid"] = data["pid"]
        heard.put_nowait(("hub:session", data["recovered"]))

    @client.on("*")  # type: ignore[untyped-decorator]
    async def anything(event: str, data: Any) -> None:
        seen["offset"] = data.get("offset", seen.get("offset"))
        heard.put_nowait((event, data))

    await client.connect(
        hub.socket_url,
        auth=lambda: {"token": listener.token, "offsets": "payload", **seen},
        transports=["websocket"],
    )
    assert (await client.call("room:join", {"room": f"station:{station.id}"}))["ok"]
    assert await heard.get() == ("hub:session", False)
    client.eio.ws._response.connection.transport.abort()
    await rider.confirm(station)

    async with asyncio.timeout(10):
        events = [await heard.get() for _ in range(3)]

    assert events[0] == ("hub:session", True)
    assert [event for event, _ in events[1:]] == ["queue:changed", "station:updated"]
    assert seen["offset"]
