"""What Redis is asked: a cancellation that the driver swallows still ends who asked."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hub.stores.redis_commands import RedisCommands
from services.errors import Unavailable


@pytest.mark.parametrize("failure", [None, ConnectionError("closed")])
async def test_swallowed_cancellation_ends_the_asking_task(failure: Exception | None) -> None:
    asked = asyncio.Event()
    commands = RedisCommands(None, deadline_s=5)  # type: ignore[arg-type]  # nothing is sent

    async def ask() -> str:
        asked.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if failure is not None:
                raise failure from None
        return "an answer that came as it was cancelled"

    async def goes_on() -> Any:
        try:
            return await commands.within(ask)
        except Unavailable:
            return "went on"

    task = asyncio.create_task(goes_on())
    await asked.wait()
    task.cancel()
    await asyncio.wait((task,), timeout=5)
    assert task.cancelled()
