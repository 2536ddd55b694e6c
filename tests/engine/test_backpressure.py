"""Clients that read slowly: bounded, conflated, served by lanes, and no burden to the others."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
from engine_support import Serve, eventually
from slow_support import Slow, fill, stall
from victim_support import DEADLINE_S, Victim, cut, join_narrow, masked, narrow

from hub.engine.lanes import ACK, OVERHEAD_BYTES, STATE, TELEMETRY, Item, Lanes


def test_lanes_go_acks_before_state_before_telemetry_and_conflate() -> None:
    lanes = Lanes()
    for lane, name in ((TELEMETRY, "t1"), (STATE, "s1"), (ACK, "a1"), (TELEMETRY, "t2"), (ACK, "a2")):
        lanes.push(Item((name.encode(),), "same" if lane == TELEMETRY else None), lane)
    assert lanes.size == 4 * (2 + OVERHEAD_BYTES)
    order = []
    while lanes.size:
        order.append(lanes.pop().frames[0].decode())
    assert order == ["a1", "a2", "s1", "t2"]
    with pytest.raises(IndexError):
        lanes.pop()


async def test_state_is_never_lost_and_a_drained_client_is_back_on_its_topics(
    serve: Serve, slow: Slow
) -> None:
    hub = await serve()
    connection = await stall(hub, slow)
    client = hub.server.manager.client(slow.sid, "/")
    assert not client.native
    for number in range(200):
        await hub.server.emit("state", number)
    await hub.server.emit("end", 0)

    events = fill(await slow.events("end"))

    assert events == [["state", number] for number in range(200)]
    await eventually(lambda: connection.lanes is None)
    assert client.native
    await hub.server.emit("live", 1)
    await hub.server.emit("end", 0)
    assert await slow.events("end") == [["live", 1]]


async def test_telemetry_of_a_slow_client_is_the_newest_per_key(serve: Serve, slow: Slow) -> None:
    hub = await serve()
    connection = await stall(hub, slow)
    for number in range(1000):
        for vehicle in range(5):
            await hub.server.emit("gps", [vehicle, number], droppable=True, conflate_key=vehicle)
    await hub.server.emit("gps", "nobody misses this", droppable=True)
    assert len(connection.lanes._telemetry) == 5
    await hub.server.emit("end", 0, lane="telemetry", droppable=True, conflate_key="end")

    events = fill(await slow.events("end"))

    assert events == [["gps", [vehicle, 999]] for vehicle in range(5)]
    assert hub.server.stats()["conflated"] == 4995
    assert hub.server.stats()["dropped"] == 1


async def test_batches_reach_a_slow_client_as_the_newest_of_each_thing_in_them(
    serve: Serve, slow: Slow
) -> None:
    """Whoever was in one batch alone is not lost with it."""
    hub = await serve()
    fast = await hub.joined()
    connection = await stall(hub, slow)
    batches = [[("a", 1), ("b", 1)], [("b", 2), ("c", 2)], [("b", 3)]]
    for number, batch in enumerate(batches):
        vans = [{"van": van, "at": at} for van, at in batch]
        payload = {"id": number, "vans": vans}
        await hub.server.emit("gps", payload, droppable=True, conflate_each=("vans", "van"))
    await hub.server.emit("end", 0, droppable=True, conflate_key="end")

    events = fill(await slow.events("end"))

    assert events == [
        ["gps", {"id": 0, "vans": [{"van": "a", "at": 1}]}],
        ["gps", {"id": 2, "vans": [{"van": "b", "at": 3}]}],
        ["gps", {"id": 1, "vans": [{"van": "c", "at": 2}]}],
    ]
    assert hub.server.stats()["conflated"] == 2
    assert hub.server.stats()["dropped"] == 0
    await eventually(lambda: connection.lanes is None)
    heard = [event async for event in _until(fast, "end")]
    assert [len(value["vans"]) for name, value in heard if name == "gps"] == [2, 2, 1]


async def _until(client: Any, name: str) -> AsyncIterator[list[Any]]:
    while (event := await client.event())[0] != name:
        yield event


async def test_ack_overtakes_state_and_state_overtakes_telemetry(serve: Serve, slow: Slow) -> None:
    hub = await serve()
    hub.server.on("ask", lambda sid: "answer")
    await stall(hub, slow)
    await hub.server.emit("gps", 1, droppable=True, conflate_key="a")
    await hub.server.emit("state", 2)
    await slow.send('421["ask"]')
    await eventually(lambda: hub.server.stats()["messages_in"] == 2)
    await hub.server.emit("urgent", 3, lane="ack")
    await hub.server.emit("end", 0, droppable=True, conflate_key="end")

    events = fill(await slow.events("end"))

    assert events == [["ack", '431["answer"]'], ["urgent", 3], ["state", 2], ["gps", 1]]


async def test_past_its_bound_a_client_loses_telemetry_then_its_connection(serve: Serve, slow: Slow) -> None:
    hub = await serve(max_backpressure_bytes=100_000, recovery_window=10)
    connection = await stall(hub, slow)
    session = hub.server.manager.client(slow.sid, "/").session
    await hub.server.emit("gps", "x" * 50_000, droppable=True, conflate_key=1)
    for _ in range(45):
        await hub.server.emit("state", "x" * 1000)
    assert not connection.closed
    assert hub.server.stats()["dropped"] == 1
    for _ in range(100):
        await hub.server.emit("state", "x" * 1000)

    assert connection.closed
    assert hub.server.stats()["slow_closed"] == 1
    with pytest.raises(ConnectionError):
        await slow.events("never")
    assert slow.code == 3008
    assert await hub.server.recovery.find(session.pid) is session


async def test_slow_reader_costs_the_others_nothing(serve: Serve, slow: Slow) -> None:
    hub = await serve()
    fast = [await hub.joined() for _ in range(5)]
    await stall(hub, slow)
    for number in range(300):
        await hub.server.emit("state", number)
    for raw in fast:
        got: list[Any] = []
        while len(got) < 300:
            event = await raw.event()
            if event[0] == "state":
                got.append(event[1])
        assert got == list(range(300))
    assert hub.server.stats()["slow"] == 1


async def test_published_bytes_alone_make_the_server_look(serve: Serve, slow: Slow) -> None:
    """Nothing is sent to the client by itself, so no send ever reports its backlog."""
    hub = await serve(max_backpressure_bytes=300_000)
    await slow.join(hub.port)
    connection = hub.server.manager.client(slow.sid, "/").connection
    for _ in range(40):
        for _ in range(10):
            await hub.server.emit("state", "x" * 10_000)
        await asyncio.sleep(0)
    await eventually(lambda: connection.closed)
    assert hub.server.stats()["slow_closed"] == 1


@pytest.mark.parametrize("victim", [{"ping_interval": 60}], indirect=True)
async def test_reader_of_2_kb_a_second_among_1000_costs_the_others_nothing(victim: Victim) -> None:
    members = []
    for _ in range(10):
        members += await asyncio.gather(*(joined(victim) for _ in range(100)))
    asking = members[0][1]

    async def round_s() -> float:
        begin = asyncio.get_running_loop().time()
        asking.write(masked(b'42["everybody",200]'))
        async with asyncio.timeout(DEADLINE_S):
            await asyncio.gather(*(reader.readuntil(b'42["round"') for reader, _ in members))
        return asyncio.get_running_loop().time() - begin

    async def read_slowly(found: socket.socket) -> None:
        while True:
            await asyncio.get_running_loop().sock_recv(found, 200)
            await asyncio.sleep(0.1)

    alone = [await round_s() for _ in range(3)]
    before = await victim.figures()
    with narrow(victim.port) as found:
        await join_narrow(found)
        reading = asyncio.create_task(read_slowly(found))
        beside = [await round_s() for _ in range(3)]
        after = await victim.figures()
        reading.cancel()
        await asyncio.wait([reading])
    for _, writer in members:
        cut(writer)

    assert after["slow"] == before["slow"] + 1
    assert after["slow_closed"] == before["slow_closed"]
    assert after["rss_kb"] - before["rss_kb"] < 2 * 1024  # its bound is 1 MiB
    assert min(beside) < 1.5 * min(alone), (alone, beside)


async def joined(victim: Victim) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await victim.websocket()
    writer.write(masked(b"40"))
    await reader.readuntil(b"40{")
    return reader, writer


async def test_telemetry_of_one_window_leaves_together_and_holds_up_nothing(serve: Serve) -> None:
    hub = await serve(telemetry_window=0.05)
    hub.server.on("ask", lambda sid: "answer")
    raw = await hub.joined()
    began = asyncio.get_running_loop().time()
    await hub.server.emit("gps", 1, droppable=True, conflate_key="van")
    await hub.server.emit("gps", 2, droppable=True)
    await hub.server.emit("gps", 3, droppable=True, conflate_key="van")
    await hub.server.emit("state", 4)
    await raw.send('421["ask"]')
    assert await raw.event() == ["state", 4]
    assert await raw.receive() == '431["answer"]'
    assert await raw.event() == ["gps", 3]
    assert asyncio.get_running_loop().time() - began >= 0.05
    assert await raw.event() == ["gps", 2]
    assert hub.server.stats()["conflated"] == 1
    await hub.server.emit("gps", "a text", droppable=True, skip_sid="nobody")
    assert await raw.event() == ["gps", "a text"]
