"""Packs go where they will be missed: the plan, and what the operator lets become of it."""

from __future__ import annotations

from asyncio import gather
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.again import insist
from services.base import Location
from services.cells import cell_of, reach_m
from services.job_models import EndKind, Job
from services.models import Holder, HolderKind, Station
from services.rebalancing_plan import CELLS, FEWEST, MOST, REACH_M, RESOLUTION, Spot, plan
from services.rules import RebalancingMode, Rules
from services.states import OPEN_JOB, BatteryState
from tests.unit.services.cities import embedded_city
from tests.unit.services.city import CENTRE, City
from tests.unit.services.past import busy_weeks
from tests.unit.services.roads import Roads
from tests.unit.services.test_foresight import passed


def spot(id: str, km: float = 0.0, kind: EndKind = EndKind.STATION, **more: Any) -> Spot:
    """So many kilometres north of the centre."""
    place = Location(lat=CENTRE.lat + km / 111.195, lng=CENTRE.lng)
    return Spot(kind=kind, id=id, location=place, **{"room": 40, **more})


def moves(*spots: Spot) -> list[tuple[str, str, int]]:
    return [(move.source.id, move.target.id, move.battery_count) for move in plan(spots)]


def test_the_most_urgent_is_served_first_from_the_nearest() -> None:
    calm = spot("calm", 0, bring=5, urgency=0.2)
    urgent = spot("urgent", 4, bring=6, urgency=0.9)

    found = moves(calm, urgent, spot("near", 3, spare=4), spot("far", 9, spare=20))

    assert found == [("near", "urgent", 4), ("far", "urgent", 2), ("far", "calm", 5)]


@pytest.mark.parametrize(
    "spots",
    [
        (spot("poor", bring=9), spot("rich", 1, spare=1)),  # too few for a van
        (spot("poor", bring=1), spot("rich", 1, spare=9)),
        (spot("poor", bring=9, room=1), spot("rich", 1, spare=9)),
        (spot("poor", bring=9), spot("rich", 25, spare=9)),  # too far
        (spot("one", spare=9), spot("other", 1, spare=9)),
    ],
)
def test_nothing_moves_where_nothing_is_gained(spots: tuple[Spot, ...]) -> None:
    assert moves(*spots) == []


def test_what_has_no_slot_goes_to_a_partner_and_a_partner_serves_stations() -> None:
    shop = spot("shop", 2, EndKind.PARTNER, spare=5, room=3)

    assert moves(spot("crowded", overflow=7, spare=6), shop) == [("crowded", "shop", 3)]
    assert moves(spot("poor", bring=4, urgency=1), shop) == [("shop", "poor", 4)]


stations = st.builds(
    spot,
    st.uuids().map(str),
    st.floats(0, 40),
    bring=st.integers(0, 30),
    spare=st.integers(0, 30),
    overflow=st.integers(0, 10),
    room=st.integers(-3, 30),
    urgency=st.floats(0, 1),
)
partners = st.builds(
    spot,
    st.uuids().map(str),
    st.floats(0, 40),
    st.just(EndKind.PARTNER),
    spare=st.integers(0, 30),
    room=st.integers(0, 30),
)


@given(st.lists(stations | partners, max_size=12))
def test_no_plan_takes_more_than_can_be_spared_or_brings_more_than_fits(spots: list[Spot]) -> None:
    found = plan(spots)

    pairs = [(move.source.id, move.target.id) for move in found]
    assert len(set(pairs)) == len(pairs)
    assert all(source != target for source, target in pairs)
    for one in spots:
        given = sum(move.battery_count for move in found if move.source.id == one.id)
        got = sum(move.battery_count for move in found if move.target.id == one.id)
        assert given <= one.spare
        assert got <= max(0, one.room)
    assert all(FEWEST <= move.battery_count <= MOST and move.distance_m <= REACH_M + 1 for move in found)


def test_the_cells_looked_at_hold_all_that_is_in_reach() -> None:
    for lat in (-35.0, 0.0, 12.97, 60.0):
        assert reach_m(cell_of(Location(lat=lat, lng=77.59), RESOLUTION), CELLS) >= REACH_M


# -- with services


@pytest.fixture
async def ordering(tmp_path: Path) -> AsyncIterator[City]:
    """A city in which the plan becomes jobs."""
    rules = Rules(rebalancing=RebalancingMode.CREATE)
    async with embedded_city(tmp_path, rules=rules) as made:
        yield made


async def two_stations(city: City, *, charged: int = 30) -> tuple[Station, Station]:
    """One with packs and one without, 11 km apart; both have riders as usual."""
    rich, poor = await city.station(charged=charged), await city.station(charged=0, charging=2)
    near = Location(lat=rich.location.lat + 0.1, lng=rich.location.lng)
    async with city.services.world.records.transaction() as tx:
        await tx.stations.replace(poor.changed(location=near))
    await city.services.stations.rebuild_live()
    for station in (rich, poor):
        await busy_weeks(city, station, 3, hours=6)
    await passed(city)
    return rich, poor


async def jobs(city: City) -> list[Job]:
    return await city.services.world.records.now.transport_jobs.find({"state": OPEN_JOB})


async def test_jobs_are_made_from_the_plan_once_for_each_pair(ordering: City) -> None:
    rich, poor = await two_stations(ordering)

    (move,) = await ordering.services.rebalancing.propose()
    await passed(ordering)
    again = await ordering.services.rebalancing.propose()

    (job,) = await jobs(ordering)
    assert again == []
    assert (job.source.id, job.target.id, job.created_by) == (rich.id, poor.id, "hub")
    assert (len(job.battery_ids), job.order_reason) == (move.battery_count, move.reason)
    assert "running out" in move.reason
    assert job.priority == 4
    (told,) = await ordering.told("job:created")
    assert told["order_reason"] == move.reason


async def test_what_changed_since_the_plan_is_not_ordered(ordering: City) -> None:
    """The forecasts say that there are packs to spare; meanwhile they are gone."""
    rich, _ = await two_stations(ordering)
    services = ordering.services
    (move, *_) = await services.rebalancing._plan(await services.world.live.boards())
    async with services.world.records.transaction() as tx:
        for pack in await tx.batteries.find({"holder.id": rich.id}):
            workshop = Holder(kind=HolderKind.WORKSHOP, id="workshop")
            await tx.batteries.replace(pack.changed(state=BatteryState.QUARANTINED, holder=workshop))

    assert not await services.rebalancing._create(move)

    assert await jobs(ordering) == []


async def test_two_nodes_with_the_same_plan_order_once(ordering: City) -> None:
    await two_stations(ordering)
    services = ordering.services
    (move, *_) = await services.rebalancing._plan(await services.world.live.boards())

    made = await gather(*(insist(partial(services.rebalancing._create, move)) for _ in range(4)))

    assert (sorted(made), len(await jobs(ordering))) == ([False, False, False, True], 1)


async def test_a_suggestion_is_told_once_while_it_stands_and_moves_nothing(city: City) -> None:
    rich, poor = await two_stations(city)

    for _ in range(2):
        await passed(city)
        await city.services.rebalancing.propose()

    (told,) = await city.told("rebalancing:suggested")
    assert (told["from"]["id"], told["to"]["id"], told["rooms"]) == (rich.id, poor.id, ("admin",))
    assert told["battery_count"] >= FEWEST
    assert await jobs(city) == []


async def test_off_is_off(tmp_path: Path) -> None:
    async with embedded_city(tmp_path, rules=Rules(rebalancing=RebalancingMode.OFF)) as city:
        await two_stations(city)
        assert await city.services.rebalancing.propose() == []
        assert await city.told("rebalancing:suggested") == []


async def test_without_forecasts_nothing_is_planned(ordering: City) -> None:
    await two_stations(ordering)
    ordering.clock.forward(minutes=6)

    assert await ordering.services.rebalancing.propose() == []


async def test_nobody_is_sent_for_what_is_only_believed(ordering: City) -> None:
    """Stations without history, of which one is empty."""
    rich = await ordering.station(charged=40)
    poor = await ordering.station(charged=0)
    async with ordering.services.world.records.transaction() as tx:
        await tx.stations.replace(poor.changed(location=rich.location))
    await ordering.services.stations.rebuild_live()
    await passed(ordering)
    assert await ordering.services.world.live.forecast("battery_rebalancing", poor.id)

    assert await ordering.services.rebalancing.propose() == []


async def test_what_is_promised_or_wanted_here_is_not_given_away(ordering: City) -> None:
    rich, _ = await two_stations(ordering, charged=22)

    await ordering.services.rebalancing.propose()

    left = (await ordering.services.stations.status(rich.id)).charged_batteries
    kept = await ordering.services.world.live.forecast("battery_rebalancing", rich.id)
    assert kept
    assert 22 > left >= kept.own["demand_p90"]


async def test_a_partner_with_packs_serves_a_station(ordering: City) -> None:
    poor = await ordering.station(charged=0)
    await busy_weeks(ordering, poor, 3, hours=6)
    shop = await Roads(ordering).partner(capacity=20)
    async with ordering.services.world.records.transaction() as tx:
        place = shop.changed(location=Location(lat=poor.location.lat, lng=poor.location.lng + 0.01))
        await tx.partner_shops.replace(place)
        for number in range(5):
            holder = Holder(kind=HolderKind.PARTNER, id=shop.id)
            pack = ordering._pack(poor, number, 95.0, BatteryState.CHARGED)
            await tx.batteries.insert(pack.model_copy(update={"holder": holder}))
    await passed(ordering)

    (move,) = await ordering.services.rebalancing.propose()

    assert (move.source.kind, move.source.id, move.battery_count) == ("partner", shop.id, 5)
