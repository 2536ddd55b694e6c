"""Distances and speeds on the ground."""

from __future__ import annotations

from math import asin, cos, radians, sin, sqrt
from typing import Final

from services.base import Location

EARTH_RADIUS_M: Final = 6_371_008.8  # mean radius R1 of GRS 80

DETOUR_RATIO: Final = 1.35
"""Road length over straight line in a city grid: between 1.2 and 1.4 in most published studies."""

CITY_SPEED_MPS: Final = 25 / 3.6
"""A two-wheeler's mean speed in a large Indian city by day, stops included."""


def distance_m(a: Location, b: Location) -> float:
    """Great-circle distance of two WGS 84 points, in metres.

    Haversine on a sphere, within 0.5 % of the ellipsoid: enough to rank stations and test a
    geofence, not to bill by. Source: R. W. Sinnott, Sky and Telescope 68 (1984), p. 159.
    """
    lat_a, lat_b = radians(a.lat), radians(b.lat)
    half_lat, half_lng = (lat_b - lat_a) / 2, radians(b.lng - a.lng) / 2
    chord = sin(half_lat) ** 2 + cos(lat_a) * cos(lat_b) * sin(half_lng) ** 2
    return 2 * EARTH_RADIUS_M * asin(min(1.0, sqrt(chord)))


def travel_s(straight_m: float) -> float:
    """Seconds to ride a distance given as the crow flies, at the city's mean speed."""
    return straight_m * DETOUR_RATIO / CITY_SPEED_MPS
