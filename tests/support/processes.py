"""Processes that the tests start: their ports, their processor time, their end."""

from __future__ import annotations

import asyncio
import ctypes
import os
import random
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]
PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h
TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")


PORTS: Final = (10_000, 32_000)  # below those that Linux gives to connections by itself


def free_port() -> int:
    """A TCP port that nobody listens on now, and that no connection is given until it is used."""
    while True:
        port = random.randrange(*PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def cpu_s(pid: int) -> float:
    """User and system time of a process so far, seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def end_with_parent() -> None:
    """`preexec_fn` of a server that must not outlive the tests, however they end."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class OwnProcess:
    """A server that is killed as a crash does it, paused, and started again; always by its own id."""

    _process: subprocess.Popen[bytes] | None = None

    def signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        """Without a goodbye: what is not on the disk is lost."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Connected, and silent."""
        self.signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.signal(signal.SIGCONT)


@asynccontextmanager
async def navswap_running(
    *arguments: str, environment: Mapping[str, str]
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A command of `navswap` that goes on, with both its outputs; killed at the end if it has not ended."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "hub", *arguments, env={**os.environ, **environment}, cwd=ROOT,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def cancelled(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """End tasks that go on for ever; one that has ended by itself is a failure."""
    waited = list(tasks)
    for task in waited:
        task.cancel()
    ended = await asyncio.gather(*waited, return_exceptions=True)
    assert all(isinstance(one, asyncio.CancelledError) for one in ended), ended
