"""The living fleet, a process of its own: riders, staff and chargers as real clients of a hub.

`python -m hub.demo.fleet --hub URL --data-dir DIR` signs its tokens with the hub's own secret.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import random
import signal
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

from hub.auth import Authenticator
from hub.clock import utc_now
from hub.config import Settings
from hub.demo.client import DemoClient, Token
from hub.demo.crew import Crew
from hub.demo.places import STATIONS, station_id
from hub.demo.rider import Rider
from services.models import Role

TOKEN_TTL: Final = timedelta(hours=24)
CONNECT_TOGETHER: Final = 10  # riders that connect at the same time


class Fleet:
    """Everybody of the demo."""

    def __init__(
        self, url: str, authenticator: Authenticator, *, riders: int, factor: float, seed: int
    ) -> None:
        self._url = url
        self._authenticator = authenticator
        self._rng = random.Random(seed)  # noqa: S311 - a demo is no secret
        self._factor = factor
        self._crews = {station_id(index): self._crew(index) for index in range(len(STATIONS))}
        self._riders = [self._rider(number) for number in range(1, riders + 1)]

    def _client(self, user: str, role: Role, station: str | None = None) -> DemoClient:
        return DemoClient(self._url, self._token(user, role, station))

    def _token(self, user: str, role: Role, station: str | None) -> Token:
        def make() -> str:
            return self._authenticator.issue(user, role, ttl=TOKEN_TTL, station_id=station)[0]

        return make

    def _crew(self, index: int) -> Crew:
        station = station_id(index)
        staff = self._client(f"staff_{2 * index + 1:03}", Role.STAFF, station)
        device = self._client(f"device_{index + 1:03}", Role.DEVICE, station)
        return Crew(station, staff, device, self._factor, self._rng)

    def _rider(self, number: int) -> Rider:
        client = self._client(f"consumer_{number:03}", Role.CONSUMER)
        return Rider(client, self._crews, factor=self._factor, rng=self._rng, now=utc_now)

    async def run(self) -> None:
        """Live until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for crew in self._crews.values():
                await crew.start()
                tasks.create_task(crew.serve())
                tasks.create_task(crew.serve())  # the second bay
                tasks.create_task(crew.charge())
            for number, rider in enumerate(self._riders):
                tasks.create_task(rider.live())
                if number % CONNECT_TOGETHER == 0:
                    await asyncio.sleep(0.1)


async def _until_told(fleet: Fleet) -> None:
    task = asyncio.create_task(fleet.run())
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--hub", default="http://127.0.0.1:8000", help="the Socket.IO door")
    parser.add_argument("--rest", default="http://127.0.0.1:8080", help="the REST door")
    parser.add_argument(
        "--data-dir", type=Path, help="where the hub keeps its secret; DATA_DIR when not given"
    )
    parser.add_argument("--riders", type=int, default=120)
    parser.add_argument("--time-factor", type=float, default=6.0, help="how many times faster than life")
    parser.add_argument("--seed", type=int, default=7, help="of the riders' fortune")


def run(arguments: argparse.Namespace) -> int:
    """Run the fleet until SIGTERM or SIGINT."""
    settings = Settings(data_dir=arguments.data_dir) if arguments.data_dir else Settings()
    fleet = Fleet(
        arguments.hub,
        Authenticator.of(settings, utc_now),
        riders=arguments.riders,
        factor=arguments.time_factor,
        seed=arguments.seed,
    )
    asyncio.run(_until_told(fleet))
    return 0


def main(given: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    add_options(parser)
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    return run(parser.parse_args(given))


if __name__ == "__main__":
    # The sockets are not awaited one by one: the process ends, and the hub sees them close.
    os._exit(main())
