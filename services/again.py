"""A step that lost a race runs again from its start."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from services.errors import Unavailable, WriteConflict

FIRST_PAUSE_S: Final = 0.005
LONGEST_PAUSE_S: Final = 0.2
INSIST_S: Final = 10.0

T = TypeVar("T")


async def insist(step: Callable[[], Awaitable[T]], *, within_s: float = INSIST_S) -> T:
    """Run a step until no other transaction is in its way. Raises Unavailable when the time is up."""
    loop = asyncio.get_running_loop()
    until, pause = loop.time() + within_s, FIRST_PAUSE_S
    while True:
        try:
            return await step()
        except WriteConflict as conflict:
            if loop.time() > until:
                raise Unavailable(store="records") from conflict
        await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311
        pause = min(pause * 2, LONGEST_PAUSE_S)
