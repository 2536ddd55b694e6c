"""The demo city: what the seed promises, and roads that can be ridden."""

from __future__ import annotations

import json
import random
from collections import Counter
from datetime import UTC, datetime
from itertools import combinations, pairwise
from pathlib import Path

import pytest

from hub.demo import map as city_map
from hub.demo.demand import BY_HOUR, demand, rest_s
from hub.demo.lakes import LAKES
from hub.demo.places import STATIONS
from hub.demo.roads import JUNCTIONS, ROADS, way
from hub.demo.seed import fill
from hub.demo.traffic import FREE_SPEED_MPS, RoadClass, speed_mps
from hub.stores.sqlite import SqliteStore
from services.geo import distance_m
from services.models import Role
from services.ports import Snapshot

NOW = datetime(2026, 11, 24, tzinfo=UTC)


async def everything(reads: Snapshot) -> list[str]:
    kinds = (reads.stations, reads.users, reads.batteries, reads.staff_assignments, reads.partner_shops)
    return [one.model_dump_json() for kind in kinds for one in await kind.find({})]  # type: ignore[attr-defined]


async def test_seed_keeps_its_promises_and_is_the_same_every_time(tmp_path: Path) -> None:
    seen = []
    for name in "ab":
        async with SqliteStore.open(tmp_path / name, clock=lambda: NOW) as store:
            assert await fill(store.records, clock=lambda: NOW)
            assert not await fill(store.records, clock=lambda: NOW)
            seen.append(await everything(store.records.now))
            reads = store.records.now
            stations = await reads.stations.find({})
            assert [station.id for station in stations] == [f"station_{n:03}" for n in range(1, 25)]
            roles = Counter(user.role for user in await reads.users.find({}))
            assert roles == {
                Role.CONSUMER: 500, Role.STAFF: 48, Role.TRANSPORTER: 20, Role.ADMIN: 1, Role.DEVICE: 24,
            }  # fmt: skip
            for station in stations:
                packs = await reads.batteries.find({"holder.kind": "slot", "holder.id": station.id})
                assert station.capacity == 20
                assert 30 <= len(packs) <= 60
                assert sum(pack.state == "charged" for pack in packs) >= 12
                assert station.slots - len(packs) >= 6
                assert len({pack.holder.slot for pack in packs}) == len(packs)
            riders = await reads.batteries.find({"holder.kind": "rider"})
            assert len({pack.holder.id for pack in riders}) == len(riders) == 500
            staff = await reads.staff_assignments.find({"station_id": "station_001"})
            assert {shift.staff_id for shift in staff} == {"staff_001", "staff_002"}
            assert await reads.partner_shops.count({}) == 6
    assert seen[0] == seen[1]


def test_every_station_can_be_reached_from_every_other_at_a_plausible_speed() -> None:
    for (_, here), (_, there) in combinations(STATIONS, 2):
        route = way(here, there)
        kmh = distance_m(here, there) / route.seconds * 3.6
        assert 8 < kmh < 46
        assert route.place(0) == here
        assert route.place(route.seconds) == route.place(route.seconds + 99) == there


def test_riding_along_a_way_never_jumps() -> None:
    route = way(STATIONS[11][1], STATIONS[22][1])
    places = [route.place(second) for second in range(int(route.seconds))]
    assert max(distance_m(a, b) for a, b in pairwise(places)) < 13


def test_roads_name_junctions_and_stations_lie_in_the_city() -> None:
    assert {stop for _, _, stops in ROADS for stop in stops} == set(JUNCTIONS)
    assert all(12.8 < place.lat < 13.2 and 77.4 < place.lng < 77.8 for _, place in STATIONS)


def test_wide_roads_are_fast_by_night_and_lose_most_in_the_peak() -> None:
    night, peak = NOW.replace(hour=21), NOW.replace(hour=12, minute=45)  # 2:30 and 18:15 in the city
    for road in RoadClass:
        assert speed_mps(road) == FREE_SPEED_MPS[road]
        assert speed_mps(road, night) > 0.98 * speed_mps(road)
        assert 3 < speed_mps(road, peak) < 0.7 * speed_mps(road)
    assert speed_mps(RoadClass.RING, peak) < 0.5 * speed_mps(RoadClass.RING)
    here, there = STATIONS[11][1], STATIONS[22][1]
    assert way(here, there, peak).seconds > 1.7 * way(here, there, night).seconds


def test_no_station_and_no_junction_lies_in_a_lake() -> None:
    points = [(place.lat, place.lng) for _, place in STATIONS] + list(JUNCTIONS.values())
    for name, outline in LAKES:
        assert not [point for point in points if inside(point, outline)], name


def inside(point: tuple[float, float], outline: tuple[tuple[float, float], ...]) -> bool:
    """Whether a ray to the east crosses the outline an odd number of times."""
    lat, lng = point
    crossings = 0
    for (lat_a, lng_a), (lat_b, lng_b) in zip(outline, outline[1:] + outline[:1], strict=True):
        if (lat_a > lat) != (lat_b > lat):
            crossings += lng < lng_a + (lat - lat_a) / (lat_b - lat_a) * (lng_b - lng_a)
    return crossings % 2 == 1


def test_demand_has_two_peaks_and_a_mean_of_one() -> None:
    assert sum(BY_HOUR) / 24 == pytest.approx(1, abs=0.05)
    peaks = [hour for hour in range(24) if BY_HOUR[hour - 1] < BY_HOUR[hour] > BY_HOUR[(hour + 1) % 24]]
    assert peaks[0] in (8, 9)
    assert peaks[-1] in (18, 19)
    morning, night = NOW.replace(hour=3), NOW.replace(hour=22)  # 8:30 and 3:30 in the city
    assert demand(morning) > 5 * demand(night)


def test_riders_rest_longer_when_demand_is_low() -> None:
    def mean(hour: int) -> float:
        rng = random.Random(1)
        return sum(rest_s(rng, NOW.replace(hour=hour)) for _ in range(2000)) / 2000

    assert mean(22) > 4 * mean(3)


def test_the_dashboards_map_is_of_this_code() -> None:
    """`python -m hub.demo.map > web_dashboard/static/city/bengaluru.json` makes it anew."""
    kept = Path("web_dashboard/static/city/bengaluru.json")
    assert json.loads(kept.read_text()) == json.loads(json.dumps(city_map.document()))
