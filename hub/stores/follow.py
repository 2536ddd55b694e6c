"""A topic of the event log as it grows, wherever the log is kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from typing import Any, Final, Protocol

from hub.cloudevents import document
from services.ports import LogRecord

PAGE: Final = 500
ASK_EVERY_S: Final = 0.1  # nothing tells a process what another has committed


class ReadableLog(Protocol):
    """What of `services.ports.Log` a look at it needs."""

    async def read(self, *, after: int, limit: int) -> list[LogRecord]: ...

    async def last(self) -> int: ...

    async def wait(self, *, after: int, timeout_s: float) -> bool: ...


async def follow(
    log: ReadableLog, topic: str, *, since: datetime | None, tick_s: float
) -> AsyncIterator[list[dict[str, Any]]]:
    """Events of a topic as they come, oldest first; an empty list when there was none for `tick_s`.

    `since`: with those of that time and later; none: only new ones. Raises Unavailable.
    """
    at = await log.last() if since is None else await before(log, since)
    while True:
        records = await log.read(after=at, limit=PAGE)
        at = records[-1].seq if records else at
        yield [document(record) for record in records if record.topic == topic]
        if not records:
            await log.wait(after=at, timeout_s=tick_s)


async def until_after(last: Callable[[], Awaitable[int]], after: int, timeout_s: float) -> bool:
    """Ask for the newest number until it is greater; false when the time is up first."""
    loop = asyncio.get_running_loop()
    until_s = loop.time() + timeout_s
    while await last() <= after:
        if loop.time() >= until_s:
            return False
        await asyncio.sleep(min(ASK_EVERY_S, timeout_s))
    return True


async def before(log: ReadableLog, since: datetime) -> int:
    """The number after which the records of that time and later come: times grow with the numbers."""
    low, high = 0, await log.last()
    while low < high:
        middle = (low + high) // 2
        next_one = await log.read(after=middle, limit=1)
        if next_one and next_one[0].at < since:
            low = next_one[0].seq
        else:
            high = middle
    return low
