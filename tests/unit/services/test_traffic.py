"""Speeds of cells from positions: what counts, against what, and in which order."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from services.base import Location
from services.cells import cell_of, centre
from services.fixes import GpsFix
from services.traffic import WINDOW, Traffic, TrafficService
from services.traffic_cells import BIN_MPS, BINS, ENOUGH_WINDOWS, HALF_LIFE, Window, free_flow_mps
from tests.unit.services.city import CENTRE, City
from tests.unit.services.roads import north

ENOUGH = int(ENOUGH_WINDOWS) + 1  # they fade a little
CELL = cell_of(CENTRE)
HERE = centre(CELL)
FAR = centre(cell_of(north(CENTRE, 5000)))


def fix(user: str, at: datetime, where: Location, *, trust: float = 1.0) -> GpsFix:
    return GpsFix(
        id=f"{user}:{at.isoformat()}",
        user_id=user,
        lat=where.lat,
        lng=where.lng,
        at=at,
        received_at=at,
        trust=trust,
    )


def drive(
    user: str, start: datetime, speed_mps: float, *, around: Location = HERE, trust: float = 1.0
) -> list[GpsFix]:
    """Four minutes up and down the middle of a cell, a fix every ten seconds."""
    fixes, metres, step = [], -150.0, speed_mps * 10
    for number in range(25):
        fixes.append(fix(user, start + timedelta(seconds=10 * number), north(around, metres), trust=trust))
        if not -200 <= metres + step <= 200:
            step = -step
        metres += step
    return fixes


async def drove(city: City, *fixes: GpsFix) -> None:
    async with city.services.world.records.transaction() as tx:
        await tx.gps_logs.insert(*fixes)


async def window_of(city: City, *speeds: float, trust: float = 1.0) -> Traffic:
    """The next five minutes with one vehicle of each speed, measured."""
    traffic: TrafficService = city.services.admin.traffic
    start = traffic.window_end() + WINDOW
    city.clock.now = start
    for number, speed in enumerate(speeds):
        await drove(city, *drive(f"v{number}", start + timedelta(seconds=20), speed, trust=trust))
    city.clock.forward(minutes=5, seconds=21)
    await traffic.measure()
    return await traffic.page(limit=200, cursor=None)


async def test_a_cell_has_the_speed_of_all_its_way_over_all_its_time(city: City) -> None:
    assert await city.services.admin.traffic.page(limit=9, cursor=None) == Traffic(
        items=[], window_from=None, window_until=None
    )

    told = await window_of(city, 8.0, 4.0)

    [cell] = told.items
    assert (cell.cell, cell.vehicles, cell.time_s) == (CELL, 2, 480)
    assert cell.speed_mps == pytest.approx(6.0, abs=0.05)
    assert (cell.free_flow_mps, cell.congestion) == (None, None)
    assert told.window_until is not None
    assert told.window_from == told.window_until - WINDOW


async def test_who_stands_all_the_time_is_parked_and_who_stops_on_the_way_is_not() -> None:
    at, window = datetime(2026, 11, 24, 6).astimezone(), Window()
    for second in range(0, 280, 10):
        window.add(fix("parked", at + timedelta(seconds=second), north(HERE, second % 20)))
        window.add(
            fix(
                "jammed",
                at + timedelta(seconds=second),
                north(HERE, 0 if second < 240 else 30 * (second - 240) / 6),
            )
        )

    flows = window.flows()

    assert sum(flow.vehicles for flow in flows.values()) == 1
    assert flows[CELL].speed_mps < 1


def test_a_way_that_nobody_saw_is_no_speed() -> None:
    at, window = datetime(2026, 11, 24, 6).astimezone(), Window()
    window.add(fix("v", at, HERE))
    window.add(fix("v", at + timedelta(seconds=61), FAR))
    window.add(fix("v", at + timedelta(seconds=61), HERE))

    assert window.flows() == {}


async def test_who_is_not_believed_makes_no_traffic(city: City) -> None:
    assert (await window_of(city, 8.0, trust=0.1)).items == []


async def test_congestion_is_against_the_cells_own_past(city: City) -> None:
    for _ in range(ENOUGH):
        assert (await window_of(city, 8.0)).items[0].congestion is None

    [jammed] = (await window_of(city, 2.0)).items

    assert jammed.free_flow_mps == pytest.approx(8.4, abs=0.5)
    assert jammed.congestion == pytest.approx(1 - jammed.speed_mps / (jammed.free_flow_mps or 1), abs=0.001)
    assert (await window_of(city, 12.0)).items[0].congestion == 0


async def test_a_window_counts_once(city: City) -> None:
    before = await window_of(city, 8.0)
    [kept] = await city.services.world.records.now.traffic.find({})

    await city.services.admin.traffic.measure()

    assert await city.services.world.records.now.traffic.find({}) == [kept]
    assert sum(kept.past) == 1
    assert await city.services.admin.traffic.page(limit=9, cursor=None) == before


async def test_the_most_congested_come_first_in_parts(city: City) -> None:
    for slow in (*(False,) * ENOUGH, True):
        start = city.services.admin.traffic.window_end() + WINDOW
        city.clock.now = start
        places = [HERE, centre(cell_of(north(CENTRE, 3000))), FAR]
        for number, place in enumerate(places[: 3 if slow else 2]):
            speed = (6.0, 1.5, 5.0)[number] if slow else 8.0
            await drove(city, *drive(f"v{number}", start + timedelta(seconds=20), speed, around=place))
        city.clock.forward(minutes=5, seconds=21)
        await city.services.admin.traffic.measure()
    traffic = city.services.admin.traffic

    found, cursor = [], None
    while cursor is not None or not found:
        part = await traffic.page(limit=1, cursor=cursor)
        found += part.items
        cursor = part.next_cursor

    assert [cell.cell for cell in found] == [cell_of(places[1]), cell_of(places[0]), cell_of(places[2])]
    assert found[2].congestion is None
    assert (await traffic.page(limit=200, cursor=None)).items == found


async def test_a_cell_that_nobody_comes_to_is_forgotten(city: City) -> None:
    await window_of(city, 8.0)
    city.clock.forward(days=91)

    await city.services.admin.traffic.measure()

    assert await city.services.world.records.now.traffic.count({}) == 0


def test_free_flow_is_the_85th_percentile() -> None:
    past = [0.0] * BINS
    past[10] = 100.0
    assert free_flow_mps(tuple(past)) == pytest.approx((10 + 0.85) * BIN_MPS)
    past[20] = 900.0
    assert free_flow_mps(tuple(past)) == pytest.approx((20 + 750 / 900) * BIN_MPS, abs=0.001)
    assert free_flow_mps((0.0,) * (BINS - 1) + (ENOUGH_WINDOWS,)) == pytest.approx(
        (BINS - 0.15) * BIN_MPS, abs=0.001
    )
    assert free_flow_mps((ENOUGH_WINDOWS - 1,) + (0.0,) * (BINS - 1)) is None


async def test_the_past_fades(city: City) -> None:
    await window_of(city, 8.0)
    city.clock.forward(seconds=HALF_LIFE.total_seconds() - WINDOW.total_seconds() * 2)

    await window_of(city, 2.0)

    [kept] = await city.services.world.records.now.traffic.find({})
    assert sum(kept.past) == pytest.approx(1.5, abs=0.01)
