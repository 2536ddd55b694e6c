"""Cells: what is promised of rings, spans and reaches, everywhere on the globe."""

from __future__ import annotations

from math import asin, atan2, cos, degrees, pi, radians, sin

import h3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services import cells
from services.base import Location
from services.geo import EARTH_RADIUS_M, distance_m

CITY = Location(lat=12.9716, lng=77.5946)
RESOLUTIONS = st.integers(cells.COARSEST, cells.FINEST)


@st.composite
def places(draw: st.DrawFn) -> Location:
    """Anywhere, and next to the twelve pentagons more often than there."""
    if draw(st.booleans()):
        lat, lng = h3.cell_to_latlng(draw(st.sampled_from(sorted(h3.get_pentagons(3)))))
        return Location(lat=lat + draw(st.floats(-0.9, 0.9)), lng=lng + draw(st.floats(-0.9, 0.9)))
    return Location(lat=draw(st.floats(-89, 89)), lng=draw(st.floats(-180, 180)))


def away(start: Location, bearing: float, distance: float) -> Location:
    """The point that is so many metres from the start in that direction (radians)."""
    lat, angle = radians(start.lat), distance / EARTH_RADIUS_M
    to_lat = asin(sin(lat) * cos(angle) + cos(lat) * sin(angle) * cos(bearing))
    turn = atan2(sin(bearing) * sin(angle) * cos(lat), cos(angle) - sin(lat) * sin(to_lat))
    return Location(lat=degrees(to_lat), lng=(start.lng + degrees(turn) + 540) % 360 - 180)


def test_cell_of_the_city_is_the_published_one() -> None:
    assert cells.cell_of(Location(lat=37.3615593, lng=-122.0553238), 7) == "87283472bffffff"  # h3-py's README


def test_rings_are_the_disk_without_a_gap_and_without_an_overlap() -> None:
    cell = cells.cell_of(CITY)

    rings = [one for k in range(4) for one in cells.ring(cell, k)]

    assert len(rings) == 1 + 6 + 12 + 18
    assert sorted(rings) == cells.disk(cell, 3)
    assert cells.ring(cell, 0) == [cell]


def test_centre_and_outline_are_of_the_cell() -> None:
    cell = cells.cell_of(CITY)

    assert cells.cell_of(cells.centre(cell)) == cell
    assert len(cells.outline(cell)) == 6
    assert all(distance_m(cells.centre(cell), corner) < 700 for corner in cells.outline(cell))


@pytest.mark.parametrize(
    ("text", "is_one"), [("87283472bffffff", True), ("8728", False), ("", False), ("x" * 15, False)]
)
def test_only_a_cell_is_a_cell(text: str, is_one: bool) -> None:
    assert cells.is_cell(text) is is_one


@given(places(), RESOLUTIONS, places())
def test_span_holds_what_belongs_to_the_cell_and_nothing_else(
    inside: Location, resolution: int, other: Location
) -> None:
    cell = cells.cell_of(inside, resolution)
    first, last = cells.span(cell)

    for place in (inside, other):
        fine = cells.cell_of(place, cells.FINEST)
        assert (first <= fine <= last) == (cells.parent(fine, resolution) == cell)


@settings(max_examples=300)
@given(places(), RESOLUTIONS, st.integers(1, 3), st.floats(0, 2 * pi), st.floats(0, 1, exclude_max=True))
def test_reach_of_a_disk_is_inside_it(
    here: Location, resolution: int, k: int, bearing: float, share: float
) -> None:
    def through_the_finest(place: Location) -> str:
        return cells.parent(cells.cell_of(place, cells.FINEST), resolution)

    for cell_of in (lambda place: cells.cell_of(place, resolution), through_the_finest):
        cell = cell_of(here)
        there = away(here, bearing, share * cells.reach_m(cell, k))
        assert cell_of(there) in cells.disk(cell, k)
