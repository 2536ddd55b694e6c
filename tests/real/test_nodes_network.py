"""A network cut between a node and Redis: no packet passes, and nobody is told."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import socketio
from engine_support import eventually

from tests.real.network import Namespace, namespaces
from tests.real.redis_server import RedisServer, single

DEADLINE_S = 30.0
CUT_S = 7.0  # longer than a node believes in a silent connection


class Node:
    """An engine in a network of its own, and a client that is in a room there."""

    def __init__(self, namespace: Namespace, port: int) -> None:
        self.namespace = namespace
        self.url = f"http://{namespace.host}:{port}"
        self.client = socketio.AsyncClient(reconnection=False)
        self.heard: list[Any] = []
        self.lost = False
        self.client.on("said", lambda value, *_: self.heard.append(value))
        self.client.on("disconnect", self._disconnected)

    def _disconnected(self, *_: Any) -> None:
        self.lost = True

    async def say(self, value: int, timeout_s: float = DEADLINE_S) -> None:
        assert await self.client.call("say", ("room", value), timeout=timeout_s)


@pytest.fixture
def networks() -> Iterator[list[Namespace]]:
    with namespaces(2) as made:
        yield made


@pytest.fixture
def redis(networks: list[Namespace], tmp_path: Path) -> Iterator[RedisServer]:
    addresses = [address for network in networks for address in ("--bind", network.redis_host)]
    with single(tmp_path / "redis", "--protected-mode", "no", *_all(addresses)) as server:
        yield server


def _all(addresses: list[str]) -> list[str]:
    return ["--bind", "127.0.0.1", *[address for address in addresses if address != "--bind"]]


@pytest.fixture
async def nodes(networks: list[Namespace], redis: RedisServer) -> AsyncIterator[list[Node]]:
    async with AsyncExitStack() as stack:
        made = []
        for network in networks:
            url = f"redis://{network.redis_host}:{redis.port}"
            command = network.command(
                sys.executable, "-m", "tests.real.node_process", url, "cut", network.host
            )
            process = await asyncio.create_subprocess_exec(
                *command, cwd=Path(__file__).parents[2], stdout=asyncio.subprocess.PIPE
            )
            stack.push_async_callback(process.wait)
            stack.callback(process.kill)
            assert process.stdout is not None
            port = int(await asyncio.wait_for(process.stdout.readline(), DEADLINE_S))
            node = Node(network, port)
            await node.client.connect(node.url, transports=["websocket"], wait_timeout=DEADLINE_S)
            stack.push_async_callback(node.client.disconnect)
            assert await node.client.call("join", "room", timeout=DEADLINE_S)
            made.append(node)
        yield made


async def test_node_cut_off_from_redis_catches_up_and_its_clients_stay(nodes: list[Node]) -> None:
    here, there = nodes
    for value in range(10):
        await there.say(value)
    await eventually(lambda: here.heard == list(range(10)), DEADLINE_S)

    here.namespace.cut()
    began = asyncio.get_running_loop().time()
    value = 10
    while asyncio.get_running_loop().time() < began + CUT_S:
        await there.say(value)
        value += 1
        await asyncio.sleep(0.05)  # the load, not a wait
    assert there.heard == list(range(value)), "who is not cut off notices nothing"
    assert here.heard == list(range(10))
    with pytest.raises(socketio.exceptions.TimeoutError):
        await here.say(-1, timeout_s=1.0)  # nothing that cannot be said to have happened is acknowledged

    here.namespace.mend()
    await eventually(lambda: here.heard[:value] == list(range(value)), DEADLINE_S)
    assert not here.lost
    await eventually(lambda: _said(here, there), DEADLINE_S)
    await here.say(1000)
    await eventually(lambda: here.heard[-1] == there.heard[-1] == 1000, DEADLINE_S)
    assert here.heard == there.heard
    assert len(here.heard) == len(set(here.heard))


def _said(here: Node, there: Node) -> bool:
    return here.heard == there.heard
