"""Node programs of the engine's tests."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

NODE = Path(__file__).parent / "node"
MODULES = NODE / "node_modules"

needs_node = pytest.mark.skipif(
    shutil.which("node") is None or not (MODULES / "socket.io-client").exists(),
    reason="needs node and its packages (make setup-test)",
)


async def run(*command: str, cwd: Path | None = None, deadline_s: float = 60) -> tuple[int, str]:
    """Run a program to its end; its exit code and what it printed."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=cwd, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), deadline_s)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    return process.returncode or 0, output.decode()
