"""The demo city's hub in this process, for a browser to look at."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from hub.app import Hub, open_hub
from hub.config import Settings
from hub.ids import nonce
from services.models import Role
from tests.support.hub import RunningHub
from tests.support.people import Person


class City(RunningHub):
    """A seeded hub: 24 stations, 500 riders, two staff each."""

    def __init__(self, hub: Hub, http: aiohttp.ClientSession) -> None:
        super().__init__(hub, http)

    @property
    def link(self) -> str:
        """A fresh one-time link to the dashboard."""
        return f"{self.rest_url}/#link={self.hub.links.make(nonce(), minutes=5)}"

    def seeded_rider(self, number: int) -> Person:
        id = f"consumer_{number:03}"
        return Person(self, id, self.token(id, Role.CONSUMER))

    def seeded_staff(self, number: int, station_id: str) -> Person:
        id = f"staff_{number:03}"
        return Person(self, id, self.token(id, Role.STAFF, station=station_id))


@asynccontextmanager
async def running_city(data_dir: Path, **settings: Any) -> AsyncIterator[City]:
    """The city while the block runs; every client is gone at its end."""
    free: dict[str, Any] = {"hub_port": 0, "rest_port": 0, "hub_host": "127.0.0.1", "data_dir": data_dir}
    unlimited = {"rate_limit_per_minute": 0, "rate_limit_per_hour": 0, "drain_seconds": 0}
    made = Settings(_env_file=None, **{**free, **unlimited, **settings})
    async with open_hub(made, seeded=True) as hub, aiohttp.ClientSession() as http:
        city = City(hub, http)
        try:
            yield city
        finally:
            for socket in city.sockets:
                await socket.disconnect()
