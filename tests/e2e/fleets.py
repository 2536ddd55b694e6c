"""A fleet in a process of its own, and an admin who watches what it does."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import socketio

from tests.e2e.process import HubProcess

DEADLINE_S = 60.0
FAST = ("--time-factor", "200", "--top-speed", "100000", "--riders", "40")


class Watcher:
    """An admin's socket in the room `admin`."""

    def __init__(self, hub: HubProcess) -> None:
        self._hub = hub
        self._news = asyncio.Event()
        self.heard: list[tuple[str, dict[str, Any]]] = []
        self.socket: Any = socketio.AsyncClient(reconnection=False)
        self.socket.on("*", self._hear)

    async def _hear(self, event: str, payload: dict[str, Any]) -> None:
        self.heard.append((event, payload))
        self._news.set()

    async def watch(self) -> None:
        auth = {"token": self._hub.tokens("admin", ["admin_001"])[0], "offsets": "payload"}
        await self.socket.connect(self._hub.hub_url, auth=auth, transports=["websocket"], wait_timeout=20)
        joined = await self.socket.call("room:join", {"room": "admin"}, timeout=20)
        assert joined["ok"]

    def of(self, event: str, **fields: object) -> list[dict[str, Any]]:
        """The payloads heard of one event that have these fields."""
        return [told for name, told in self.heard if name == event and fields.items() <= told.items()]

    async def until(self, event: str, **fields: object) -> dict[str, Any]:
        """The first such event, heard already or to come."""
        async with asyncio.timeout(DEADLINE_S):
            while not self.of(event, **fields):
                self._news.clear()
                await self._news.wait()
        return self.of(event, **fields)[0]


@asynccontextmanager
async def watching(hub: HubProcess) -> AsyncIterator[Watcher]:
    watcher = Watcher(hub)
    await watcher.watch()
    try:
        yield watcher
    finally:
        await watcher.socket.disconnect()


@asynccontextmanager
async def running_fleet(
    hub: HubProcess, *command: str, **options: Any
) -> AsyncIterator[asyncio.subprocess.Process]:
    """`python -m hub.demo.fleet`, or another command, against this hub; ended at the end."""
    where = ("--hub", hub.hub_url, "--rest", hub.rest_url, "--data-dir", str(hub.data_dir))
    with (hub.data_dir.parent / "fleet.log").open("ab") as log:
        fleet = await asyncio.create_subprocess_exec(
            sys.executable, "-m", *(command or ("hub.demo.fleet",)), *where, *FAST,
            stdout=log, stderr=log, cwd=hub.data_dir.parent, **options,
        )  # fmt: skip
    try:
        yield fleet
    finally:
        if fleet.returncode is None:
            fleet.kill()
            await fleet.wait()


async def stopped(fleet: asyncio.subprocess.Process) -> int:
    """Its exit code after SIGTERM; it has three seconds."""
    fleet.send_signal(signal.SIGTERM)
    return await asyncio.wait_for(fleet.wait(), 3)
