"""Traffic by H3 cells: measured window by window from the accepted positions, read by administrators."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from services.admin_models import CellTraffic
from services.answers import Page
from services.base import Instant
from services.ports import Range
from services.traffic_cells import CellView, Flow, Window, cell_view, measured
from services.trust import is_trusted
from services.world import World

WINDOW: Final = timedelta(minutes=5)
LATE: Final = timedelta(seconds=20)  # a window is measured so long after its end; later fixes are left out
SLICE: Final = timedelta(seconds=5)  # of a window that is read at once
MOST_FIXES: Final = 20_000  # of a slice; of more, the first
CELLS_AT_ONCE: Final = 100  # in one transaction
FORGOTTEN: Final = timedelta(days=90)  # a cell without vehicles for so long


class Traffic(Page[CellView]):
    """Cells that had vehicles in the window, the most congested first."""

    window_from: Instant | None  # null: nothing was measured yet
    window_until: Instant | None


class TrafficService:
    """Measures whole windows; a window that was measured is measured to nothing again."""

    def __init__(self, world: World) -> None:
        self._world = world

    def window_end(self) -> datetime:
        """Of the newest window that can be measured now. Windows end at whole multiples of their length."""
        now = (self._world.clock() - LATE).timestamp()
        return datetime.fromtimestamp(now - now % WINDOW.total_seconds(), tz=self._world.clock().tzinfo)

    async def measure(self) -> int:
        """Measure the newest whole window, and forget cells that nobody comes to; answers how many cells."""
        until = self.window_end()
        flows = list((await self._flows(until)).items())
        for start in range(0, len(flows), CELLS_AT_ONCE):
            await self._keep(until, flows[start : start + CELLS_AT_ONCE])
        await self._forget(until - FORGOTTEN)
        return len(flows)

    async def _flows(self, until: datetime) -> dict[str, Flow]:
        window, at = Window(), until - WINDOW
        while at < until:
            part = {"at": Range(gte=at, lt=at + SLICE)}
            for fix in await self._world.records.now.gps_logs.find(part, order=("at",), limit=MOST_FIXES):
                if is_trusted(fix):
                    window.add(fix)
            at += SLICE
        return window.flows()

    async def _keep(self, until: datetime, flows: Sequence[tuple[str, Flow]]) -> None:
        async with self._world.records.transaction() as tx:
            for cell, flow in flows:
                before = await tx.traffic.get(cell)
                if before is None:
                    await tx.traffic.insert(measured(cell, flow, until, None))
                elif before.until < until:
                    await tx.traffic.replace(measured(cell, flow, until, before))

    async def _forget(self, before: datetime) -> None:
        reads = self._world.records.now.traffic
        old = await reads.find({"until": Range(lt=before)}, order=("until",), limit=CELLS_AT_ONCE)
        if old:
            async with self._world.records.transaction() as tx:
                for cell in old:
                    await tx.traffic.delete(cell.id)

    async def page(self, *, limit: int, cursor: str | None) -> Traffic:
        """A part of the newest measured window's cells."""
        reads = self._world.records.now.traffic
        newest: CellTraffic | None = await reads.first(
            {"until": Range(lte=self._world.clock())}, order=("-until",)
        )
        if newest is None:
            return Traffic(items=[], window_from=None, window_until=None)
        after = {"rank": Range(gt=cursor)} if cursor else {}
        found = await reads.find({"until": newest.until, **after}, order=("rank",), limit=limit + 1)
        return Traffic(
            items=[cell_view(cell) for cell in found[:limit]],
            next_cursor=found[limit - 1].rank if len(found) > limit else None,
            window_from=newest.until - WINDOW,
            window_until=newest.until,
        )
