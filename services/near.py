"""Stations near a place: cells round it are looked up, and larger ones while there are too few in them."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Final, TypeVar

from services.base import Location
from services.board import StationBoard
from services.cells import COARSEST, FINEST, cell_of, disk, parent, reach_m
from services.geo import distance_m
from services.ports import Live

FIRST: Final = 7
"""Resolution of the first look: what is within 2 to 3 km is in it."""

STEPS: Final = 2
"""Of each resolution the cells up to so many steps away: 19, seven times as much ground each time."""

FEW: Final = 100
"""So many boards are read at once: looking for less would take longer."""

Answer = TypeVar("Answer")
Away = list[tuple[float, StationBoard]]
"""Boards with their distances in metres."""

Choose = Callable[[Away, float], Answer | None]
"""The answer, if no board beyond so many metres can change it. None of those nearer is missing."""

Enough = Callable[[list[StationBoard], float], bool]
"""Can no board farther away than so many metres matter beside these?"""


async def look_around(live: Live, here: Location, choose: Choose[Answer]) -> Answer | None:
    """The answer of the smallest look that is enough; the last one is at all boards, to any distance."""
    if await live.count_boards() > FEW:
        finest = cell_of(here, FINEST)
        for resolution in range(FIRST, COARSEST - 1, -1):
            cell = parent(finest, resolution)
            found = _away(here, await live.boards_in(disk(cell, STEPS)))
            answer = choose(found, reach_m(cell, STEPS))
            if answer is not None:
                return answer
    return choose(_away(here, await live.boards()), inf)


async def boards_near(
    live: Live, here: Location, *, within_m: float, is_enough: Enough
) -> list[StationBoard]:
    """Boards among which are all that matter: those within `within_m`, unless fewer are enough."""

    def choose(away: Away, known_m: float) -> list[StationBoard] | None:
        boards = [board for _, board in away]
        return boards if known_m >= within_m or is_enough(boards, known_m) else None

    return await look_around(live, here, choose) or []


def _away(here: Location, boards: list[StationBoard]) -> Away:
    return [(distance_m(here, board.location), board) for board in boards]
