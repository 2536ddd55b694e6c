"""`serializer="msgpack"` with the real package and clients: the official one is in test_official.py."""

from __future__ import annotations

import asyncio
from typing import Any

import msgpack
import pytest
from engine_support import DEADLINE_S, Running, Serve, eventually
from recovery_support import WINDOW_S, cut

VALUES: list[Any] = [None, True, 7, 2**40, 1.5, "é", b"\x00\xff", [1, [b"2"]], {"a": {"b": b"3"}}]


@pytest.fixture
async def hub(serve: Serve) -> Running:
    running = await serve(serializer="msgpack", recovery_window=WINDOW_S, session_event="hub:session")
    running.server.on("echo", lambda sid, *args: args)
    return running


async def client(hub: Running, heard: list[Any], **options: Any) -> Any:
    """A python-socketio client that notes what it hears."""
    return await hub.client(
        serializer="msgpack",
        prepare=lambda found: found.on("*", lambda *event: heard.append(list(event))),
        **options,
    )


@pytest.mark.parametrize("transports", [("websocket",), ("polling",), ("polling", "websocket")])
async def test_events_acks_and_binary_go_both_ways(hub: Running, transports: tuple[str, ...]) -> None:
    heard: list[Any] = []
    found = await client(hub, heard, transports=transports)
    found.on("sum", lambda a, b: a + b)

    assert await found.call("echo", tuple(VALUES), timeout=DEADLINE_S) == tuple(VALUES)
    assert await hub.server.call("sum", (b"1", b"2"), to=found.get_sid(), timeout=DEADLINE_S) == b"12"
    await hub.server.emit("values", VALUES, to=found.get_sid())
    await eventually(lambda: len(heard) == 2)
    assert heard[1][:2] == ["values", VALUES]


async def test_broadcast_reaches_the_room_but_for_whom_it_skips(hub: Running) -> None:
    heards: list[list[Any]] = [[], [], []]
    clients = [await client(hub, heard) for heard in heards]
    for found in clients[:2]:
        await hub.server.enter_room(found.get_sid(), "room")
    await hub.server.emit("all", b"1")
    await hub.server.emit("room", {"a": 1}, room="room")
    await hub.server.emit("others", 2, skip_sid=clients[1].get_sid())
    await eventually(lambda: [len(heard) for heard in heards] == [4, 3, 3])
    assert [[name for name, *_ in heard[1:]] for heard in heards] == [
        ["all", "room", "others"],
        ["all", "room"],
        ["all", "others"],
    ]


async def test_python_client_recovers_with_what_it_missed(hub: Running) -> None:
    heard: list[Any] = []
    found = await client(hub, heard, auth={"offsets": "payload"})
    sid = found.get_sid()
    await hub.server.enter_room(sid, "room")
    await hub.server.emit("state", {"n": 1, "raw": b"1"}, room="room")
    await eventually(lambda: len(heard) == 2)
    (_, told), (_, state) = heard
    cut(hub, sid)
    await hub.server.emit("state", {"n": 2, "raw": b"2"}, room="room")

    again: list[Any] = []
    auth = {"offsets": "payload", "pid": told["pid"], "offset": state["offset"]}
    returned = await client(hub, again, auth=auth)

    await eventually(lambda: len(again) == 2)
    assert returned.get_sid() == sid
    assert again[0] == ["hub:session", {**told, "recovered": True}]
    assert again[1] == ["state", {"offset": again[1][1]["offset"], "n": 2, "raw": b"2"}]


@pytest.mark.parametrize(
    "packet",
    [
        b"\xc1",
        msgpack.dumps([1]),
        msgpack.dumps({"type": 2, "data": ["x"]}),
        msgpack.dumps({"type": 2, "nsp": 7, "data": ["x"]}),
        msgpack.dumps({"type": 2, "nsp": ["/"], "data": ["x"]}),
        msgpack.dumps({"type": 2, "nsp": "/", "data": {}}),
        msgpack.dumps({"type": 2, "nsp": "/", "data": ["x"], "id": "7"}),
        msgpack.dumps({"type": 3, "nsp": "/", "data": [1], "id": [7]}),
        msgpack.dumps({"type": "2", "nsp": "/", "data": ["x"]}),
        b"\x91" * 5000 + b"\x90",
    ],
)
async def test_what_is_no_packet_closes_the_connection(
    hub: Running, packet: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    raw = await hub.raw()
    await raw.send(msgpack.dumps({"type": 0, "nsp": "/"}))
    await asyncio.wait_for(raw.socket.recv(), DEADLINE_S)
    await raw.send(packet)
    assert await raw.closed() == 1002
    assert not caplog.records
