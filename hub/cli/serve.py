"""`navswap serve`: run the hub until it is told to stop."""

from __future__ import annotations

import argparse
import asyncio
import gc
import signal
import sys
from contextlib import AsyncExitStack
from typing import Any, Final

from hub import logs
from hub.app import Hub, open_hub
from hub.cli.fleet import fleet
from hub.cli.link import dashboard_url
from hub.cli.workers import Workers, check_workers, reserved
from hub.clock import utc_now
from hub.config import Settings, check
from hub.ids import nonce
from hub.signing import DashboardLinks
from hub.worker import Worker

STATUS_EVERY_S: Final = 1.0
GARBAGE: Final = 20_000  # new objects between two collections
DEMO_TIME_FACTOR: Final = 6.0
SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


def add_parser(commands: Any) -> None:
    parser = commands.add_parser("serve", help="run the hub", description=__doc__)
    parser.add_argument("--seed", action="store_true", help="fill an empty store with the demo city")
    parser.add_argument("--demo", action="store_true", help="--seed, and a living fleet of riders and staff")
    parser.add_argument("--riders", type=int, help="riders of the fleet")
    parser.add_argument(
        "--time-factor", type=float, default=DEMO_TIME_FACTOR, help="how many times faster the fleet lives"
    )
    parser.add_argument(
        "--workers", type=int, default=1, help="processes on the same ports; they share REDIS_HOST"
    )
    parser.add_argument("--worker", type=Worker.parse, help=argparse.SUPPRESS)  # how a worker is started
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    settings = _faster(Settings(), arguments) if arguments.demo else Settings()
    check(settings)
    logs.configure(settings.log_level, settings.log_format)
    if arguments.workers > 1:
        check_workers(settings, demo=arguments.demo)
        return asyncio.run(_serve_workers(settings, arguments))
    return asyncio.run(_serve(settings, arguments))


def _faster(settings: Settings, arguments: argparse.Namespace) -> Settings:
    """A city that lives faster is not one of jumps: the speed rule grows with the time factor."""
    factor = max(1.0, arguments.time_factor)
    return settings.model_copy(update={"gps_max_speed_mps": settings.gps_max_speed_mps * factor})


def _tune_interpreter() -> None:
    """For one busy loop beside a thread that commits.

    The thread gets the interpreter back after 0.5 ms instead of 5, so that a COMMIT does not wait for
    it; and what lives as long as the hub is no longer looked at by every collection of garbage.
    """
    sys.setswitchinterval(0.0005)
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE, 20, 50)


async def _serve_workers(settings: Settings, arguments: argparse.Namespace) -> int:
    stop = _stop_signal()
    for name in ("jwt", "qr", "link"):
        settings.secret(name)  # made by one of us, before all look for them
    with reserved(settings, arguments.workers) as (settings, private_ports):
        workers = Workers(settings, private_ports, seed=arguments.seed)
        try:
            await workers.start()
            link = DashboardLinks(settings.secret("link"), utc_now)
            _greet(settings, settings.hub_port, settings.rest_port, link)
            await stop.wait()
        finally:
            await workers.stop()
    return 0


async def _serve(settings: Settings, arguments: argparse.Namespace) -> int:
    stop = _stop_signal()
    _tune_interpreter()
    worker: Worker | None = arguments.worker
    if worker is not None:
        settings = settings.model_copy(update={"hub_port": worker.hub_port, "rest_port": worker.rest_port})
    async with AsyncExitStack() as stack:
        seeded = arguments.seed or arguments.demo
        hub = await stack.enter_async_context(open_hub(settings, seeded=seeded, worker=worker))
        if worker is None:
            _greet(settings, hub.socket_port, hub.rest_port, hub.links)
        if arguments.demo:
            await stack.enter_async_context(fleet(hub, arguments.riders, arguments.time_factor))
        await _until(stop, hub)
    return 0


def _stop_signal() -> asyncio.Event:
    """Set by the first SIGTERM or SIGINT; the second ends the process at once."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def asked() -> None:
        for sign in SIGNALS:
            loop.remove_signal_handler(sign)
            signal.signal(sign, signal.SIG_DFL)
        stop.set()

    for sign in SIGNALS:
        loop.add_signal_handler(sign, asked)
    return stop


def _greet(settings: Settings, socket_port: int, rest_port: int, links: DashboardLinks) -> None:
    link = links.make(nonce(), minutes=settings.dashboard_link_minutes)
    lines = (
        f"Socket.IO  port {socket_port}",
        f"REST       port {rest_port}, docs at /docs",
        f"Dashboard  {dashboard_url(settings, rest_port, link)}  (opens once)",
    )
    sys.stdout.write("\n".join((*lines, "")))  # at once: workers write, too
    sys.stdout.flush()


async def _until(stop: asyncio.Event, hub: Hub) -> None:
    """Wait for the end; on a terminal, one line a second of what happens."""
    while not stop.is_set():
        try:
            async with asyncio.timeout(STATUS_EVERY_S if sys.stdout.isatty() else None):
                await stop.wait()
        except TimeoutError:
            await _print_status(hub)


async def _print_status(hub: Hub) -> None:
    stats = await hub.stats.now()
    print(
        f"{stats.connections:>6} connections  {stats.events_per_s:>7} events/s  "
        f"{stats.open_entries:>4} open entries  {stats.swaps_today:>6} swaps today",
        flush=True,
    )
