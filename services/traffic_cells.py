"""Speeds of traffic in H3 cells from positions: pure arithmetic.

The speed of a cell is all the way that vehicles made in it over all the time they took, stops included:
Edie's definition. A vehicle that stays within 100 m during a whole window is parked, and no traffic.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from pydantic import Field

from services.admin_models import CellTraffic
from services.base import Instant, Model
from services.cells import cell_of
from services.fixes import GpsFix
from services.geo import distance_m

PARKED_M: Final = 100.0
LONGEST_GAP: Final = timedelta(seconds=60)  # between two fixes; where a vehicle was meanwhile, nobody knows
BIN_MPS: Final = 0.5  # width of a bin of the past's speeds
BINS: Final = 100  # the last one has everything faster, too
FREE_SHARE: Final = 0.85
"""Free flow is the speed that so many of a cell's windows did not exceed: road planners' 85th percentile."""

ENOUGH_WINDOWS: Final = 12.0  # an hour of them, before a cell's free flow is told
HALF_LIFE: Final = timedelta(days=14)  # after this a window counts half
UNKNOWN_RANK: Final = 1.0  # congestion from 0 to 1 is ranked from the worst; what is not known comes last


@dataclass(slots=True)
class Flow:
    """The traffic of one cell: how many vehicles, the way they made, the time they took."""

    vehicles: int = 0
    distance_m: float = 0.0
    time_s: float = 0.0

    @property
    def speed_mps(self) -> float:
        return self.distance_m / self.time_s if self.time_s else 0.0

    def add(self, other: Flow) -> None:
        self.vehicles += other.vehicles
        self.distance_m += other.distance_m
        self.time_s += other.time_s


@dataclass(slots=True)
class _Trace:
    """One vehicle's window."""

    first: GpsFix
    last: GpsFix
    farthest_m: float = 0.0
    cells: dict[str, Flow] = field(default_factory=dict)


class Window:
    """Takes fixes in the order of their times, of all vehicles; then tells the cells' flows."""

    def __init__(self) -> None:
        self._traces: dict[str, _Trace] = {}

    def add(self, fix: GpsFix) -> None:
        trace = self._traces.get(fix.user_id)
        if trace is None:
            self._traces[fix.user_id] = _Trace(fix, fix)
            return
        seconds = (fix.at - trace.last.at).total_seconds()
        if 0 < seconds <= LONGEST_GAP.total_seconds():
            way_m = distance_m(trace.last.location, fix.location)
            trace.cells.setdefault(cell_of(fix.location), Flow(vehicles=1)).add(Flow(0, way_m, seconds))
        trace.last = fix
        trace.farthest_m = max(trace.farthest_m, distance_m(trace.first.location, fix.location))

    def flows(self) -> dict[str, Flow]:
        """By cell."""
        found: dict[str, Flow] = {}
        for trace in self._traces.values():
            if trace.farthest_m >= PARKED_M:
                for cell, flow in trace.cells.items():
                    found.setdefault(cell, Flow()).add(flow)
        return found


class CellView(Model):
    """A cell as administrators see it."""

    cell: str = Field(description="H3 index of resolution 8: edges of about 530 m")
    speed_mps: float = Field(description="the way over the time, stops included; parked vehicles are none")
    free_flow_mps: float | None = Field(
        description="85th percentile of the cell's earlier windows, older ones counting less; null with less "
        "than about an hour of them"
    )
    congestion: float | None = Field(description="1 - speed / free flow, 0 to 1; null without a free flow")
    vehicles: int = Field(description="that moved more than 100 m in the window, and were in the cell")
    distance_m: float = Field(description="the way that they made in it")
    time_s: float = Field(description="the time that they took for it")


def measured(cell: str, flow: Flow, until: Instant, before: CellTraffic | None) -> CellTraffic:
    """A cell's next version: the window's flow against the windows before it, which it then joins."""
    past = _faded(before, until)
    free = free_flow_mps(past)
    congestion = None if free is None else min(1.0, max(0.0, 1 - flow.speed_mps / free))
    fields = {
        "until": until,
        "rank": f"{UNKNOWN_RANK if congestion is None else 1 - congestion:.6f}:{cell}",
        "vehicles": flow.vehicles,
        "distance_m": round(flow.distance_m, 1),
        "time_s": round(flow.time_s, 1),
        "free_flow_mps": free,
        "congestion": congestion,
        "past": _with(past, flow.speed_mps),
    }
    return CellTraffic.model_validate({"id": cell, **fields}) if before is None else before.changed(**fields)


def _faded(before: CellTraffic | None, now: Instant) -> tuple[float, ...]:
    if before is None:
        return (0.0,) * BINS
    share = 0.5 ** ((now - before.until) / HALF_LIFE)
    return tuple(count * share for count in before.past)


def _with(past: tuple[float, ...], speed_mps: float) -> tuple[float, ...]:
    into = min(BINS - 1, int(speed_mps / BIN_MPS))
    return tuple(round(count + (number == into), 6) for number, count in enumerate(past))


def free_flow_mps(past: tuple[float, ...]) -> float | None:
    """The 85th percentile of the past's speeds, straight within a bin; none while there are too few."""
    total = sum(past)
    if total < ENOUGH_WINDOWS:
        return None
    wanted, below = FREE_SHARE * total, 0.0
    for number, count in enumerate(past):
        if count and below + count >= wanted:
            return round((number + (wanted - below) / count) * BIN_MPS, 3)
        below += count
    return BINS * BIN_MPS


def cell_view(cell: CellTraffic) -> CellView:
    return CellView(
        cell=cell.id,
        speed_mps=round(cell.distance_m / cell.time_s, 3) if cell.time_s else 0.0,
        free_flow_mps=cell.free_flow_mps,
        congestion=None if cell.congestion is None else round(cell.congestion, 3),
        vehicles=cell.vehicles,
        distance_m=cell.distance_m,
        time_s=cell.time_s,
    )
