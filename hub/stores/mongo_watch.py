"""Hears when another hub has numbered facts: by a change stream, or by looking where there is none."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

import structlog
from pymongo.errors import OperationFailure, PyMongoError

from services.errors import Unavailable

_log: Any = structlog.get_logger("hub.stores")

AWAIT_MS: Final = 1000  # longest time that the server holds one question
POLL_S: Final = 0.1
PAUSE_S: Final = 0.5  # after an error

Refresh = Callable[[], Awaitable[None]]


async def watch(heads: Any, refresh: Refresh) -> None:
    """For ever, until it is cancelled. What happened while nobody listened is looked up first."""
    follow = _follow
    while True:
        try:
            await follow(heads, refresh)
        except OperationFailure as error:
            _log.warning("no change stream: the log is looked at instead", code=error.code)
            follow = _poll
        except (PyMongoError, Unavailable):
            await asyncio.sleep(PAUSE_S)


async def _follow(heads: Any, refresh: Refresh) -> None:
    async with heads.watch(max_await_time_ms=AWAIT_MS) as changes:
        await changes.try_next()  # from here on nothing is missed
        await refresh()
        while changes.alive:
            if await changes.try_next() is not None:
                await refresh()


async def _poll(heads: Any, refresh: Refresh) -> None:
    while True:
        await refresh()
        await asyncio.sleep(POLL_S)
