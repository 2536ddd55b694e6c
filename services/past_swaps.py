"""Completed swaps of the past, counted by windows: what demand is learnt from. Every query has an index."""

from __future__ import annotations

from asyncio import gather
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from mlmodels.history import WEEKS, Demand
from services.models import Swap
from services.ports import Range, Scalar, Where
from services.states import SwapState
from services.world import World

WEEK: Final = timedelta(days=7)
DAY: Final = timedelta(days=1)
HOUR: Final = timedelta(hours=1)
DAYS_BACK: Final = 28
NEWEST: Final = 20  # swaps whose times are looked at
MOST_STATIONS: Final = 100_000  # whose first swap is kept in mind

Span = tuple[datetime, datetime]
"""From an instant on until before another."""


class PastSwaps:
    """Reads swaps of one station, or of all in as many queries."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._first: dict[str, datetime] = {}  # it never changes once there is one

    async def demand(self, station_id: str, at: datetime, minutes: int) -> Demand:
        """The windows of `minutes` ahead, at their end and lately, and how long the newest swaps took."""
        counted = (await self.demands(at, minutes, station_id)).get(station_id, {})
        return await self.of_station(station_id, at, minutes, counted)

    async def demands(
        self, at: datetime, minutes: int, station_id: str | None = None
    ) -> Mapping[str, Mapping[Span, int]]:
        """Swaps in each window that `of_station` needs: by station, of one or of all that had any."""
        found: dict[str, dict[Span, int]] = {}
        spans = [*_ahead(at, minutes), *_around(at, minutes), *_lately(at), (at - HOUR, at)]
        tallies = await gather(*(self._tally(span, station_id) for span in spans))
        for span, tally in zip(spans, tallies, strict=True):
            for (station,), count in tally.items():
                found.setdefault(str(station), {})[span] = count
        return found

    async def of_station(
        self, station_id: str, at: datetime, minutes: int, counted: Mapping[Span, int]
    ) -> Demand:
        """One station's demand from what was counted."""
        first = await self.first(station_id)
        newest = await self._newest(station_id)

        def known(spans: Iterable[Span]) -> tuple[int, ...]:
            return tuple(counted.get(span, 0) for span in spans if first is not None and first < span[0])

        return Demand(
            ahead=known(_ahead(at, minutes)),
            at_horizon=known(_around(at, minutes)),
            lately=known(_lately(at)),
            last_hour=counted.get((at - HOUR, at), 0),
            stays_minutes=tuple(_minutes(swap.created_at, swap.completed_at) for swap in newest),
            swaps_minutes=tuple(_minutes(swap.started_at, swap.completed_at) for swap in newest),
        )

    async def daily(self, station_id: str, at: datetime) -> tuple[int, ...]:
        """Swaps in each of the last days of 24 hours in which the station was in service, newest first."""
        first = await self.first(station_id)
        if first is None:
            return ()
        days = [(at - DAY * (day + 1), at - DAY * day) for day in range(DAYS_BACK)]
        swaps = self._world.records.now.swaps
        served = [day for day in days if first < day[1]]
        return tuple(await gather(*(swaps.count(_within(day, station_id)) for day in served)))

    async def first(self, station_id: str) -> datetime | None:
        """When the station's first swap was completed."""
        if station_id not in self._first:
            swap = await self._world.records.now.swaps.first(_of(station_id), order=("completed_at",))
            if swap is None or swap.completed_at is None:
                return None
            if len(self._first) >= MOST_STATIONS:
                self._first.clear()
            self._first[station_id] = swap.completed_at
        return self._first[station_id]

    async def _tally(self, span: Span, station_id: str | None) -> Mapping[tuple[Scalar, ...], int]:
        return await self._world.records.now.swaps.tally(("station_id",), _within(span, station_id))

    async def _newest(self, station_id: str) -> list[Swap]:
        found = self._world.records.now.swaps.find(_of(station_id), order=("-completed_at",), limit=NEWEST)
        return await found


def _of(station_id: str) -> Where:
    return {"station_id": station_id, "state": SwapState.COMPLETED}


def _within(span: Span, station_id: str | None) -> Where:
    place: Where = {"station_id": station_id} if station_id else {}
    return {**place, "state": SwapState.COMPLETED, "completed_at": Range(gte=span[0], lt=span[1])}


def _weekly(span: Span) -> list[Span]:
    return [(span[0] - WEEK * back, span[1] - WEEK * back) for back in range(1, WEEKS + 1)]


def _ahead(at: datetime, minutes: int) -> list[Span]:
    return _weekly((at, at + timedelta(minutes=minutes)))


def _around(at: datetime, minutes: int) -> list[Span]:
    """The hour around the end of the window."""
    end = at + timedelta(minutes=minutes)
    return _weekly((end - HOUR / 2, end + HOUR / 2))


def _lately(at: datetime) -> list[Span]:
    return _weekly((at - HOUR, at))


def _minutes(since: datetime | None, until: datetime | None) -> float:
    return (until - since).total_seconds() / 60 if since and until else 0.0
