"""Which packs should be carried where: pure arithmetic on what places need and can spare.

Who is most likely to run out is served first, from the nearest place that can spare enough.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final

from services.base import Location
from services.cells import cell_of, disk
from services.geo import distance_m
from services.job_figures import EndRef
from services.job_models import EndKind
from services.predictions import PackMove

REACH_M: Final = 20_000.0
"""Packs are not carried farther than this, in a straight line: what is farther takes longer than charging."""

FEWEST: Final = 2  # packs, for which a van is not sent
MOST: Final = 12  # that one van carries

RESOLUTION, CELLS = 5, 3
"""Whatever is within REACH_M of a place is in the cells so many steps from its own, of this resolution."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A place: packs that it needs, that it can spare, that have no slot there, and that it has room for."""

    kind: EndKind
    id: str
    location: Location
    bring: int = 0
    spare: int = 0
    overflow: int = 0
    room: int = 0
    urgency: float = 0.0  # the chance that it runs out, 0 to 1


def plan(spots: Iterable[Spot]) -> list[PackMove]:
    """Moves to make, the most urgent first; of each pair of places one at most."""
    places = list(spots)
    ground = _Ground(places)
    wanting = [spot for spot in places if spot.bring]
    for target in sorted(wanting, key=lambda spot: (-spot.urgency, -spot.bring, spot.id)):
        ground.serve(target)
    for source in sorted((spot for spot in places if spot.overflow), key=lambda spot: spot.id):
        ground.relieve(source)
    return ground.moves


Key = tuple[EndKind, str]


class _Ground:
    """All places with what is left of them, found by the cells that they are in, and the moves so far."""

    def __init__(self, spots: Iterable[Spot]) -> None:
        self.moves: list[PackMove] = []
        self._left: dict[Key, Spot] = {_key(spot): spot for spot in spots}
        self._by_cell: dict[str, list[Key]] = {}
        for key, spot in self._left.items():
            self._by_cell.setdefault(_cell(spot), []).append(key)

    def serve(self, target: Spot) -> None:
        """Bring what a place needs, from the nearest places that can spare some."""
        wanted, why = min(target.bring, target.room), f"{target.urgency:.0%} chance of running out"
        for source in self._near(target, lambda spot: spot.spare >= FEWEST):
            if wanted < FEWEST:
                return
            count = min(wanted, source.spare, MOST)
            self._move(source, target, count, f"{why} at {target.id}")
            wanted -= count

    def relieve(self, crowded: Spot) -> None:
        """What has no slot goes to the nearest partner with room, as far as it is charged and not wanted."""
        source = self._left[_key(crowded)]
        takers = self._near(source, lambda spot: spot.kind is EndKind.PARTNER and spot.room >= FEWEST)
        for target in takers[:1]:
            count = min(source.overflow, source.spare, target.room, MOST)
            if count >= FEWEST:
                self._move(source, target, count, f"too few free slots at {source.id}")

    def _near(self, here: Spot, fits: Callable[[Spot], bool]) -> list[Spot]:
        """The others that fit, as they are now, the nearest first; none beyond REACH_M."""
        keys = (key for cell in disk(_cell(here), CELLS) for key in self._by_cell.get(cell, ()))
        others = (self._left[key] for key in keys if key != _key(here))
        away = ((distance_m(here.location, one.location), one.id, one) for one in others if fits(one))
        return [one for metres, _, one in sorted(away, key=lambda found: found[:2]) if metres <= REACH_M]

    def _move(self, source: Spot, target: Spot, count: int, why: str) -> None:
        """Note a move, and what it leaves."""
        given, taker = self._left[_key(source)], self._left[_key(target)]
        self._left[_key(source)] = replace(given, spare=given.spare - count)
        self._left[_key(target)] = replace(taker, room=taker.room - count)
        self.moves.append(
            PackMove(
                source=EndRef(kind=source.kind, id=source.id),
                target=EndRef(kind=target.kind, id=target.id),
                battery_count=count,
                distance_m=round(distance_m(source.location, target.location)),
                urgency=target.urgency,
                reason=why,
            )
        )


def _key(spot: Spot) -> Key:
    return spot.kind, spot.id


def _cell(spot: Spot) -> str:
    return cell_of(spot.location, RESOLUTION)
