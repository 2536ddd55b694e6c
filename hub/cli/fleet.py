"""The demo's fleet: a second process beside the hub, started again when it fails, ended with the hub."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from hub.app import Hub
from hub.cli.processes import gone
from hub.config import setting_name
from hub.supervisor import Supervisor

STOP_S: Final = 5.0
PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h
_LIBC: Final = ctypes.CDLL(None) if sys.platform == "linux" else None


def _end_with_parent() -> None:
    """In the child: also when the hub is killed, nobody is left to call at its door."""
    if _LIBC is not None:
        _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class FleetFailed(Exception):
    """The fleet's process has ended by itself."""


@asynccontextmanager
async def fleet(hub: Hub, riders: int | None, time_factor: float) -> AsyncIterator[None]:
    """Run the fleet against this hub while the block lasts."""
    arguments = ["-m", "hub.demo.fleet", "--hub", f"http://127.0.0.1:{hub.socket_port}"]
    arguments += ["--rest", f"http://127.0.0.1:{hub.rest_port}", "--time-factor", f"{time_factor:g}"]
    arguments += ["--riders", str(riders)] if riders is not None else []
    supervisor = Supervisor(hub.metrics)
    supervisor.own("fleet", lambda: _run(hub, arguments))
    try:
        yield
    finally:
        await supervisor.stop()


async def _run(hub: Hub, arguments: list[str]) -> None:
    environment = {**os.environ, setting_name("data_dir"): str(hub.settings.data_dir)}
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, env=environment, preexec_fn=_end_with_parent if _LIBC else None
    )
    try:
        code = await process.wait()
    finally:
        await _end(process)
    raise FleetFailed(f"the fleet ended with {code}")


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    await gone(process, within_s=STOP_S)
