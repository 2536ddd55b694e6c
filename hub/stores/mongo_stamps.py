"""Which transaction came first, without asking anybody: a clock that no effect outruns."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from services.base import Clock

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)


class Stamps:
    """Numbers for transactions: greater than those of every transaction whose writes were read before.

    Microseconds since 1970, pushed on where a clock stands still or is behind another hub's (a hybrid
    logical clock: Kulkarni and others, OPODIS 2014). Each document carries its writer's stamp.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._newest = 0

    def saw(self, stamp: int) -> None:
        self._newest = max(self._newest, stamp)

    def next(self) -> int:
        self._newest = max(self._newest + 1, (self._clock() - EPOCH) // MICROSECOND)
        return self._newest
