"""What a user of python-socketio may bring along: client managers, packet classes, JSON modules."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from typing import Any

import aiohttp
import pytest
import socketio
from aiohttp import web
from engine_support import DEADLINE_S, Running, Serve, eventually
from socketio.async_pubsub_manager import AsyncPubSubManager

from hub.engine import Server


class Bus(AsyncPubSubManager):
    """A bus of one process, in the place of Redis."""

    name = "bus"

    def __init__(self, queues: list[asyncio.Queue[Any]]) -> None:
        super().__init__()
        self._queues = queues
        self._queue: asyncio.Queue[Any] = asyncio.Queue()
        queues.append(self._queue)

    async def _publish(self, data: Any) -> None:
        for queue in self._queues:
            queue.put_nowait(json.dumps(data))

    async def _listen(self) -> Any:
        while True:
            yield await self._queue.get()

    def end(self) -> None:
        self.thread.cancel()


class Binary(socketio.packet.Packet):
    """A packet class whose packets are one binary frame each, as msgpack's are."""

    uses_binary_events = False

    def encode(self) -> bytes:
        return json.dumps(self._to_dict(), default=lambda item: {"bytes": item.hex()}).encode()

    def decode(self, encoded_packet: bytes) -> None:
        found = json.loads(encoded_packet)
        self.packet_type, self.data = found["type"], found.get("data")
        self.id, self.namespace = found.get("id"), found["nsp"]


class Short:
    """A JSON module that proves that it was asked."""

    @staticmethod
    def dumps(data: Any, *_args: Any, **_kwargs: Any) -> str:
        return json.dumps(data).replace("before", "after")

    @staticmethod
    def loads(text: str, *_args: Any, **_kwargs: Any) -> Any:
        return json.loads(text)


async def test_managers_of_two_servers_share_rooms_over_a_bus(serve: Serve) -> None:
    queues: list[asyncio.Queue[Any]] = []
    hubs: list[Running] = [await serve(Server(client_manager=Bus(queues))) for _ in range(2)]
    raws = [await hub.joined() for hub in hubs]
    for hub, raw in zip(hubs, raws, strict=True):
        await hub.server.enter_room(raw.connected["sid"], "room")

    await hubs[0].server.emit("news", {"a": b"1"}, room="room")
    for raw in raws:
        assert await raw.receive() == '451-["news",{"a":{"_placeholder":true,"num":0}}]'
        assert await raw.receive() == b"1"
    await hubs[0].server.emit("direct", 1, to=raws[1].connected["sid"])
    assert await raws[1].event() == ["direct", 1]
    await hubs[0].server.disconnect(raws[1].connected["sid"])
    assert await raws[1].receive() == "41"
    for hub in hubs:
        hub.server.manager.end()
        await asyncio.wait([hub.server.manager.thread])


async def test_packet_class_of_binary_frames(serve: Serve) -> None:
    hub = await serve(serializer=Binary, recovery_window=5)
    hub.server.on("echo", lambda sid, value: value)
    raw = await hub.raw()

    async def receive() -> Any:
        return json.loads(await asyncio.wait_for(raw.socket.recv(), DEADLINE_S))

    async def send(**packet: Any) -> None:
        await raw.send(json.dumps({"nsp": "/", **packet}).encode())

    await send(type=0, data={})
    connected = await receive()
    assert connected["type"] == 0
    assert set(connected["data"]) == {"sid", "pid"}
    await send(type=2, data=["echo", {"a": 1}], id=7)
    assert await receive() == {"type": 3, "data": [{"a": 1}], "nsp": "/", "id": 7}
    await hub.server.emit("news", b"\x01")
    news = await receive()
    assert news["data"][:2] == ["news", {"bytes": "01"}]
    assert isinstance(news["data"][2], str)
    await raw.send(b"{}")
    assert await raw.closed() == 1002


async def test_json_module_of_the_applications_choice(serve: Serve) -> None:
    before = socketio.packet.Packet.json
    try:
        hub = await serve(json=Short)
        raw = await hub.joined()
        await hub.server.emit("news", "before")
        assert await raw.receive() == '42["news", "after"]'
    finally:
        socketio.packet.Packet.json = before


async def test_aiohttp_serves_on_the_same_loop_while_sockets_are_busy(serve: Serve) -> None:
    hub = await serve()
    hub.server.on("echo", lambda sid, value: value)

    async def hello(_request: web.Request) -> web.Response:
        async with asyncio.timeout(5):
            await asyncio.sleep(0.001)
        return web.Response(text="hello")

    application = web.Application()
    application.router.add_get("/", hello)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    raw = await hub.joined()
    async with aiohttp.ClientSession() as session:
        for number in range(20):
            await raw.send(f'421["echo",{number}]')
            async with session.get(f"http://127.0.0.1:{runner.addresses[0][1]}/") as response:
                assert await response.text() == "hello"
            assert await raw.receive() == f"431[{number}]"
    await runner.cleanup()


async def test_server_listens_again_after_close() -> None:
    server = Server()
    server.on("echo", lambda sid, value: value)
    for _ in range(3):
        port = await server.listen(["127.0.0.1", "::1"], 0)
        assert server.port == port
        client = socketio.AsyncClient(reconnection=False)
        await client.connect(f"http://127.0.0.1:{port}", transports=["websocket"])
        assert await client.call("echo", 1, timeout=2) == 1
        await client.disconnect()
        await server.close()


async def test_close_waits_for_handlers_and_their_disconnect(serve: Serve) -> None:
    hub = await serve()
    log: list[str] = []

    @hub.server.event
    async def work(sid: str) -> None:
        log.append("begin")
        await asyncio.sleep(0.05)
        log.append("end")

    hub.server.on("disconnect", lambda sid, reason: log.append(reason))
    raw = await hub.joined()
    await raw.send('42["work"]')
    await eventually(lambda: log == ["begin"])
    await hub.server.close()
    assert log == ["begin", "end", "server disconnect"]


async def test_background_tasks_and_sleep(serve: Serve) -> None:
    hub = await serve()
    done: list[int] = []

    async def work(value: int) -> None:
        await hub.server.sleep(0)
        done.append(value)

    await hub.server.start_background_task(work, 3)
    assert done == [3]


async def test_several_namespaces_share_a_connection(serve: Serve) -> None:
    hub = await serve(namespaces=["/", "/a", "/b"])
    raw = await hub.raw()
    sids = [(await raw.join(namespace))["sid"] for namespace in ("/", "/a", "/b")]
    assert len(set(sids)) == 3
    await hub.server.emit("x", 1, namespace="/a")
    assert await raw.receive() == '42/a,["x",1]'
    await raw.send("41/a,")
    await hub.server.emit("x", 2, namespace="/b")
    assert await raw.receive() == '42/b,["x",2]'


@pytest.mark.parametrize("blocked", ["socketify", "cffi"])
def test_engine_imports_without_the_native_library(blocked: str) -> None:
    code = f"""
import sys
sys.modules[{blocked!r}] = None
import hub.engine
server = hub.engine.create_server("auto")
print(type(server).__name__)
try:
    hub.engine.create_server("uws")
except hub.engine.EngineUnavailable as error:
    print("unavailable")
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["FallbackServer", "unavailable"]
