"""The main roads between the places: junctions, arterial roads, and the ways over them.

Made by hand from general knowledge of the city: good enough to ride on and to look at, no map to navigate by.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from heapq import heappop, heappush
from itertools import accumulate, pairwise
from typing import Final

from hub.demo.places import STATIONS
from hub.demo.traffic import RoadClass, speed_mps
from services.base import Location
from services.geo import distance_m

JUNCTIONS: Final[dict[str, tuple[float, float]]] = {
    **{name: (place.lat, place.lng) for name, place in STATIONS},
    "Nagawara": (13.0413, 77.6246),
    "Kalyan Nagar": (13.0230, 77.6400),
    "Ramamurthy Nagar": (13.0120, 77.6610),
    "Tin Factory": (12.9966, 77.6690),
    "Mahadevapura": (12.9880, 77.6890),
    "Kadubeesanahalli": (12.9400, 77.6950),
    "Iblur": (12.9210, 77.6660),
    "Agara": (12.9230, 77.6480),
    "Jayadeva": (12.9170, 77.5998),
    "Kadirenahalli": (12.9180, 77.5735),
    "Kathriguppe": (12.9270, 77.5560),
    "Nayandahalli": (12.9420, 77.5250),
    "Nagarbhavi": (12.9580, 77.5120),
    "Sumanahalli": (12.9830, 77.5140),
    "Laggere": (13.0110, 77.5190),
    "Goraguntepalya": (13.0290, 77.5400),
    "BEL Circle": (13.0440, 77.5560),
    "Mekhri Circle": (13.0145, 77.5837),
    "Windsor Bridge": (12.9925, 77.5880),
    "Vidhana Soudha": (12.9797, 77.5907),
    "Byatarayanapura": (13.0620, 77.5930),
    "KR Market": (12.9640, 77.5770),
    "Sirsi Circle": (12.9590, 77.5650),
    "Satellite Bus Stand": (12.9530, 77.5430),
    "RR Nagar Arch": (12.9360, 77.5170),
    "Dairy Circle": (12.9390, 77.6020),
    "Adugodi": (12.9440, 77.6080),
    "Richmond Circle": (12.9640, 77.5980),
    "Bommanahalli": (12.9030, 77.6240),
    "Kudlu Gate": (12.8890, 77.6390),
    "Singasandra": (12.8720, 77.6500),
    "Arekere": (12.8880, 77.5970),
    "Trinity": (12.9730, 77.6170),
    "Halasuru": (12.9760, 77.6260),
    "Byappanahalli": (12.9908, 77.6525),
    "HAL": (12.9590, 77.6640),
    "Kundalahalli": (12.9560, 77.7150),
    "Varthur Kodi": (12.9570, 77.7440),
    "Hoodi": (12.9920, 77.7160),
    "Ejipura": (12.9450, 77.6270),
    "Lalbagh West": (12.9480, 77.5790),
    "South End": (12.9370, 77.5800),
    "Okalipuram": (12.9830, 77.5620),
    "Anand Rao Circle": (12.9810, 77.5740),
    "Fraser Town": (12.9970, 77.6140),
    "Shivajinagar": (12.9860, 77.6040),
    "Konanakunte": (12.8870, 77.5680),
}

_RING, _RADIAL, _STREET = RoadClass.RING, RoadClass.RADIAL, RoadClass.STREET

ROADS: Final[tuple[tuple[str, RoadClass, tuple[str, ...]], ...]] = (
    ("Outer Ring Road", _RING, (
        "Hebbal", "Nagawara", "Kalyan Nagar", "Ramamurthy Nagar", "Tin Factory", "Mahadevapura",
        "Marathahalli", "Kadubeesanahalli", "Bellandur", "Iblur", "Agara", "Silk Board", "BTM Layout",
        "Jayadeva", "Kadirenahalli", "Kathriguppe", "Nayandahalli", "Nagarbhavi", "Sumanahalli", "Laggere",
        "Goraguntepalya", "BEL Circle", "Hebbal",
    )),
    ("Bellary Road", _RADIAL, (
        "Vidhana Soudha", "Windsor Bridge", "Mekhri Circle", "Hebbal", "Byatarayanapura", "Yelahanka",
    )),
    ("Tumkur Road", _RADIAL, ("Malleshwaram", "Yeshwanthpur", "Goraguntepalya", "Peenya")),
    ("Mysore Road", _RADIAL, (
        "KR Market", "Sirsi Circle", "Satellite Bus Stand", "Nayandahalli", "RR Nagar Arch", "Kengeri",
    )),
    ("Hosur Road", _RADIAL, (
        "Richmond Circle", "Adugodi", "Silk Board", "Bommanahalli", "Kudlu Gate", "Singasandra",
        "Electronic City",
    )),
    ("Bannerghatta Road", _RADIAL, ("Adugodi", "Dairy Circle", "Jayadeva", "Arekere")),
    ("Old Madras Road", _RADIAL, (
        "MG Road", "Trinity", "Halasuru", "Indiranagar", "Byappanahalli", "Tin Factory", "KR Puram",
    )),
    ("Old Airport Road", _RADIAL, (
        "Trinity", "Domlur", "HAL", "Marathahalli", "Kundalahalli", "Varthur Kodi", "Whitefield",
    )),
    ("Whitefield Road", _RADIAL, ("KR Puram", "Hoodi", "Whitefield")),
    ("ITPL Road", _STREET, ("Hoodi", "Kundalahalli")),
    ("Sarjapur Road", _RADIAL, ("Koramangala", "Agara")),
    ("Inner Ring Road", _RADIAL, ("Domlur", "Ejipura", "Koramangala")),
    ("100 Feet Road", _STREET, ("Indiranagar", "Domlur")),
    ("80 Feet Road", _STREET, ("Koramangala", "Adugodi")),
    ("27th Main", _STREET, ("HSR Layout", "Agara")),
    ("19th Main", _STREET, ("HSR Layout", "Silk Board")),
    ("Kanakapura Road", _RADIAL, ("KR Market", "Lalbagh West", "South End", "Kadirenahalli", "Konanakunte")),
    ("Jayanagar 11th Main", _STREET, ("South End", "Jayanagar", "JP Nagar")),
    ("Marenahalli Road", _STREET, ("Jayanagar", "Jayadeva")),
    ("JP Nagar 24th Main", _STREET, ("JP Nagar", "Kadirenahalli")),
    ("JP Nagar 15th Cross", _STREET, ("JP Nagar", "Arekere", "Konanakunte")),
    ("Outer Circle", _STREET, ("Banashankari", "Kathriguppe")),
    ("Chord Road", _RADIAL, ("Satellite Bus Stand", "Rajajinagar", "Yeshwanthpur")),
    ("Sampige Road", _STREET, ("Anand Rao Circle", "Okalipuram", "Rajajinagar", "Malleshwaram")),
    ("Platform Road", _STREET, ("Majestic", "Okalipuram")),
    ("Seshadri Road", _STREET, ("Majestic", "Anand Rao Circle", "Vidhana Soudha")),
    ("Kalasipalya Road", _STREET, ("Majestic", "KR Market")),
    ("Cubbon Road", _STREET, ("Vidhana Soudha", "MG Road", "Shivajinagar", "Fraser Town", "Kalyan Nagar")),
    ("Residency Road", _STREET, ("MG Road", "Richmond Circle", "KR Market")),
    ("Margosa Road", _STREET, ("Malleshwaram", "Mekhri Circle", "RT Nagar", "Hebbal")),
    ("Magadi Road", _RADIAL, ("Okalipuram", "Sumanahalli")),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Way:
    """A route: its points, and the seconds of riding after which each is reached."""

    points: tuple[Location, ...]
    at_s: tuple[float, ...]

    @property
    def seconds(self) -> float:
        return self.at_s[-1]

    def place(self, seconds: float) -> Location:
        """Where one is after so many seconds; at the end from then on."""
        for (a, b), (from_s, to_s) in zip(pairwise(self.points), pairwise(self.at_s), strict=True):
            if seconds < to_s:
                return _between(a, b, max(0.0, (seconds - from_s) / (to_s - from_s)))
        return self.points[-1]


def _between(a: Location, b: Location, share: float) -> Location:
    return Location(lat=a.lat + (b.lat - a.lat) * share, lng=a.lng + (b.lng - a.lng) * share)


def _place(junction: str) -> Location:
    lat, lng = JUNCTIONS[junction]
    return Location(lat=lat, lng=lng)


@dataclass(frozen=True, slots=True)
class Leg:
    """A piece of road between two neighbouring junctions."""

    metres: float
    road: RoadClass

    def seconds(self, at: datetime | None) -> float:
        return self.metres / speed_mps(self.road, at)


def _graph() -> dict[str, dict[str, Leg]]:
    """The legs from each junction, both ways; of two roads the faster."""
    graph: dict[str, dict[str, Leg]] = {name: {} for name in JUNCTIONS}
    for _, road, stops in ROADS:
        for a, b in pairwise(stops):
            leg = Leg(distance_m(_place(a), _place(b)), road)
            for here, there in ((a, b), (b, a)):
                known = graph[here].get(there, leg)
                graph[here][there] = min(leg, known, key=lambda one: one.seconds(None))
    return graph


_GRAPH: Final = _graph()


def nearest_junction(here: Location) -> str:
    return min(JUNCTIONS, key=lambda name: distance_m(here, _place(name)))


def way(here: Location, there: Location, at: datetime | None = None) -> Way:
    """The fastest way in the traffic of that hour: to the nearest junction, over the roads, to the place."""
    stops = _fastest(nearest_junction(here), nearest_junction(there), at)
    points = [here, *(_place(stop) for stop in stops), there]
    on_roads = [_GRAPH[a][b] for a, b in pairwise(stops)]
    first, last = (Leg(distance_m(a, b), RoadClass.STREET) for a, b in (points[:2], points[-2:]))
    at_s = accumulate((leg.seconds(at) for leg in (first, *on_roads, last)), initial=0.0)
    return Way(tuple(points), tuple(at_s))


def _fastest(start: str, goal: str, at: datetime | None) -> list[str]:
    """Dijkstra over the junctions."""
    best = {start: 0.0}
    before: dict[str, str] = {}
    heap = [(0.0, start)]
    while heap:
        seconds, here = heappop(heap)
        if here == goal:
            break
        for there, leg in _GRAPH[here].items():
            arrival = seconds + leg.seconds(at)
            if arrival < best.get(there, float("inf")):
                best[there] = arrival
                before[there] = here
                heappush(heap, (arrival, there))
    stops = [goal]
    while stops[-1] != start:
        stops.append(before[stops[-1]])
    return stops[::-1]
