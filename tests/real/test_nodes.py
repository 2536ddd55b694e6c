"""Several nodes, one Redis: everybody sees each event once, in one order, whatever breaks."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
import socketio
from engine_support import Running, eventually
from recovery_support import back, lose, recovered, values

from hub.engine.errors import BusUnavailable
from tests.real.nodes import Serve, member, serve
from tests.real.redis_fixtures import redis_databases, redis_url

__all__ = ["redis_databases", "redis_url", "serve"]
WINDOW_S = 20.0


@pytest.fixture
async def nodes(serve: Serve) -> list[Running]:
    return [await serve(recovery_window=WINDOW_S), await serve(recovery_window=WINDOW_S)]


async def test_clients_of_both_nodes_see_every_event_once_and_in_one_order(nodes: list[Running]) -> None:
    clients = [await member(node, "a", "b") for node in nodes for _ in range(2)]

    async def emit(node: Running, number: int) -> None:
        for index in range(50):
            await node.server.emit("said", [number, index], room=["a", "b"] if index % 2 else "a")

    await asyncio.gather(*(emit(node, number) for number, node in enumerate(nodes)))
    seen = [await values(client, 100) for client in clients]
    assert all(each == seen[0] for each in seen)
    assert [index for number, index in seen[0] if number == 0] == list(range(50))
    assert [index for number, index in seen[0] if number == 1] == list(range(50))
    assert [await client.silent(0.05) for client in clients] == [True] * 4


async def test_node_hears_nothing_of_rooms_it_does_not_serve(nodes: list[Running]) -> None:
    here, there = nodes
    raw = await member(here, "room")
    heard: list[Any] = []
    bus = there.server.manager.bus
    usual = bus._channels._on_message
    bus._channels._on_message = lambda channel, data: (heard.append(data), usual(channel, data))
    for value in range(20):
        await there.server.emit("said", value, room="room")
    assert await values(raw, 20) == list(range(20))
    assert heard == []


async def test_room_is_heard_of_again_after_its_last_member_has_left(nodes: list[Running]) -> None:
    here, there = nodes
    raw = await member(here, "room")
    sid = raw.connected["sid"]
    await here.server.leave_room(sid, "room")
    await there.server.emit("said", 1, room="room")
    await here.server.enter_room(sid, "room")
    await there.server.emit("said", 2, room="room")
    assert await values(raw, 1) == [2]


async def test_client_comes_back_on_another_node(nodes: list[Running]) -> None:
    here, there = nodes
    raw = await member(here, "room")
    await there.server.emit("said", 0, room="room")
    offset = (await raw.event())[-1]
    await lose(here, raw)
    await here.server.emit("said", 1, room="room")
    await there.server.emit("said", 2, to=raw.connected["sid"])
    await there.server.emit("said", 3)

    again = await back(there, raw, offset)
    await here.server.emit("said", 4, room="room")
    await here.server.emit("said", 5, to=raw.connected["sid"])

    assert recovered(raw, again)
    assert await values(again, 5) == [1, 2, 3, 4, 5]
    assert there.server.rooms(raw.connected["sid"]) == [raw.connected["sid"], "room"]


async def test_client_whose_old_socket_still_lives_elsewhere_takes_it_over(nodes: list[Running]) -> None:
    here, there = nodes
    ends: list[str] = []

    @here.server.event
    async def disconnect(sid: str, reason: str) -> None:
        ends.append(reason)

    raw = await member(here, "room")
    again = await back(there, raw)
    assert recovered(raw, again)
    assert ends == ["transport close"]
    assert await raw.closed() == 1000
    await here.server.emit("said", 1, room="room")
    assert await values(again, 1) == [1]


async def test_client_recovers_before_redis_has_heard_of_the_death_of_its_node(nodes: list[Running]) -> None:
    here, there = nodes
    raw = await member(here, "room")
    bus = here.server.manager.bus
    # Dead, but for its subscriptions, which go when somebody has been told that one was there.
    bus.on_told = lambda told: bus._channels.drop(bus.channel_of_node(bus.node).encode())
    await there.server.emit("said", 1, room="room")
    again = await back(there, raw)
    assert recovered(raw, again)
    assert await values(again, 1) == [1]


async def test_two_returns_to_two_nodes_end_as_one(nodes: list[Running]) -> None:
    here, there = nodes
    for _ in range(20):
        raw = await member(here, "room")
        await lose(here, raw)
        sockets = [await here.raw(), await there.raw()]
        for socket in sockets:
            await socket.send("40" + json.dumps({"pid": raw.connected["pid"]}))
        sid = raw.connected["sid"]
        both = [node.server.manager for node in nodes]
        await eventually(lambda both=both, sid=sid: sum(m.client(sid, "/") is not None for m in both) == 1)
        await here.server.emit("said", 1, to=sid)
        await eventually(lambda both=both, sid=sid: sum(m.is_connected(sid, "/") for m in both) == 1)
        await here.server.disconnect(sid) if both[0].client(sid, "/") else await there.server.disconnect(sid)


async def test_events_while_a_client_comes_back_are_neither_lost_nor_doubled(nodes: list[Running]) -> None:
    here, there = nodes
    raw = await member(here, "room")
    total, offset, seen = 400, None, []

    async def speak() -> None:
        for value in range(total):
            await nodes[value % 2].server.emit("said", value, room="room")

    speaking = asyncio.create_task(speak())
    turn = 0
    while len(seen) < total:
        for _ in range(min(20, total - len(seen))):
            _, value, offset = await raw.event()
            seen.append(value)
        turn += 1
        node, other = (here, there) if turn % 2 else (there, here)
        await lose(node, raw)
        again = await back(other, raw, offset)
        assert recovered(raw, again)
        raw = again
    await speaking
    assert seen == list(range(total))


async def test_operations_reach_clients_of_other_nodes(nodes: list[Running]) -> None:
    here, there = nodes
    raw = await member(here)
    sid = raw.connected["sid"]
    await there.server.enter_room(sid, "room")
    await eventually(lambda: "room" in here.server.rooms(sid))
    await there.server.leave_room(sid, "room")
    await eventually(lambda: "room" not in here.server.rooms(sid))
    await here.server.enter_room(sid, "room")
    await there.server.close_room("room")
    await eventually(lambda: "room" not in here.server.rooms(sid))
    with pytest.raises(ValueError, match="not connected"):
        await there.server.enter_room("nobody", "room")
    await there.server.disconnect(sid)
    await eventually(lambda: here.server.manager.client(sid, "/") is None)
    assert not recovered(raw, await back(there, raw))


async def test_event_of_a_log_is_emitted_once_whoever_reads_it(nodes: list[Running]) -> None:
    raw = await member(nodes[0], "room")

    async def read(node: Running) -> None:
        for seq in range(1, 31):
            await node.server.manager.emit("said", seq, "/", room="room", once=("log", seq, seq - 1))

    await asyncio.gather(*(read(node) for node in nodes))
    assert await values(raw, 30) == list(range(1, 31))
    assert await raw.silent(0.05)


async def test_binary_skip_and_namespaces_cross_nodes(serve: Serve) -> None:
    here, there = [await serve(namespaces=["/", "/other"]) for _ in range(2)]
    first, second = await member(here, "room"), await member(there, "room")
    other = await here.joined("/other")
    await there.server.emit("said", b"\x00\xff", room="room", skip_sid=second.connected["sid"])
    await there.server.emit("said", "other", namespace="/other")
    assert await first.receive() == '451-["said",{"_placeholder":true,"num":0}]'
    assert await first.receive() == b"\x00\xff"
    assert await other.receive() == '42/other,["said","other"]'
    assert await second.silent(0.05)


async def test_rooms_are_named_by_text(nodes: list[Running]) -> None:
    raw = await member(nodes[0])
    with pytest.raises(TypeError, match="named by text"):
        await nodes[0].server.enter_room(raw.connected["sid"], 7)
    with pytest.raises(TypeError, match="named by text"):
        await nodes[0].server.emit("said", 1, room=7)


async def test_official_clients_of_two_nodes_talk(nodes: list[Running]) -> None:
    clients = [await node.client() for node in nodes]
    heard: list[asyncio.Queue[Any]] = [asyncio.Queue() for _ in clients]
    for client, queue in zip(clients, heard, strict=True):
        client.on("said", lambda *args, queue=queue: queue.put_nowait(args[0]))
    await nodes[0].server.emit("said", {"a": 1})
    assert [await asyncio.wait_for(queue.get(), 5) for queue in heard] == [{"a": 1}] * 2


async def test_without_redis_nothing_is_said_to_have_happened(serve: Serve, redis_url: str) -> None:
    node = await serve(recovery_window=WINDOW_S)
    bus = node.server.manager.bus
    await bus.stop()
    with pytest.raises(BusUnavailable):
        await node.server.emit("said", 1)
    raw = await node.raw()
    await raw.send("40")
    assert (await raw.receive()).startswith("44")
    with pytest.raises(socketio.exceptions.ConnectionError):
        await node.client()
