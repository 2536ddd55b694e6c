"""Stations near a place: cells round it are looked up, and larger ones while there are too few in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from services.base import Location
from services.board import StationBoard
from services.cells import COARSEST, FINEST, HEAT, cell_of, disk, parent, reach_m
from services.ports import Live

STEPS: Final = 2
"""Of each resolution the cells up to so many steps away: 19, seven times as much ground each time."""

FEW: Final = 100
"""So many boards are read at once: looking for less would take longer."""

Enough = Callable[[list[StationBoard], float], bool]
"""Can no board farther away than so many metres matter beside these?"""


async def boards_near(
    live: Live, here: Location, *, within_m: float, is_enough: Enough
) -> list[StationBoard]:
    """Boards among which are all that matter, by id: all within `within_m`, unless fewer are enough."""
    if await live.count_boards() <= FEW:
        return await live.boards()
    cell = cell_of(here, FINEST)
    for resolution in range(HEAT, COARSEST - 1, -1):
        boards = await live.boards_in(disk(parent(cell, resolution), STEPS))
        known_m = reach_m(resolution, STEPS)
        if known_m >= within_m or is_enough(boards, known_m):
            return boards
    return await live.boards()
