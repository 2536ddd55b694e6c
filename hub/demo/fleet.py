"""The living fleet, a process of its own: everybody of the demo as real clients of a hub.

`python -m hub.demo.fleet --hub URL --data-dir DIR` signs its tokens with the hub's own secret.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
from collections.abc import Callable, Coroutine, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final, NoReturn

from hub.auth import Authenticator
from hub.clock import utc_now
from hub.config import Settings
from hub.demo.city import City
from hub.demo.client import DemoClient, Token
from hub.demo.pace import Pace
from hub.demo.vehicle import FASTEST_SEEN_MPS
from services.models import Role

TOKEN_TTL: Final = timedelta(hours=24)
PARENT_EVERY_S: Final = 1.0

Signs = Callable[[str, Role, str | None], Token]


def signs(settings: Settings) -> Signs:
    """How the fleet gets its tokens: it signs each anew, with the hub's own secret."""
    authenticator = Authenticator.of(settings, utc_now)

    def token(user: str, role: Role, station: str | None) -> Token:
        return lambda: authenticator.issue(user, role, ttl=TOKEN_TTL, station_id=station)[0]

    return token


def fleet(arguments: argparse.Namespace) -> City:
    """Everybody, as clients of a hub that runs somewhere."""
    settings = Settings(data_dir=arguments.data_dir) if arguments.data_dir else Settings()
    token = signs(settings)

    def signs_in(user: str, role: Role, station: str | None) -> DemoClient:
        return DemoClient(arguments.hub, token(user, role, station))

    pace = Pace(factor=arguments.time_factor, fastest_mps=arguments.top_speed)
    return City(signs_in, riders=arguments.riders, pace=pace, seed=arguments.seed, now=utc_now)


async def _parent_gone() -> None:
    """Until the hub that started us has died and could not say so."""
    parent = os.getppid()
    while os.getppid() == parent:  # noqa: ASYNC110 - nothing tells a process that its parent has died
        await asyncio.sleep(PARENT_EVERY_S)


async def _live(city: City, *, with_parent: bool) -> NoReturn:
    """Until a signal, or the parent's end. The fleet ends by itself only by a fault, which is raised."""
    stop = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, stop.set)
    reasons: list[Coroutine[None, None, object]] = [city.live(), stop.wait()]
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
    asyncio.run(_live(fleet(arguments), with_parent=arguments.with_parent))


def main(given: Sequence[str] | None = None) -> NoReturn:
    parser = argparse.ArgumentParser(description=__doc__)
    add_options(parser)
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    run(parser.parse_args(given))


if __name__ == "__main__":
    main()
