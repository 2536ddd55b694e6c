"""Both doors behind the nginx example, TLS in between, with clients that know nothing of it."""

from __future__ import annotations

import asyncio
import io
import re
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import socketio

from hub.engine.options import Options
from tests.deploy.proxy import FILE, Proxy, running, written
from tests.e2e.process import HubProcess, running_hub

ANSWER_S = 10.0


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[HubProcess]:
    async with running_hub(tmp_path, "--seed", TRUSTED_PROXIES="127.0.0.1") as hub:
        yield hub


@pytest.fixture
async def proxy(hub: HubProcess, tmp_path: Path) -> AsyncIterator[Proxy]:
    async with running(written(tmp_path / "nginx", hub)) as proxy:
        yield proxy


def test_nginx_accepts_the_file(tmp_path: Path) -> None:
    proxy = written(tmp_path / "nginx", HubProcess(tmp_path / "data"))
    tested = subprocess.run([*proxy.command, "-t"], capture_output=True, text=True, timeout=20)
    assert tested.returncode == 0, tested.stderr
    assert "[warn]" not in tested.stderr


def test_a_quiet_client_is_pinged_before_nginx_ends_it() -> None:
    options = Options()
    seconds = [int(found) for found in re.findall(r"proxy_read_timeout (\d+)s", FILE.read_text())]
    assert max(seconds) > options.interval_s + options.ping_timeout


TRANSPORTS = {
    "consumer_001": ["websocket"],
    "consumer_002": ["polling"],
    "consumer_003": ["polling", "websocket"],
}


async def test_sockets_hear_events_at_once_by_every_transport(hub: HubProcess, proxy: Proxy) -> None:
    for user, transports in TRANSPORTS.items():
        rider: Any = socketio.AsyncClient(reconnection=False, ssl_verify=False)
        heard: asyncio.Queue[Any] = asyncio.Queue()
        rider.on("queue:ended", lambda payload, *_offset: heard.put_nowait(payload))  # noqa: B023
        auth = {"token": await hub.token("consumer", user)}
        await rider.connect(proxy.url, auth=auth, transports=transports, wait_timeout=ANSWER_S)
        try:
            place = await rider.call("queue:confirm", {"station_id": "station_001"}, timeout=ANSWER_S)
            assert place["ok"], place
            assert (await rider.call("queue:leave", {}, timeout=ANSWER_S))["ok"]
            ended = await asyncio.wait_for(heard.get(), ANSWER_S)
        finally:
            await rider.disconnect()
        assert ended["entry_id"] == place["data"]["entry_id"]


async def test_rest_and_the_dashboard_are_behind_it(hub: HubProcess, proxy: Proxy) -> None:
    token = await hub.token("consumer", "consumer_001")
    connector = aiohttp.TCPConnector(ssl=False)
    async with aiohttp.ClientSession(connector=connector) as http:
        signed = {"Authorization": f"Bearer {token}"}
        async with http.get(f"{proxy.url}/station/station_001/status", headers=signed) as answer:
            assert (await answer.json())["id"] == "station_001"
        async with http.get(f"{proxy.url}/") as answer:
            assert answer.status == 200
            assert "Strict-Transport-Security" in answer.headers
        async with http.post(
            f"{proxy.url}/queue/confirm", headers=signed, data=io.BytesIO(b" " * 1_100_000)
        ) as answer:
            assert answer.status == 413
            assert (await answer.json())["code"] == "payload_too_large"
        plain = f"http://127.0.0.1:{proxy.plain_port}/docs?x=1"
        async with http.get(plain, allow_redirects=False) as answer:
            assert answer.status == 301
            assert answer.headers["Location"] == "https://127.0.0.1/docs?x=1"


async def test_who_comes_through_it_is_not_on_the_hubs_machine(hub: HubProcess, proxy: Proxy) -> None:
    """`/metrics` is open to this machine itself, and a proxy on it must not open it to the world."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=False)) as http:
        async with http.get(f"{hub.rest_url}/metrics") as answer:
            assert answer.status == 200
        async with http.get(f"{proxy.url}/metrics") as answer:
            assert answer.status == 401
