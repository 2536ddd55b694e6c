"""Every station with its figures, for administrators: a part of the list costs as much as it is long."""

from __future__ import annotations

from asyncio import gather
from collections import defaultdict

from pydantic import Field

from services.answers import Page, StationStatus
from services.boards import Boards
from services.job_models import EndKind
from services.models import Station
from services.paging import page_upwards
from services.ports import Range, Scalar, Where
from services.states import INCIDENT_OPEN, UNDERWAY, SwapState
from services.stations import status_of
from services.world import World

Counts = dict[str, int]


class StationOverview(StationStatus):
    """A station's status, and what concerns it elsewhere."""

    bays: int = Field(description="swaps at the same time, were all bays staffed")
    slots: int = Field(description="packs it can hold")
    slots_free: int = Field(description="slots without a pack")
    swaps_today: int = Field(description="swaps completed since midnight UTC")
    incidents: dict[int, int] = Field(description="open incidents by level, levels without any left out")
    jobs_coming: int = Field(description="jobs accepted or in a van that bring packs here")
    jobs_leaving: int = Field(description="jobs accepted that will take packs from here")


class OverviewReads:
    """Reads stations by id, their boards from live state, and counts by indexes for those alone."""

    def __init__(self, world: World, boards: Boards) -> None:
        self._world = world
        self._boards = boards

    async def page(self, *, limit: int, cursor: str | None) -> Page[StationOverview]:
        """Stations by id."""
        found = await page_upwards(self._world.records.now.stations, {}, limit=limit, cursor=cursor)
        return Page(items=await self._shown(found.items), next_cursor=found.next_cursor)

    async def _shown(self, stations: list[Station]) -> list[StationOverview]:
        if not stations:
            return []
        ids = tuple(station.id for station in stations)
        swaps, incidents = await self._swaps_today(ids), await self._incidents(ids)
        coming, leaving = await self._jobs("target", ids), await self._jobs("source", ids)
        boards = await gather(*(self._boards.get(id) for id in ids))
        return [
            StationOverview(
                **dict(status_of(board)),
                bays=station.bays,
                slots=station.slots,
                slots_free=max(0, station.slots - board.stock.counts.total),
                swaps_today=swaps.get(station.id, 0),
                incidents=incidents[station.id],
                jobs_coming=coming.get(station.id, 0),
                jobs_leaving=leaving.get(station.id, 0),
            )
            for station, board in zip(stations, boards, strict=True)
        ]

    async def _swaps_today(self, ids: tuple[str, ...]) -> Counts:
        midnight = self._world.clock().replace(hour=0, minute=0, second=0, microsecond=0)
        done: Where = {"state": SwapState.COMPLETED, "completed_at": Range(gte=midnight), "station_id": ids}
        return _by_id(await self._world.records.now.swaps.tally(("station_id",), done))

    async def _incidents(self, ids: tuple[str, ...]) -> dict[str, dict[int, int]]:
        here: Where = {"state": INCIDENT_OPEN, "station_id": ids}
        found: dict[str, dict[int, int]] = defaultdict(dict)
        for (id, level), count in (
            await self._world.records.now.incidents.tally(("station_id", "level"), here)
        ).items():
            found[str(id)][int(str(level))] = count
        return found

    async def _jobs(self, end: str, ids: tuple[str, ...]) -> Counts:
        """Under way, by the station at one of their ends; packs in a van have left."""
        states = UNDERWAY if end == "target" else UNDERWAY[:1]
        here: Where = {f"{end}.id": ids, f"{end}.kind": EndKind.STATION, "state": states}
        return _by_id(await self._world.records.now.transport_jobs.tally((f"{end}.id",), here))


def _by_id(found: dict[tuple[Scalar, ...], int]) -> Counts:
    return {str(id): count for (id,), count in found.items()}
