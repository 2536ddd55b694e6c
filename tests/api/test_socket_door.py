"""What the settings do to the Socket.IO door: who may come how fast, from where, and how it ends."""

from __future__ import annotations

import asyncio
import json

import aiohttp
import pytest
from pydantic import ValidationError

from hub.config import Settings
from tests.conftest import MakeHub
from tests.support.hub import RunningHub
from tests.support.raw import RawSocket, raw_socket

POLLING = "/socket.io/?EIO=4&transport=polling"


async def test_connect_rate_sends_the_next_away_for_a_second(make_hub: MakeHub) -> None:
    hub: RunningHub = await make_hub(connect_rate=2)
    answers = []
    for _ in range(3):
        async with hub.http.get(hub.socket_url + POLLING) as response:
            answers.append((response.status, response.headers.get("Retry-After")))
    assert answers == [(200, None), (200, None), (503, "1")]
    with pytest.raises(aiohttp.WSServerHandshakeError, match="503"):
        await hub.http.ws_connect(f"{hub.socket_url}/socket.io/?EIO=4&transport=websocket")


async def test_without_connect_rate_nobody_is_sent_away(hub: RunningHub) -> None:
    for _ in range(100):
        async with hub.http.get(hub.socket_url + POLLING) as response:
            assert response.status == 200


@pytest.mark.parametrize(
    ("proxies", "address"),
    [("", "127.0.0.1"), ("127.0.0.1", "10.0.0.1"), ("127.0.0.1, 10.0.0.0/8", "6.6.6.6")],
)
async def test_forwarded_addresses_are_believed_from_trusted_proxies(
    make_hub: MakeHub, monkeypatch: pytest.MonkeyPatch, proxies: str, address: str
) -> None:
    monkeypatch.setenv("TRUSTED_PROXIES", proxies)
    hub: RunningHub = await make_hub()
    headers = {"X-Forwarded-For": "6.6.6.6, 10.0.0.1"}
    url = f"{hub.socket_url}/socket.io/?EIO=4&transport=websocket"
    async with hub.http.ws_connect(url, headers=headers) as ws:
        await ws.send_str("40" + json.dumps({"token": hub.rider().token}))
        while not (await ws.receive_str(timeout=5)).startswith("40"):
            pass
        (client,) = hub.hub.server.manager.everybody()
        assert hub.hub.server.get_environ(client.sid)["REMOTE_ADDR"] == address


@pytest.mark.parametrize("proxies", ["proxy.example", "10.0.0.0/99", "127.0.0.1;10.0.0.1"])
def test_trusted_proxies_that_are_no_addresses_are_refused(
    monkeypatch: pytest.MonkeyPatch, proxies: str
) -> None:
    monkeypatch.setenv("TRUSTED_PROXIES", proxies)
    with pytest.raises(ValidationError, match="trusted_proxies"):
        Settings()


async def _closing(raw: RawSocket) -> float:
    while True:
        name, *arguments = await raw.until("42")
        if name == "hub:closing":
            return float(arguments[0]["closes_in_seconds"])


async def test_stopping_hub_says_when_it_closes(make_hub: MakeHub) -> None:
    hub: RunningHub = await make_hub(drain_seconds=0.5)
    async with raw_socket(hub, hub.rider().token) as first, raw_socket(hub, hub.rider().token) as second:
        for raw in (first, second):
            assert (await raw.until("42"))[0] == "hub:session"
        draining = asyncio.create_task(hub.hub.server.drain(0.5))
        told = [await _closing(raw) for raw in (first, second)]
        assert sorted(told) == [0, 0.25]
        for raw in (first, second):
            message = await raw.ws.receive(timeout=5)
            assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, 1012)
        await draining
