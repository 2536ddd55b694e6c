"""Processes that a command has started, and their end."""

from __future__ import annotations

import asyncio


async def gone(process: asyncio.subprocess.Process, *, within_s: float) -> bool:
    """Wait until a process has ended; one that has not in time is killed: then false."""
    try:
        async with asyncio.timeout(within_s):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
        return False
    return True
