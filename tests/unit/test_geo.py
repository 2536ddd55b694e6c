"""Distances against published ones."""

from __future__ import annotations

import pytest

from services.base import Location
from services.geo import distance_m, travel_s


def test_distance_of_one_degree_of_latitude_is_that_of_the_sphere() -> None:
    assert distance_m(Location(lat=0, lng=0), Location(lat=1, lng=0)) == pytest.approx(111_195, abs=1)


def test_distance_across_the_date_line_is_short() -> None:
    assert distance_m(Location(lat=0, lng=179.9), Location(lat=0, lng=-179.9)) == pytest.approx(22_239, abs=2)


def test_distance_of_antipodes_does_not_fail() -> None:
    assert distance_m(Location(lat=0, lng=0), Location(lat=0, lng=180)) == pytest.approx(20_015_115, rel=1e-4)


def test_travel_through_the_city_takes_three_minutes_a_kilometre() -> None:
    assert travel_s(1000) / 60 == pytest.approx(3.24, abs=0.01)
