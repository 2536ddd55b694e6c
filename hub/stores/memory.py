"""Live state in the process: the default, for one hub."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final, TypeVar

from services.base import Clock
from services.board import StationBoard
from services.fences import FenceTrack
from services.models import GpsFix
from services.ports import Allowance

MOST_USERS: Final = 100_000  # positions, fences and rate windows are kept for the newest so many

_MINUTE: Final = timedelta(minutes=1)
_HOUR: Final = timedelta(hours=1)


class _Window:
    """Calls of one key in the running minute and hour; both begin with their first call."""

    __slots__ = ("hour", "hour_began", "minute", "minute_began")

    def __init__(self, now: datetime) -> None:
        self.minute = self.hour = 0
        self.minute_began = self.hour_began = now

    def turn(self, now: datetime) -> None:
        if now - self.minute_began >= _MINUTE:
            self.minute, self.minute_began = 0, now
        if now - self.hour_began >= _HOUR:
            self.hour, self.hour_began = 0, now


class MemoryLive:
    """Implements `services.ports.Live`. Every step is atomic: none of them waits."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._boards: dict[str, StationBoard] = {}
        self._positions: OrderedDict[str, GpsFix] = OrderedDict()
        self._fences: OrderedDict[str, FenceTrack] = OrderedDict()
        self._windows: OrderedDict[str, _Window] = OrderedDict()

    async def put_board(self, board: StationBoard) -> None:
        present = self._boards.get(board.station_id)
        if present is None or present.version <= board.version:
            self._boards[board.station_id] = board

    async def board(self, station_id: str) -> StationBoard | None:
        return self._boards.get(station_id)

    async def boards(self) -> list[StationBoard]:
        return [self._boards[station_id] for station_id in sorted(self._boards)]

    async def put_position(self, fix: GpsFix) -> bool:
        present = self._positions.get(fix.user_id)
        if present is not None and fix.at <= present.at:
            return False
        _keep(self._positions, fix.user_id, fix)
        return True

    async def position(self, user_id: str) -> GpsFix | None:
        return self._positions.get(user_id)

    async def positions(self) -> list[GpsFix]:
        return list(self._positions.values())

    async def put_fences(self, user_id: str, track: FenceTrack) -> None:
        _keep(self._fences, user_id, track)

    async def fences(self, user_id: str) -> FenceTrack | None:
        return self._fences.get(user_id)

    async def allow(self, key: str, *, per_minute: int, per_hour: int) -> Allowance:
        now = self._clock()
        window = self._windows.get(key) or _Window(now)
        window.turn(now)
        _keep(self._windows, key, window)
        if per_minute and window.minute >= per_minute:
            return Allowance(False, (window.minute_began + _MINUTE - now).total_seconds())
        if per_hour and window.hour >= per_hour:
            return Allowance(False, (window.hour_began + _HOUR - now).total_seconds())
        window.minute += 1
        window.hour += 1
        return Allowance(True)

    async def replace_all(self, boards: Iterable[StationBoard], positions: Iterable[GpsFix]) -> None:
        self._boards = {board.station_id: board for board in boards}
        self._positions = OrderedDict((fix.user_id, fix) for fix in positions)
        self._fences = OrderedDict()


_Value = TypeVar("_Value")


def _keep(store: OrderedDict[str, _Value], key: str, value: _Value) -> None:
    """Set a value as the newest, and forget the oldest beyond the bound."""
    store[key] = value
    store.move_to_end(key)
    if len(store) > MOST_USERS:
        store.popitem(last=False)
