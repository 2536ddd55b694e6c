"""Stations near a place: the same as a look at all of them, at the price of a few."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from functools import cache
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.stores.memory import MemoryLive
from services.answers import Recommendation
from services.base import Location
from services.board import StationBoard
from services.geo import distance_m
from services.near import FEW
from services.network import Services
from services.recommend import RecommendService
from services.world import World
from tests.contract.documents import board
from tests.unit.services.city import City

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
MANY = 10_000
CITY = Location(lat=12.97, lng=77.59)
TEMPLATE = board()


class CountingLive(MemoryLive):
    """Counts the boards that are read of it."""

    def __init__(self) -> None:
        super().__init__(clock=lambda: NOON)
        self.looks = self.read = 0

    def _counted(self, boards: list[StationBoard]) -> list[StationBoard]:
        self.looks, self.read = self.looks + 1, self.read + len(boards)
        return boards

    async def boards(self) -> list[StationBoard]:
        return self._counted(await super().boards())

    async def boards_in(self, cells: Iterable[str]) -> list[StationBoard]:
        return self._counted(await super().boards_in(cells))


@cache
def spread(count: int, degrees: float = 10.0) -> tuple[StationBoard, ...]:
    """Stations all over a country, or a city; some closed, some without packs, some with a queue."""
    rng = random.Random(count)
    return tuple(_somewhere(number, rng, degrees) for number in range(count))


def _somewhere(number: int, rng: random.Random, degrees: float) -> StationBoard:
    lat, lng = CITY.lat + rng.uniform(-degrees, degrees), CITY.lng + rng.uniform(-degrees, degrees)
    stock = TEMPLATE.stock.model_copy(update={"sellable": {"standard": rng.choice((0, 1, 2, 9))}})
    differs = {
        "station_id": f"station_{number:05}",
        "location": Location.model_construct(lat=lat, lng=lng),
        "is_active": rng.random() < 0.9,
        "bays": rng.randint(1, 4),
        "stock": stock,
    }
    return TEMPLATE.model_copy(update=differs)


async def filled(boards: Iterable[StationBoard], kind: type[CountingLive] = CountingLive) -> CountingLive:
    live = kind()
    await live.replace_all(boards, [], since=await live.mark())
    return live


def over(city: City, live: CountingLive) -> Services:
    """The city's services over another live state."""
    ports = {one.name: getattr(city.services.world, one.name) for one in fields(World)}
    return Services.build(**{**ports, "live": live})


@pytest.fixture
async def country(city: City) -> tuple[Services, CountingLive]:
    live = await filled(spread(MANY))
    return over(city, live), live


def ids(found: Sequence[Any]) -> list[str]:
    return [getattr(one, "station_id", None) or one.id for one in found]


async def test_nearest_among_10_000_reads_a_few(country: tuple[Services, CountingLive]) -> None:
    services, live = country
    here = Location(lat=13.4, lng=77.1)

    page = await services.stations.nearest(here, max_distance_km=None, limit=5)

    open_ones = [one for one in spread(MANY) if one.is_active]
    expected = sorted(open_ones, key=lambda one: distance_m(here, one.location))[:5]
    assert ids(page.items) == ids(expected)
    assert live.read < 200
    assert live.looks < 8


async def test_recommendation_among_10_000_in_one_city_reads_a_few(city: City) -> None:
    """A city with a station at every corner."""
    live = await filled(spread(MANY, degrees=0.3))

    items = await over(city, live).recommend.rank("rider", CITY, battery_level=None, limit=3)

    assert len(items) == 3
    assert live.read < 2_000
    assert live.looks < 6


async def test_nobody_is_read_beyond_the_longest_distance(country: tuple[Services, CountingLive]) -> None:
    services, live = country

    page = await services.stations.nearest(CITY, max_distance_km=20, limit=200)

    assert 0 < len(page.items) < 200
    assert all(item.distance_m <= 20_000 for item in page.items)
    assert live.read < 200


async def test_few_stations_are_read_at_once(city: City) -> None:
    live = await filled(spread(FEW))

    page = await over(city, live).stations.nearest(CITY, max_distance_km=None, limit=50)

    assert len(page.items) == 50
    assert live.looks == 1


async def test_from_the_other_side_of_the_earth_the_nearest_is_still_the_nearest(
    country: tuple[Services, CountingLive],
) -> None:
    services, _ = country
    here = Location(lat=-60, lng=-120)

    [nearest] = (await services.stations.nearest(here, max_distance_km=None, limit=1)).items

    open_ones = [one for one in spread(MANY) if one.is_active]
    assert nearest.id == min(open_ones, key=lambda one: distance_m(here, one.location)).station_id


async def ranked(live: CountingLive, here: Location, limit: int, level: int | None) -> list[Recommendation]:
    """For a rider of whom nothing is known."""
    nobody = SimpleNamespace(now=SimpleNamespace(users=SimpleNamespace(get=_none)))
    world = cast("World", SimpleNamespace(records=nobody, live=live))
    return await RecommendService(world).rank("rider", here, battery_level=level, limit=limit)


async def _none(_id: str) -> None:
    return None


class AllLive(CountingLive):
    """As if there were few: then all are read."""

    async def count_boards(self) -> int:
        return 0


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from([0.05, 0.5, 5.0]),
    st.floats(-1, 1),
    st.floats(-1, 1),
    st.integers(1, 20),
    st.sampled_from([None, 5, 40]),
)
async def test_cells_give_what_a_look_at_all_gives(
    degrees: float, north: float, east: float, limit: int, level: int | None
) -> None:
    here = Location(lat=CITY.lat + north * degrees, lng=CITY.lng + east * degrees)
    by_cells, by_all = await filled(spread(1000, degrees)), await filled(spread(1000, degrees), AllLive)

    assert await ranked(by_cells, here, limit, level) == await ranked(by_all, here, limit, level)
