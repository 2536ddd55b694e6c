"""What is left to do once a transaction is durable: live state, and nothing that must not fail."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import structlog

_log: Any = structlog.get_logger("hub.stores")

STEP_S: Final = 5.0  # longest time for a step

Step = Callable[[], Awaitable[None]]


async def run_steps(steps: Sequence[Step], on_stale: Callable[[], None]) -> None:
    """Run the steps in their order. One that fails is logged, and live state is said to be stale."""
    for step in steps:
        try:
            async with asyncio.timeout(STEP_S):
                await step()
        except Exception:
            _log.exception("step after a commit failed: live state is stale")
            on_stale()
