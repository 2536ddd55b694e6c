"""Which packs should be carried where: pure arithmetic on what places need and can spare.

Who is most likely to run out is served first, from the nearest place that can spare enough.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from services.base import Location
from services.geo import distance_m
from services.job_figures import EndRef
from services.job_models import EndKind
from services.predictions import PackMove

REACH_M: Final = 20_000.0
"""Packs are not carried farther than this, in a straight line: what is farther takes longer than charging."""

FEWEST: Final = 2  # packs, for which a van is not sent
MOST: Final = 12  # that one van carries


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
    left = {(spot.kind, spot.id): spot for spot in spots}
    moves: list[PackMove] = []
    wanting = sorted(
        (spot for spot in left.values() if spot.bring), key=lambda spot: (-spot.urgency, -spot.bring, spot.id)
    )
    for target in wanting:
        moves += _serve(left, target)
    for source in sorted((spot for spot in left.values() if spot.overflow), key=lambda spot: spot.id):
        moves += _relieve(left, left[source.kind, source.id])
    return moves


Left = dict[tuple[EndKind, str], Spot]


def _serve(left: Left, target: Spot) -> list[PackMove]:
    moves, wanted = [], min(target.bring, target.room)
    for source in _nearest(target, [spot for spot in left.values() if spot.spare >= FEWEST]):
        count = min(wanted, left[source.kind, source.id].spare, MOST)
        if count < FEWEST:
            continue
        why = f"{target.urgency:.0%} chance of running out at {target.id}"
        moves.append(_take(left, source, target, count, why))
        wanted -= count
    return moves


def _relieve(left: Left, source: Spot) -> list[PackMove]:
    """What has no slot goes to the nearest partner with room, as far as it is charged and not wanted here."""
    partners = [spot for spot in left.values() if spot.kind is EndKind.PARTNER and spot.room >= FEWEST]
    for target in _nearest(source, partners)[:1]:
        count = min(source.overflow, source.spare, target.room, MOST)
        if count >= FEWEST:
            return [_take(left, source, target, count, f"too few free slots at {source.id}")]
    return []


def _nearest(here: Spot, others: Sequence[Spot]) -> list[Spot]:
    away = [(distance_m(here.location, one.location), one.id, one) for one in others]
    near = sorted((metres, id, one) for metres, id, one in away if metres <= REACH_M and one is not here)
    return [one for _, id, one in near if (one.kind, id) != (here.kind, here.id)]


def _take(left: Left, source: Spot, target: Spot, count: int, why: str) -> PackMove:
    """Note a move, and what it leaves."""
    from_key, to_key = (source.kind, source.id), (target.kind, target.id)
    left[from_key] = replace(left[from_key], spare=left[from_key].spare - count)
    left[to_key] = replace(left[to_key], room=left[to_key].room - count)
    return PackMove(
        source=EndRef(kind=source.kind, id=source.id),
        target=EndRef(kind=target.kind, id=target.id),
        battery_count=count,
        distance_m=round(distance_m(source.location, target.location)),
        urgency=target.urgency,
        reason=why,
    )
