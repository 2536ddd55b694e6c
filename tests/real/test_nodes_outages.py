"""Nodes that die, and a Redis that is cut off, empty, silent or gone."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import websockets
from engine_support import DEADLINE_S, Running, eventually
from recovery_support import back, lose, recovered, values

from hub.engine.cluster import Bus
from hub.engine.errors import BusUnavailable
from hub.stores.redis_client import open_redis
from tests.real.nodes import Serve, member, serve
from tests.real.redis_fixtures import redis_server
from tests.real.redis_server import RedisServer

__all__ = ["redis_server", "serve"]
WINDOW_S = 20.0


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    return redis_server.url


@pytest.fixture
async def nodes(serve: Serve) -> list[Running]:
    return [await serve(recovery_window=WINDOW_S), await serve(recovery_window=WINDOW_S)]


def bus(node: Running) -> Any:
    return node.server.manager.bus


async def test_cut_subscription_costs_no_event_and_no_connection(
    nodes: list[Running], redis_server: RedisServer
) -> None:
    clients = [await member(node, "room") for node in nodes]
    for value in range(200):
        if value % 50 == 25:
            redis_server.ask("CLIENT", "KILL", "TYPE", "pubsub")
        await nodes[value % 2].server.emit("said", value, room="room")
    for client in clients:
        assert await values(client, 200) == list(range(200))


async def test_every_connection_to_redis_cut_while_events_are_emitted(
    nodes: list[Running], redis_server: RedisServer
) -> None:
    """What was refused may have happened or not; what was not refused has, once and in order."""
    clients = [await member(node, "room") for node in nodes]
    said: list[int] = []
    for value in range(100):
        if value % 20 == 10:
            redis_server.ask("CLIENT", "KILL", "SKIPME", "yes", "TYPE", "normal")
            redis_server.ask("CLIENT", "KILL", "TYPE", "pubsub")
        with contextlib.suppress(BusUnavailable):
            await nodes[value % 2].server.emit("said", value, room="room")
            said.append(value)
    await nodes[0].server.emit("end", room="room")
    for client in clients:
        heard = []
        while (event := await client.event())[0] != "end":
            heard.append(event[1])
        assert sorted(set(heard)) == heard
        assert set(said) <= set(heard)
    assert len(said) > 80


async def test_redis_that_comes_back_empty_sends_every_client_away_once(
    nodes: list[Running], redis_server: RedisServer
) -> None:
    """Events may have been lost with it, so who was connected takes a snapshot; then all goes on."""
    raw = await member(nodes[0], "room")
    await nodes[1].server.emit("said", 1, room="room")
    offset = (await raw.event())[-1]
    redis_server.kill()
    with pytest.raises(BusUnavailable):
        await nodes[0].server.emit("said", 2, room="room")
    redis_server.start()
    assert await raw.closed() == 1012
    await eventually(lambda: all(bus(node).connected for node in nodes))
    again = await back(nodes[1], raw, offset)
    assert not recovered(raw, again)
    await nodes[1].server.enter_room(again.connected["sid"], "room")
    await nodes[0].server.emit("said", 3, room="room")
    assert await values(again, 1) == [3]
    await lose(nodes[1], again)
    await nodes[0].server.emit("said", 4, room="room")
    third = await back(nodes[0], again)
    assert recovered(again, third)
    assert await values(third, 2) == [3, 4]


async def test_redis_that_was_silent_loses_nothing(nodes: list[Running], redis_server: RedisServer) -> None:
    raw = await member(nodes[0], "room")
    with redis_server.paused():
        emitting = [asyncio.create_task(nodes[1].server.emit("said", n, room="room")) for n in range(5)]
        with pytest.raises(BusUnavailable):
            await emitting[0]
    await eventually(lambda: all(task.done() for task in emitting), 10)
    await eventually(lambda: all(bus(node).connected for node in nodes), 10)
    await nodes[1].server.emit("end", room="room")
    heard = []
    while (event := await raw.event())[0] != "end":
        heard.append(event[1])
    assert sorted(set(heard)) == heard
    succeeded = [n for n, task in enumerate(emitting) if task.exception() is None]
    assert set(succeeded) <= set(heard)


async def test_flushed_redis_is_filled_again_by_those_who_are_connected(
    nodes: list[Running], redis_server: RedisServer
) -> None:
    raw = await member(nodes[0], "room")
    await nodes[0].server.emit("said", 1, room="room")
    old = (await raw.event())[-1]
    redis_server.ask("FLUSHALL")
    await nodes[1].server.emit("said", 2, room="room")
    event = await raw.event()
    assert event[1] == 2
    key = bus(nodes[0]).key("session", raw.connected["pid"])
    await eventually(lambda: bool(redis_server.ask("EXISTS", key)))
    await lose(nodes[0], raw)
    await nodes[1].server.emit("said", 3, room="room")
    again = await back(nodes[1], raw, event[-1])
    assert recovered(raw, again)
    assert await values(again, 1) == [3]
    await lose(nodes[1], again)
    assert not recovered(raw, await back(nodes[0], raw, old)), "an offset of before cannot be placed"


async def test_store_that_has_gone_back_in_time_begins_a_new_epoch(
    nodes: list[Running], redis_server: RedisServer
) -> None:
    """A replica that was promoted without the last writes would give their numbers out again."""
    raw = await member(nodes[0], "room")
    for value in range(5):
        await nodes[0].server.emit("said", value, room="room")
    offset = (await raw.event())[-1]
    redis_server.ask("HSET", bus(nodes[0]).name, "n", 3)
    redis_server.ask("CLIENT", "KILL", "TYPE", "pubsub")
    assert await raw.closed() == 1012
    assert not recovered(raw, await back(nodes[1], raw, offset))


@contextlib.asynccontextmanager
async def process(url: str, prefix: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, Running]]:
    """A node of its own, and a way to open sockets to it."""
    node = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.real.node_process",
        url,
        prefix,
        cwd=Path(__file__).parents[2],
        stdout=asyncio.subprocess.PIPE,
    )
    assert node.stdout is not None
    port = int(await asyncio.wait_for(node.stdout.readline(), 2 * DEADLINE_S))
    try:
        async with contextlib.AsyncExitStack() as stack:
            yield node, Running(None, port, stack)
    finally:
        if node.returncode is None:
            node.kill()
        await node.wait()


async def test_killed_node_loses_no_event_of_its_clients(serve: Serve, redis_url: str) -> None:
    """kill -9 in the middle of a burst: all come back elsewhere, each has everything once."""
    survivor = await serve(recovery_window=WINDOW_S)
    prefix = bus(survivor)._tag.strip("{}")
    async with process(redis_url, prefix) as (node, doomed):
        clients = [await doomed.joined() for _ in range(20)]
        for client in clients:
            await client.send('420["join","room"]')
            assert await client.receive() == "430[true]"
        heard: list[list[int]] = [[] for _ in clients]
        offsets: list[str | None] = [None for _ in clients]

        async def listen(index: int) -> None:
            with contextlib.suppress(websockets.ConnectionClosed):
                while True:
                    _, value, offsets[index] = await clients[index].event()
                    heard[index].append(value)

        listening = [asyncio.create_task(listen(index)) for index in range(len(clients))]
        for value in range(500):
            if value == 250:
                node.kill()
            await survivor.server.emit("said", value, room="room")
        await asyncio.wait_for(asyncio.gather(*listening), DEADLINE_S)
        for index, client in enumerate(clients):
            again = await back(survivor, client, offsets[index])
            assert recovered(client, again)
            heard[index] += await values(again, 500 - len(heard[index]))
        assert heard == [list(range(500))] * len(clients)
        assert min(map(len, heard)) > 0


async def test_killed_node_is_seen_at_once_by_who_comes_back(serve: Serve, redis_url: str) -> None:
    survivor = await serve(recovery_window=WINDOW_S)
    async with process(redis_url, bus(survivor)._tag.strip("{}")) as (node, doomed):
        raw = await doomed.joined()
        node.kill()
        await node.wait()
        began = asyncio.get_running_loop().time()
        assert recovered(raw, await back(survivor, raw))
        assert asyncio.get_running_loop().time() - began < 1.0


async def test_what_a_stream_has_forgotten_is_never_passed_over(redis_url: str) -> None:
    """By count and by age, with the stream itself gone: all of a stretch, or nothing; and an old
    offset is good as long as nothing was missed."""
    async with open_redis(redis_url, name="test") as client:

        async def connect() -> Any:
            return client

        short = Bus(connect, prefix="bounds", keep_s=0.2, most_events=3)
        short.start()
        try:
            stream = short.stream("/", "a")
            for _ in range(3):
                await short.emit("/", ["a"], b"x", droppable=False)
            assert await numbers(short, stream, 0) == [1, 2, 3]
            await short.emit("/", ["b"], b"x", droppable=False)
            for _ in range(5):
                await short.emit("/", ["a"], b"x", droppable=False)
            assert await numbers(short, stream, 0) is None
            assert await numbers(short, stream, 6) == [7, 8, 9]
            await eventually_gone(client, stream)
            assert await numbers(short, stream, 8) is None
            assert await numbers(short, stream, 9) == []
            await short.emit("/", ["a"], b"x", droppable=False)
            assert await numbers(short, stream, 8) is None
            assert await numbers(short, stream, 9) == [10]
        finally:
            await short.stop()


async def numbers(short: Bus, stream: str, after: int) -> list[int] | None:
    found = await short.read([(stream, after, -1)], 1 << 20)
    return None if found is None else [number for _, number, _ in found[1]]


async def eventually_gone(client: Any, key: str) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while await client.exists(key):  # noqa: ASYNC110 - a key that expires says nothing
            await asyncio.sleep(0.01)
