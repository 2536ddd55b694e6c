"""`navswap serve --workers N`: N hubs on one pair of ports, each on a core of its own."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Final

import aiohttp

from hub.cli.processes import gone
from hub.config import ConfigError, Settings
from hub.lifespan import alone_in
from hub.logs import logger
from hub.worker import LOOPBACK, Worker

READY_S: Final = 60.0
LOOK_EVERY_S: Final = 0.1
FIRST_PAUSE_S: Final = 0.5  # before a worker that ended is started again; doubled up to
LONGEST_PAUSE_S: Final = 30.0
CALM_S: Final = 60.0
GOODBYE_S: Final = 40.0  # for what a worker does after it has drained

_log = logger("hub.workers")


def check_workers(settings: Settings, *, demo: bool) -> None:
    """Several processes are one hub only where they share everything."""
    if demo:
        raise ConfigError("--workers", "the demo city is served by one process; use --seed for its records")
    for name, value in (("REDIS_HOST", settings.redis_host), ("MONGODB_URI", settings.mongodb_uri)):
        if value is None:
            raise ConfigError(name, "has to be set for several workers: it is what they share")


@contextlib.contextmanager
def reserved(settings: Settings, workers: int) -> Iterator[tuple[Settings, list[int]]]:
    """Hold both ports and two private ones for each worker, so that nobody else takes them.

    The kernel gives connections only to sockets that listen; these do not.
    """
    with ExitStack() as stack:
        stack.enter_context(alone_in(settings.data_dir))

        def hold(host: str, port: int) -> int:
            return int(stack.enter_context(_bound(host, port)).getsockname()[1])

        ports = {
            "hub_port": hold(settings.hub_host, settings.hub_port),
            "rest_port": hold(settings.hub_host, settings.rest_port),
        }
        yield settings.model_copy(update=ports), [hold(LOOPBACK, 0) for _ in range(2 * workers)]


def _bound(host: str, port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    return bound


class Workers:
    """Starts the workers, starts again who ends, and ends all together."""

    def __init__(self, settings: Settings, private_ports: Sequence[int], *, seed: bool) -> None:
        self._settings = settings
        self._private_ports = private_ports
        self._seed = seed
        self._processes: dict[int, asyncio.subprocess.Process] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._stopped = asyncio.Event()

    async def start(self) -> None:
        """Start the first, which may have a store to prepare, then the others; returns when all serve."""
        first, *others = range(len(self._private_ports) // 2)
        self._begin(first)
        await self._ready(first)
        for number in others:
            self._begin(number)
        await asyncio.gather(*map(self._ready, others))

    def _begin(self, number: int) -> None:
        self._tasks.append(asyncio.create_task(self._keep(number), name=f"worker {number}"))

    async def _ready(self, number: int) -> None:
        url = f"http://{LOOPBACK}:{self._private_ports[number]}/"
        async with asyncio.timeout(READY_S), aiohttp.ClientSession() as http:
            while True:
                if self._tasks[number].done():
                    self._tasks[number].result()
                with contextlib.suppress(aiohttp.ClientError):
                    await (await http.get(url)).read()
                    return
                await asyncio.sleep(LOOK_EVERY_S)

    async def _keep(self, number: int) -> None:
        pause_s, loop, served = FIRST_PAUSE_S, asyncio.get_running_loop(), False
        while not self._stopped.is_set():
            began = loop.time()
            process = self._processes[number] = await self._spawn(number)
            code = await process.wait()
            if self._stopped.is_set():
                return
            if code == 2 and not served:
                raise ConfigError("--workers", f"worker {number} cannot start; see above")
            served = True
            pause_s = FIRST_PAUSE_S if loop.time() - began > CALM_S else min(2 * pause_s, LONGEST_PAUSE_S)
            _log.error("a worker has ended and is started again", worker=number, code=code, in_s=pause_s)
            await asyncio.sleep(pause_s)

    async def _spawn(self, number: int) -> asyncio.subprocess.Process:
        ports = self._settings.hub_port, self._settings.rest_port
        place = Worker(number, *ports, tuple(self._private_ports))
        command = [sys.executable, "-m", "hub", "serve", "--worker", str(place)]
        if self._seed and number == 0:
            command.append("--seed")
        return await asyncio.create_subprocess_exec(*command)

    def signal(self, number: signal.Signals) -> None:
        """Pass a signal on to every worker."""
        self._stopped.set()
        for process in self._processes.values():
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(number)

    async def stop(self) -> None:
        """Have every worker drain and end."""
        self.signal(signal.SIGTERM)
        await asyncio.gather(*(self._gone(*one) for one in self._processes.items()))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _gone(self, number: int, process: asyncio.subprocess.Process) -> None:
        if not await gone(process, within_s=self._settings.drain_seconds + GOODBYE_S):
            _log.error("a worker did not end and was killed", worker=number)
