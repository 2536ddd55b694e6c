"""H3 cells: the ground in hexagons, for what is near and for what happens where.

A cell is H3's index as text. Cells of resolution r are about seven times as large as those of r + 1, and each
belongs to one of them (`parent`), though a little of it may lie beside it: near an edge, `cell_of` at r and
the parent of `cell_of` at r + 1 can be neighbours. Not for fences: a hexagon's edge is no radius.
Source: https://h3geo.org.
"""

from __future__ import annotations

from typing import Final

import h3

from services.base import Location

FINEST: Final = 9
"""Stations are kept by their cell of this resolution: edges of 200 m."""

HEAT: Final = 8
"""What is drawn and counted by cells is so by default: edges of 530 m."""

COARSEST: Final = 0

_SHORTEST_RATIO: Final = 0.85
"""Cells differ, and are no flat hexagons. Least seen, at 1500 places and round all pentagons: 0.90."""


def cell_of(location: Location, resolution: int = HEAT) -> str:
    """The cell that a location is in."""
    return str(h3.latlng_to_cell(location.lat, location.lng, resolution))


def resolution_of(cell: str) -> int:
    return int(h3.get_resolution(cell))


def parent(cell: str, resolution: int) -> str:
    """The cell of a coarser resolution that it belongs to."""
    return str(h3.cell_to_parent(cell, resolution))


def ring(cell: str, k: int) -> list[str]:
    """The cells that are exactly `k` steps away, sorted; of 0 the cell itself."""
    return sorted(h3.grid_ring(cell, k))


def disk(cell: str, k: int) -> list[str]:
    """The cells that are at most `k` steps away, sorted."""
    return sorted(h3.grid_disk(cell, k))


def centre(cell: str) -> Location:
    lat, lng = h3.cell_to_latlng(cell)
    return Location(lat=lat, lng=lng)


def outline(cell: str) -> list[Location]:
    """Its corners in order: six, of a pentagon five."""
    return [Location(lat=lat, lng=lng) for lat, lng in h3.cell_to_boundary(cell)]


def is_cell(text: str) -> bool:
    return bool(h3.is_valid_cell(text))


def span(cell: str) -> tuple[str, str]:
    """The first and the last text that a cell of the finest resolution that belongs to `cell` can have.

    An index has the digits of the way down to a cell in order, after the resolution, and sevens for those
    not taken: what is inside begins alike, and sorts between these two.
    """
    first = str(h3.cell_to_center_child(cell, FINEST))
    return first, f"{cell[0]}{FINEST:x}{cell[2:]}"


def reach_m(cell: str, k: int) -> float:
    """Whoever is in the middle cell of a disk of `k` has everything nearer than this inside it, metres.

    That holds for the cells that places are in, and for those that the finest cells of places belong to.
    Rows of hexagons are 1.5 edges apart, so from a corner of the middle one there are 1.5 k - 0.5 edges to
    the rim. An edge is as long as a corner is far from the middle; the nearest corner counts.
    """
    middle = h3.cell_to_latlng(cell)
    edge_m = min(float(h3.great_circle_distance(middle, corner, "m")) for corner in h3.cell_to_boundary(cell))
    return (1.5 * k - 0.5) * edge_m * _SHORTEST_RATIO
