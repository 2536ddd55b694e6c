"""A hub that is told to stop: clients learn when they are closed; a second signal stops at once."""

from __future__ import annotations

import asyncio
import json
import signal
from pathlib import Path
from typing import Any

import aiohttp

from tests.e2e.process import HubProcess

DEADLINE_S = 10.0


async def _joined(http: aiohttp.ClientSession, hub: HubProcess, token: str) -> Any:
    ws = await http.ws_connect(f"{hub.hub_url}/socket.io/?EIO=4&transport=websocket")
    await ws.send_str("40" + json.dumps({"token": token}))
    await _event(ws, "hub:session")
    return ws


async def _event(ws: Any, name: str) -> Any:
    async with asyncio.timeout(DEADLINE_S):
        while True:
            text = await ws.receive_str()
            if text.startswith(f'42["{name}"'):
                return json.loads(text[2:])[1]


async def test_sigterm_tells_when_and_a_second_one_stops_at_once(tmp_path: Path) -> None:
    hub = HubProcess(tmp_path / "data", args=(), settings={"DRAIN_SECONDS": "60"})
    await hub.start()
    try:
        tokens = hub.tokens("consumer", [f"consumer_{number:03}" for number in range(4)])
        async with aiohttp.ClientSession() as http:
            clients = [await _joined(http, hub, token) for token in tokens]
            assert hub.process is not None
            hub.process.send_signal(signal.SIGTERM)
            told = [(await _event(ws, "hub:closing"))["closes_in_seconds"] for ws in clients]
            assert sorted(told) == [0, 15, 30, 45]
            first = clients[told.index(0)]
            assert (await first.receive(timeout=DEADLINE_S)).data == 1012
            assert hub.process.returncode is None
            async with asyncio.timeout(DEADLINE_S):
                assert await hub.kill(signal.SIGTERM) == -signal.SIGTERM
    finally:
        await hub.kill()
    assert "Traceback" not in hub.log()
