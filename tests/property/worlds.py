"""A new city for each history, and whatever plays in it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol, TypeVar

from hub.snapshots import Stats
from services.rules import Rules
from tests.unit.services.cities import embedded_city
from tests.unit.services.city import City


class Filled(Protocol):
    """What has something to put into its city first."""

    async def fill(self) -> None: ...


W = TypeVar("W", bound=Filled)


@asynccontextmanager
async def played_in_a_city(kind: Callable[[City], W], *, rules: Rules | None = None) -> AsyncIterator[W]:
    """The player, its city filled."""
    with TemporaryDirectory() as directory:
        async with embedded_city(Path(directory), rules=rules) as city:
            made = kind(city)
            await made.fill()
            yield made


async def no_stats() -> Stats:
    return Stats(connections=0, events_per_s=0, commands_per_s=0, open_entries=0, swaps_today=0)
