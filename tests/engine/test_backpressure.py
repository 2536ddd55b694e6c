"""Clients that read slowly: bounded, conflated, served by lanes, and no burden to the others."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import socket
import struct
from collections.abc import AsyncIterator
from typing import Any

import pytest
from engine_support import DEADLINE_S, Running, Serve, eventually

from hub.engine.lanes import ACK, STATE, TELEMETRY, Item, Lanes


class Slow:
    """A client that reads when told to, with a small receive buffer."""

    def __init__(self) -> None:
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.setblocking(False)
        self._data = b""
        self.sid = ""
        self.code = 0

    async def join(self, port: int) -> None:
        loop = asyncio.get_running_loop()
        await loop.sock_connect(self.socket, ("127.0.0.1", port))
        key = base64.b64encode(os.urandom(16)).decode()
        await loop.sock_sendall(
            self.socket,
            b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            + f"Sec-WebSocket-Key: {key}\r\n\r\n".encode(),
        )
        while b"\r\n\r\n" not in self._data:
            await self._more()
        self._data = self._data.partition(b"\r\n\r\n")[2]
        await self.frame()
        await self.send("40")
        self.sid = json.loads((await self.frame())[2:])["sid"]

    async def send(self, text: str) -> None:
        data = text.encode()
        head = struct.pack("!BB", 0x81, 0x80 | len(data)) + b"\0\0\0\0"
        await asyncio.get_running_loop().sock_sendall(self.socket, head + data)

    async def _more(self) -> None:
        async with asyncio.timeout(DEADLINE_S):
            data = await asyncio.get_running_loop().sock_recv(self.socket, 65536)
        if not data:
            raise ConnectionError
        self._data += data

    async def _exactly(self, count: int) -> bytes:
        while len(self._data) < count:
            await self._more()
        taken, self._data = self._data[:count], self._data[count:]
        return taken

    async def frame(self) -> str:
        first, size = await self._exactly(2)
        if size == 126:
            (size,) = struct.unpack("!H", await self._exactly(2))
        elif size == 127:
            (size,) = struct.unpack("!Q", await self._exactly(8))
        body = await self._exactly(size)
        if first == 0x88:
            (self.code,) = struct.unpack("!H", body[:2])
            raise ConnectionError
        return body.decode()

    async def events(self, until: str) -> list[Any]:
        """Events up to the one named `until`, each as [name, value]; acks as ["ack", value]."""
        found = []
        while True:
            frame = await self.frame()
            if frame == "2":
                continue
            name, value = ("ack", frame) if frame.startswith("43") else json.loads(frame[2:])[:2]
            if name == until:
                return found
            found.append([name, value])


@pytest.fixture
async def slow() -> AsyncIterator[Slow]:
    client = Slow()
    yield client
    client.socket.close()


async def stall(hub: Running, client: Slow) -> Any:
    """Publish until the server has noticed that the client does not read."""
    await client.join(hub.port)
    connection = hub.server.manager.client(client.sid, "/").connection
    number = 0
    while connection.lanes is None:
        await hub.server.emit("fill", "x" * 2000)
        number += 1
        await asyncio.sleep(0.001)
        assert number < 1000
    return connection


def fill(events: list[Any]) -> list[Any]:
    return [event for event in events if event[0] != "fill"]


def test_lanes_go_acks_before_state_before_telemetry_and_conflate() -> None:
    lanes = Lanes()
    for lane, name in ((TELEMETRY, "t1"), (STATE, "s1"), (ACK, "a1"), (TELEMETRY, "t2"), (ACK, "a2")):
        lanes.push(Item((name.encode(),), "same" if lane == TELEMETRY else None), lane)
    assert lanes.size == 8
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
    assert hub.server.recovery.find(session.pid) is session


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
