"""`navswap serve --workers 3`: one hub on one pair of ports, whichever process a request lands on."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import socketio
from engine_support import eventually

from hub.auth import Authenticator
from hub.clock import utc_now
from hub.config import Settings
from services.models import Role
from tests.real.mongo_fixtures import mongo_databases, mongo_uri
from tests.real.redis_fixtures import redis_databases, redis_url

__all__ = ["mongo_databases", "mongo_uri", "redis_databases", "redis_url"]
SECRET = "only for this test, and for nothing else at all"
WORKERS = 3
DEADLINE_S = 60.0


class Serving:
    """The command, as it runs."""

    def __init__(self, process: asyncio.subprocess.Process, output: str, settings: dict[str, str]) -> None:
        self.process = process
        ports = re.findall(r"(?:Socket.IO|REST) +port (\d+)", output)
        self.url, self.rest_url = (f"http://127.0.0.1:{port}" for port in ports)
        self._authenticator = Authenticator.of(Settings(_env_file=None, **settings), utc_now)

    def token(self, id: str, role: Role = Role.CONSUMER) -> str:
        return self._authenticator.issue(id, role, ttl=timedelta(hours=1))[0]

    def workers(self) -> list[int]:
        """Process ids."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(child) for child in children.split()]

    async def client(self, id: str, **options: Any) -> Any:
        """A client with its defaults: it polls, then upgrades, each time on a connection of its own."""
        client = socketio.AsyncClient(reconnection=False)
        await client.connect(self.url, auth={"token": self.token(id)}, wait_timeout=20, **options)
        return client


@pytest.fixture
async def serving(mongo_uri: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Serving]:
    settings = {
        "MONGODB_URI": mongo_uri, "REDIS_HOST": redis_url, "JWT_SECRET": SECRET, "QR_SECRET": SECRET,
        "HUB_PORT": "0", "REST_PORT": "0", "HUB_HOST": "127.0.0.1", "DATA_DIR": str(tmp_path),
        "DRAIN_SECONDS": "0.5",
    }  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "hub", "serve", "--seed", "--workers", str(WORKERS),
        env={**os.environ, **settings}, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    assert process.stdout is not None
    output = ""
    try:
        async with asyncio.timeout(DEADLINE_S):
            while "Dashboard" not in output:
                line = await process.stdout.readline()
                assert line, output
                output += line.decode()
        reading = asyncio.create_task(process.stdout.read())
        lower = {name.lower(): value for name, value in settings.items()}
        yield Serving(process, output, lower)
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(process.wait(), DEADLINE_S)
            except TimeoutError:
                process.kill()
                await process.wait()
    await reading
    assert process.returncode == 0


async def test_clients_with_their_defaults_are_served_wherever_their_requests_land(serving: Serving) -> None:
    clients = [await serving.client(f"rider_{n}") for n in range(12)]
    polling = [await serving.client(f"poller_{n}", transports=["polling"]) for n in range(6)]
    assert {client.transport() for client in clients} == {"websocket"}
    for client in (*clients, *polling):
        answer = await client.call("room:join", {"room": "station:station_001"}, timeout=10)
        assert answer["ok"], answer
    await asyncio.gather(*(client.disconnect() for client in (*clients, *polling)))


async def test_both_doors_are_every_workers(serving: Serving) -> None:
    headers = {"Authorization": f"Bearer {serving.token('admin', Role.ADMIN)}"}
    async with aiohttp.ClientSession() as http:
        for _ in range(12):
            url = f"{serving.rest_url}/readyz"
            async with http.get(url, headers={**headers, "Connection": "close"}) as answer:
                assert answer.status == 200, await answer.text()
        async with http.get(f"{serving.rest_url}/metrics") as answer:
            page = await answer.text()
    assert {f'worker="{n}"' for n in range(WORKERS)} <= set(re.findall(r'worker="\d+"', page))
    assert 'hub_engine_connections{worker="0"}' in page
    assert len(serving.workers()) == WORKERS


async def test_killed_worker_costs_its_clients_nothing_and_is_started_again(serving: Serving) -> None:
    lost: list[str] = []
    sessions: dict[str, dict[str, Any]] = {}
    clients = []
    for number in range(9):
        client = socketio.AsyncClient(reconnection=False)
        name = f"rider_{number}"
        client.on("hub:session", lambda told, *_, name=name: sessions.__setitem__(name, told))
        client.on("disconnect", lambda *_, name=name: lost.append(name))
        await client.connect(
            serving.url, auth={"token": serving.token(name)}, transports=["websocket"], wait_timeout=20
        )
        clients.append((name, client))
    await eventually(lambda: len(sessions) == len(clients), DEADLINE_S)
    before = dict(sessions)
    workers = serving.workers()
    os.kill(workers[1], signal.SIGKILL)
    await eventually(lambda: bool(lost), DEADLINE_S)
    returned: list[str] = []
    while len(returned) < len(lost):  # some hear of it while others are on their way back
        name = lost[len(returned)]
        auth = {"token": serving.token(name), "pid": before[name]["pid"]}
        sessions.pop(name)
        await dict(clients)[name].connect(serving.url, auth=auth, transports=["websocket"], wait_timeout=20)
        returned.append(name)
    await eventually(lambda: all(name in sessions for name in returned), DEADLINE_S)
    assert all(sessions[name]["recovered"] for name in returned)
    await eventually(
        lambda: len(serving.workers()) == WORKERS and workers[1] not in serving.workers(), DEADLINE_S
    )
    for _, client in clients:
        with contextlib.suppress(socketio.exceptions.BadNamespaceError):
            await client.disconnect()


async def test_workers_need_what_they_share(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "hub", "serve", "--workers", "2",
        env={"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path)},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, errors = await asyncio.wait_for(process.communicate(), DEADLINE_S)
    assert process.returncode == 2
    assert b"REDIS_HOST" in errors
