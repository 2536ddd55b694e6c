"""The living fleet, a process of its own: riders, staff and chargers as real clients of a hub.

`python -m hub.demo.fleet --hub URL --data-dir DIR` signs its tokens with the hub's own secret.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import random
import signal
from collections.abc import Callable, Coroutine, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final, NoReturn

from hub.auth import Authenticator
from hub.clock import utc_now
from hub.config import Settings
from hub.demo.chargers import Chargers
from hub.demo.client import DemoClient, Token
from hub.demo.places import STATIONS, station_id
from hub.demo.rider import Rider
from hub.demo.staff import MOST_IN_LINE, Bay, Line
from hub.demo.vehicle import FASTEST_SEEN_MPS, Vehicle
from services.models import Role

TOKEN_TTL: Final = timedelta(hours=24)
CONNECT_EVERY_S: Final = 0.01  # between two clients, at the start
PARENT_EVERY_S: Final = 1.0
BAYS_STAFFED: Final = 2

Signs = Callable[[str, Role, str | None], Token]
Live = Callable[[], Coroutine[None, None, None]]


def signs(settings: Settings) -> Signs:
    """How the fleet gets its tokens: it signs each anew, with the hub's own secret."""
    authenticator = Authenticator.of(settings, utc_now)

    def token(user: str, role: Role, station: str | None) -> Token:
        return lambda: authenticator.issue(user, role, ttl=TOKEN_TTL, station_id=station)[0]

    return token


class Fleet:
    """Everybody of the demo: what each of them does, to be run side by side."""

    def __init__(
        self,
        url: str,
        token: Signs,
        *,
        riders: int,
        factor: float,
        seed: int,
        fastest_mps: float = FASTEST_SEEN_MPS,
    ) -> None:
        self._url = url
        self._token = token
        self._factor = factor
        self._fastest_mps = fastest_mps
        self._rng = random.Random(seed)  # noqa: S311 - a demo is no secret
        self._lives: list[Live] = []
        lines = {station_id(index): self._station(index) for index in range(len(STATIONS))}
        for number in range(1, riders + 1):
            self._rider(number, lines)

    def _client(self, user: str, role: Role, station: str | None = None) -> DemoClient:
        client = DemoClient(self._url, self._token(user, role, station))
        self._lives.append(client.keep_connected)
        return client

    def _station(self, index: int) -> Line:
        """The two people of a station, one at each bay, and its controller; answers where riders line up."""
        id, line = station_id(index), Line(MOST_IN_LINE)
        first = BAYS_STAFFED * index + 1
        crew = [self._client(f"staff_{first + bay:03}", Role.STAFF, id) for bay in range(BAYS_STAFFED)]
        for staff in crew:
            self._lives.append(Bay(staff, line, station_id=id, factor=self._factor, rng=self._rng).work)
        device = self._client(f"device_{index + 1:03}", Role.DEVICE, id)
        chargers = Chargers(device, crew[0], station_id=id, factor=self._factor, rng=self._rng)
        self._lives.append(chargers.report)
        return line

    def _rider(self, number: int, lines: dict[str, Line]) -> None:
        client = self._client(f"consumer_{number:03}", Role.CONSUMER)
        vehicle = Vehicle(client, factor=self._factor, rng=self._rng, fastest_mps=self._fastest_mps)
        rider = Rider(client, vehicle, lines, factor=self._factor, rng=self._rng, now=utc_now)
        self._lives.append(rider.live)

    async def run(self) -> None:
        """Everybody lives, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for live in self._lives:
                tasks.create_task(live())
                await asyncio.sleep(CONNECT_EVERY_S)


async def _parent_gone() -> None:
    """Until the hub that started us has died and could not say so."""
    parent = os.getppid()
    while os.getppid() == parent:  # noqa: ASYNC110 - nothing tells a process that its parent has died
        await asyncio.sleep(PARENT_EVERY_S)


async def _live(fleet: Fleet, *, with_parent: bool) -> NoReturn:
    """Until a signal, or the parent's end. The fleet ends by itself only by a fault, which is raised."""
    stop = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, stop.set)
    reasons: list[Coroutine[None, None, object]] = [fleet.run(), stop.wait()]
    reasons += [_parent_gone()] if with_parent else []
    tasks = [asyncio.create_task(reason) for reason in reasons]
    ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in ended:
        task.result()
    # Closing hundreds of sockets politely takes seconds; the hub sees them close as the process ends.
    logging.shutdown()
    os._exit(0)


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--hub", default="http://127.0.0.1:8000", help="the Socket.IO door")
    parser.add_argument("--rest", default="http://127.0.0.1:8080", help="the REST door (kept for later use)")
    parser.add_argument(
        "--data-dir", type=Path, help="where the hub keeps its secret; DATA_DIR when not given"
    )
    parser.add_argument("--riders", type=int, default=120, help="at most as many as the seed has: 500")
    parser.add_argument("--time-factor", type=float, default=6.0, help="how many times faster than life")
    parser.add_argument("--seed", type=int, default=7, help="of the riders' fortune")
    parser.add_argument(
        "--top-speed",
        type=float,
        default=FASTEST_SEEN_MPS,
        metavar="MPS",
        help="of a vehicle as it is seen; below the hub's speed rule, whatever the time factor",
    )
    parser.add_argument(
        "--with-parent", action="store_true", help="end when the process that started the fleet does"
    )


def run(arguments: argparse.Namespace) -> NoReturn:
    """Run the fleet until SIGTERM or SIGINT, which ends the process."""
    fleet = Fleet(
        arguments.hub,
        signs(Settings(data_dir=arguments.data_dir) if arguments.data_dir else Settings()),
        riders=arguments.riders,
        factor=arguments.time_factor,
        seed=arguments.seed,
        fastest_mps=arguments.top_speed,
    )
    asyncio.run(_live(fleet, with_parent=arguments.with_parent))


def main(given: Sequence[str] | None = None) -> NoReturn:
    parser = argparse.ArgumentParser(description=__doc__)
    add_options(parser)
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    run(parser.parse_args(given))


if __name__ == "__main__":
    main()
