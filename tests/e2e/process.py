"""A hub in a process of its own, as an operator runs it: started, asked for tokens, killed, started again."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import aiohttp

from hub.auth import Authenticator
from hub.clock import utc_now
from hub.config import Settings
from services.models import Role
from tests.support.processes import free_port
from tests.support.stores import STORES

START_S = 30.0


@dataclass
class HubProcess:
    """`navswap serve` with a data directory of its own."""

    data_dir: Path
    args: tuple[str, ...] = ("--seed",)
    settings: dict[str, str] = field(default_factory=dict)
    hub_port: int = field(default_factory=free_port)
    rest_port: int = field(default_factory=free_port)
    process: asyncio.subprocess.Process | None = None

    @property
    def hub_url(self) -> str:
        return f"http://127.0.0.1:{self.hub_port}"

    @property
    def rest_url(self) -> str:
        return f"http://127.0.0.1:{self.rest_port}"

    def _environment(self) -> dict[str, str]:
        ports = {"HUB_PORT": str(self.hub_port), "REST_PORT": str(self.rest_port)}
        unlimited = {"RATE_LIMIT_PER_MINUTE": "0", "RATE_LIMIT_PER_HOUR": "0"}
        own = {"DATA_DIR": str(self.data_dir), "HUB_HOST": "127.0.0.1", "LOG_LEVEL": "warning"}
        stores = {name.upper(): value for name, value in STORES.settings(self.data_dir).items()}
        return {**os.environ, **ports, **unlimited, **own, **stores, **self.settings}

    async def start(self) -> None:
        """Run it, and wait until it is ready."""
        with (self.data_dir.parent / "hub.log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "hub", "serve", *self.args,
                env=self._environment(), stdout=log, stderr=log, cwd=self.data_dir.parent,
            )  # fmt: skip
        await asyncio.wait_for(self._ready(), START_S)

    async def _ready(self) -> None:
        assert self.process
        async with aiohttp.ClientSession() as http:
            while self.process.returncode is None:
                try:
                    async with http.get(f"{self.rest_url}/readyz") as answer:
                        if answer.status == 200:
                            return
                except aiohttp.ClientConnectionError:
                    pass
                # Nothing tells a process that another listens: ask again.
                await asyncio.sleep(0.05)
        raise RuntimeError(f"the hub ended with {self.process.returncode}: {self.log()}")

    def log(self) -> str:
        return (self.data_dir.parent / "hub.log").read_text()

    async def kill(self, sign: signal.Signals = signal.SIGKILL) -> int:
        """End it by its own id, and wait for its end."""
        assert self.process
        if self.process.returncode is None:
            self.process.send_signal(sign)
        return await asyncio.wait_for(self.process.wait(), START_S)

    def tokens(self, role: str, users: list[str], station: str | None = None) -> list[str]:
        """Many at once, signed in this process with the hub's own secret."""
        settings = Settings(data_dir=self.data_dir, _env_file=None)
        authenticator = Authenticator.of(settings, utc_now)
        ttl = timedelta(hours=1)
        return [authenticator.issue(user, Role(role), ttl=ttl, station_id=station)[0] for user in users]

    async def token(self, role: str, user: str, station: str | None = None) -> str:
        """A token as `navswap token` prints it."""
        more = ("--station", station) if station else ()
        made = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "hub", "token", "--role", role, "--user", user, *more,
            env=self._environment(), stdout=asyncio.subprocess.PIPE, cwd=self.data_dir.parent,
        )  # fmt: skip
        printed, _ = await made.communicate()
        assert made.returncode == 0
        return printed.decode().strip()


@asynccontextmanager
async def running_hub(tmp: Path, *args: str, **settings: str) -> AsyncIterator[HubProcess]:
    """A seeded hub in a new data directory; ended at the end."""
    hub = HubProcess(
        tmp / "data", args=tuple(arg for arg in args if arg) if args else ("--seed",), settings=settings
    )
    await hub.start()
    try:
        yield hub
    finally:
        await hub.kill(signal.SIGTERM)
