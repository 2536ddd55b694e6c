"""Two processes on one port: the tests of polling and upgrading, with each request at the wrong one."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import aiohttp
import pytest
from engine_support import DEADLINE_S, Running, Serve, eventually
from polling_support import Http, session
from test_polling import *  # noqa: F403
from test_upgrade import *  # noqa: F403

from hub.engine import Server, neighbours
from hub.engine.neighbours import Neighbours
from tests.support.processes import free_port

__all__ = ["session"]


class Astray(Http):
    """The session is one process's; whatever follows the handshake lands on the other."""

    other: Running

    @property
    def next(self) -> Running:
        return self.other if self.sid else self.hub


@pytest.fixture
async def http(serve: Serve, session: aiohttp.ClientSession) -> Astray:
    ports = {"a": free_port(), "b": free_port()}
    addresses = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    nodes = {}
    for name, port in ports.items():
        server = Server(cors_allowed_origins="*", neighbours=Neighbours(name, addresses))
        server.on("echo", lambda sid, *args: args)
        await server.listen("127.0.0.1", port)
        nodes[name] = await serve(server)
    found = Astray(nodes["a"], session)
    found.other = nodes["b"]
    await found.open()
    return found


async def test_sessions_of_nobody_are_refused(http: Astray) -> None:
    http.sid = "c~" + http.sid[2:]
    assert (await http.poll())[0] == 400


async def test_process_that_is_gone_is_said_to_be(http: Astray) -> None:
    await http.hub.server.close()
    status, body = await http.poll()
    assert status == 503
    assert "process" in body
    raw = await http.websocket()
    assert await raw.closed() == 1013


async def test_slow_reader_behind_another_process_is_slow_at_its_own(http: Astray) -> None:
    """The relay stops reading when the client does: nothing piles up between the two."""
    await http.post("40")
    raw = await http.upgrade()
    await raw.send("5")
    connection = http.hub.server.eio.sockets[http.sid]
    await eventually(lambda: connection.ws is not None)
    raw.socket.transport.pause_reading()
    text = "x" * 10_000

    async def speak() -> None:
        while not connection.closed and connection.lanes is None:
            await http.hub.server.emit("said", text)
            await asyncio.sleep(0)

    await asyncio.wait_for(speak(), 2 * DEADLINE_S)
    assert connection.lanes is not None or connection.closed
    raw.socket.transport.resume_reading()


async def test_client_that_leaves_is_gone_at_its_own_process_at_once(http: Astray) -> None:
    await http.post("40")
    raw = await http.upgrade()
    await raw.send("5")
    connection = http.hub.server.eio.sockets[http.sid]
    await eventually(lambda: connection.ws is not None)
    raw.socket.transport.abort()
    await eventually(lambda: connection.closed, 1.0)


@pytest.fixture
async def silent(serve: Serve, session: aiohttp.ClientSession) -> AsyncIterator[Astray]:
    """The session's process accepts connections and says nothing any more."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        addresses = {"a": "http://127.0.0.1:1", "b": f"http://127.0.0.1:{listener.getsockname()[1]}"}
        options = {"ping_interval": 0.1, "ping_timeout": 0.1, "max_inbox_bytes": 10_000}
        hub = await serve(neighbours=Neighbours("a", addresses), **options)
        found = Astray(hub, session)
        found.other, found.sid = hub, "b~" + "x" * 20
        yield found


async def test_silent_process_is_not_waited_for_for_ever(silent: Astray) -> None:
    assert (await silent.poll())[0] == 503
    assert (await silent.post("40"))[0] == 503


async def test_what_waits_for_a_silent_process_is_bounded(silent: Astray) -> None:
    raw = await silent.websocket()
    await raw.send(*["4" + "x" * 1000] * 11)
    assert await raw.closed() == 1008


async def test_websocket_to_a_silent_process_ends(silent: Astray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "_OPEN_S", 0.1)
    raw = await silent.websocket()
    assert await raw.closed() == 1013
