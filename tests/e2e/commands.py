"""`navswap` commands in processes of their own, for a data directory."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.process import HubProcess

COMMAND_S = 60.0


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str


async def started(
    data_dir: Path, *arguments: str, before: Callable[[], None] | None = None, **settings: str
) -> asyncio.subprocess.Process:
    """A command that runs; `before` is called in its process first."""
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "hub", *arguments,
        env=HubProcess(data_dir, settings=settings)._environment(), cwd=data_dir.parent, preexec_fn=before,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


async def navswap(
    data_dir: Path, *arguments: str, before: Callable[[], None] | None = None, **settings: str
) -> Ended:
    """Run a command to its end."""
    process = await started(data_dir, *arguments, before=before, **settings)
    out, err = await asyncio.wait_for(process.communicate(), COMMAND_S)
    assert process.returncode is not None
    return Ended(process.returncode, out.decode(), err.decode())
