"""Live state in the process: the default, for one hub."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final, TypeVar

from services.base import Clock
from services.board import StationBoard
from services.cells import COARSEST, FINEST, parent
from services.fences import FenceTrack
from services.fixes import GpsFix
from services.kept_forecasts import KeptForecast
from services.ports import Allowance, LiveMark

MOST_USERS: Final = 100_000
MOST_FORECASTS: Final = 100_000

_MINUTE: Final = timedelta(minutes=1)
_HOUR: Final = timedelta(hours=1)


class _Window:
    """Calls of one key in a span of time that begins with its first call."""

    __slots__ = ("_began", "_calls", "_length")

    def __init__(self, length: timedelta, now: datetime) -> None:
        self._length = length
        self._began = now
        self._calls = 0

    def full_for_s(self, now: datetime, most: int) -> float:
        """Seconds until one more call fits; 0 when it fits now, or when there is no limit."""
        if not timedelta(0) <= now - self._began < self._length:  # over, or the clock was set back
            self._began, self._calls = now, 0
        if not most or self._calls < most:
            return 0.0
        return (self._began + self._length - now).total_seconds()

    def count(self) -> None:
        self._calls += 1


class _Places:
    """Which stations there are in each cell, at every resolution."""

    def __init__(self, boards: Iterable[StationBoard] = ()) -> None:
        self._stations: defaultdict[str, set[str]] = defaultdict(set)
        for board in boards:
            self.add(board)

    def add(self, board: StationBoard) -> None:
        for cell in _cells(board):
            self._stations[cell].add(board.station_id)

    def remove(self, board: StationBoard) -> None:
        for cell in _cells(board):
            self._stations[cell].discard(board.station_id)

    def find(self, cells: Iterable[str]) -> set[str]:
        return {station_id for cell in cells for station_id in self._stations.get(cell, ())}


def _cells(board: StationBoard) -> list[str]:
    return [parent(board.cell, resolution) for resolution in range(COARSEST, FINEST + 1)]


class MemoryLive:
    """Implements `services.ports.Live`. Every step is atomic: none of them waits."""

    def __init__(self, *, clock: Clock, most_users: int = MOST_USERS) -> None:
        """`most_users`: positions, fences and rate windows beyond it go, the longest untouched first."""
        self._clock = clock
        self._most_users = most_users
        self._boards: dict[str, StationBoard] = {}
        self._places = _Places()
        self._positions: OrderedDict[str, GpsFix] = OrderedDict()
        self._fences: OrderedDict[str, FenceTrack] = OrderedDict()
        self._windows: OrderedDict[str, tuple[_Window, _Window]] = OrderedDict()
        self._forecasts: OrderedDict[tuple[str, str], tuple[datetime, KeptForecast]] = OrderedDict()

    async def put_board(self, board: StationBoard) -> None:
        present = self._boards.get(board.station_id)
        if present is not None and present.version > board.version:
            return
        self._boards[board.station_id] = board
        if present is None or present.cell != board.cell:
            if present is not None:
                self._places.remove(present)
            self._places.add(board)

    async def board(self, station_id: str) -> StationBoard | None:
        return self._boards.get(station_id)

    async def boards(self) -> list[StationBoard]:
        return [self._boards[station_id] for station_id in sorted(self._boards)]

    async def boards_in(self, cells: Iterable[str]) -> list[StationBoard]:
        return [self._boards[station_id] for station_id in sorted(self._places.find(cells))]

    async def count_boards(self) -> int:
        return len(self._boards)

    async def put_position(self, fix: GpsFix) -> bool:
        present = self._positions.get(fix.user_id)
        if present is not None and fix.at <= present.at:
            return False
        _keep(self._positions, fix.user_id, fix, self._most_users)
        return True

    async def position(self, user_id: str) -> GpsFix | None:
        return self._positions.get(user_id)

    async def positions(self) -> list[GpsFix]:
        return list(self._positions.values())

    async def put_fences(self, user_id: str, track: FenceTrack) -> None:
        _keep(self._fences, user_id, track, self._most_users)

    async def fences(self, user_id: str) -> FenceTrack | None:
        return self._fences.get(user_id)

    async def put_forecast(self, forecast: KeptForecast, *, for_s: float) -> None:
        until = self._clock() + timedelta(seconds=for_s)
        _keep(self._forecasts, (forecast.model, forecast.id), (until, forecast), MOST_FORECASTS)

    async def forecast(self, model: str, id: str) -> KeptForecast | None:
        until, forecast = self._forecasts.get((model, id), (None, None))
        return forecast if until is not None and self._clock() < until else None

    async def allow(self, key: str, *, per_minute: int, per_hour: int) -> Allowance:
        now = self._clock()
        windows = self._windows.get(key) or (_Window(_MINUTE, now), _Window(_HOUR, now))
        _keep(self._windows, key, windows, self._most_users)
        minute, hour = windows
        full_for_s = max(minute.full_for_s(now, per_minute), hour.full_for_s(now, per_hour))
        if full_for_s:
            return Allowance(False, full_for_s)
        minute.count()
        hour.count()
        return Allowance(True)

    async def mark(self) -> LiveMark:
        return LiveMark(
            boards={station_id: board.version for station_id, board in self._boards.items()},
            positions={user_id: fix.at for user_id, fix in self._positions.items()},
        )

    async def replace_all(
        self, boards: Iterable[StationBoard], positions: Iterable[GpsFix], *, since: LiveMark
    ) -> None:
        came = {id: board for id, board in self._boards.items() if since.boards.get(id) != board.version}
        moved = {id: fix for id, fix in self._positions.items() if since.positions.get(id) != fix.at}
        self._boards = {board.station_id: board for board in boards}
        self._places = _Places(self._boards.values())
        for board in came.values():
            await self.put_board(board)
        self._positions.clear()
        self._fences = OrderedDict((id, track) for id, track in self._fences.items() if id in moved)
        for fix in (*positions, *moved.values()):
            await self.put_position(fix)


_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


def _keep(store: OrderedDict[_Key, _Value], key: _Key, value: _Value, most: int) -> None:
    """Set a value as the newest, and forget the oldest beyond the bound."""
    store[key] = value
    store.move_to_end(key)
    if len(store) > most:
        store.popitem(last=False)
