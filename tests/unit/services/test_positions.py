"""Which fixes count, and what a rider's way changes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from services.positions import Ping
from tests.unit.services.city import City


def ping(lat: float = 12.0, lng: float = 77.0, **more: Any) -> Ping:
    return Ping(lat=lat, lng=lng, **more)


@pytest.mark.parametrize(
    ("seconds", "more", "reason"),
    [
        (90, {}, "future"),
        (-90_000, {}, "too_old"),
        (0, {"accuracy": 1500.0}, "inaccurate"),
        (1, {"lat": 0.0, "lng": 0.0}, "no_fix"),
        (10, {"lat": 12.1}, "jump"),
        (0, {}, "duplicate"),
    ],
)
async def test_a_fix_that_cannot_be_true_is_rejected_with_its_reason(
    city: City, seconds: float, more: dict[str, Any], reason: str
) -> None:
    rider = await city.rider()
    take = city.services.positions.take
    assert (await take(rider, [ping(at=city.clock())])).accepted == 1

    taken = await take(rider, [ping(**{"at": city.clock() + timedelta(seconds=seconds), **more})])

    assert taken.accepted == 0
    assert [(fault.index, fault.reason) for fault in taken.rejected] == [(0, reason)]


async def test_late_fixes_are_stored_and_never_move_the_map_backwards(city: City) -> None:
    rider = await city.rider()
    now = city.clock()
    await city.services.positions.take(rider, [ping(at=now)])

    late = [
        ping(lat=12.001, at=now - timedelta(seconds=60)),
        ping(lat=12.002, at=now - timedelta(seconds=30)),
    ]
    taken = await city.services.positions.take(rider, late)

    newest = await city.services.world.live.position(rider)
    assert taken.accepted == 2
    assert newest is not None
    assert newest.at == now
    assert await city.services.world.records.now.gps_logs.count({"user_id": rider}) == 3


async def test_a_batch_is_taken_in_the_order_of_time_and_named_by_its_own_index(city: City) -> None:
    rider = await city.rider()
    now = city.clock()
    batch = [
        ping(at=now),
        ping(lat=13.0, at=now - timedelta(seconds=5)),  # a jump from the one below
        ping(at=now - timedelta(seconds=10)),
    ]

    taken = await city.services.positions.take(rider, batch)

    assert (taken.accepted, [(f.index, f.reason) for f in taken.rejected]) == (2, [(1, "jump")])


async def test_the_same_batch_twice_is_one_batch(city: City) -> None:
    rider = await city.rider()
    batch = [ping(at=city.clock() - timedelta(seconds=n)) for n in range(5)]
    await city.services.positions.take(rider, batch)

    again = await city.services.positions.take(rider, batch)

    assert (again.accepted, {fault.reason for fault in again.rejected}) == (0, {"duplicate"})
    assert await city.services.world.records.now.gps_logs.count({}) == 5


async def test_riding_in_is_approaching_then_arrived_and_the_hold_stops(city: City) -> None:
    station = await city.station(bays=1)
    rider = await city.rider()
    await city.place(station, rider)

    crossed = []
    for metres in (1500, 900, 800, 400, 300):
        taken = await city.ping(rider, station, metres)
        crossed += [(crossing.zone, metres) for crossing in taken.entered]
        city.clock.forward(seconds=60)

    assert crossed == [("outer", 800), ("inner", 300)]
    mine = await city.services.queue.mine(rider)
    assert mine is not None
    assert mine.state == "arrived"
    assert len(await city.told("customer:approaching")) == len(await city.told("customer:arrived")) == 1
    kinds = {timer.kind for timer in await city.services.world.records.now.timers.find({})}
    assert kinds == {"queue.call"}


async def test_who_takes_another_place_without_leaving_the_station_arrives_again(city: City) -> None:
    station = await city.station()
    rider = await city.rider()
    await city.place(station, rider)
    await city.arrive(rider, station)
    await city.services.queue.leave(rider, None)
    await city.place(station, rider)

    await city.arrive(rider, station)

    mine = await city.services.queue.mine(rider)
    assert mine is not None
    assert mine.state == "arrived"


async def test_riding_away_is_not_arrived_any_more(city: City) -> None:
    station = await city.station()
    rider = await city.rider()
    await city.place(station, rider)
    await city.arrive(rider, station)

    left = []
    for metres in (700, 800):
        city.clock.forward(seconds=31)
        left += (await city.ping(rider, station, metres)).left

    mine = await city.services.queue.mine(rider)
    assert [crossing.zone for crossing in left] == ["inner"]
    assert mine is not None
    assert mine.state == "approaching"
    assert (mine.hold_until - city.clock.now).total_seconds() >= 9 * 60
    assert len(await city.told("customer:left")) == 1


async def test_who_was_there_when_live_state_was_lost_can_still_leave(city: City) -> None:
    station = await city.station()
    rider = await city.rider()
    await city.place(station, rider)
    await city.arrive(rider, station)
    await city.services.stations.rebuild_live()  # forgets the fences

    crossed = []
    for metres in (100, 700, 800):
        city.clock.forward(seconds=31)
        taken = await city.ping(rider, station, metres)
        crossed += taken.entered + taken.left

    mine = await city.services.queue.mine(rider)
    assert mine is not None
    assert mine.state == "approaching"
    assert [crossing.zone for crossing in crossed] == ["inner"]
    assert len(await city.told("customer:arrived")) == 1  # and is not told twice to have come


async def test_one_fix_inside_is_not_yet_an_arrival(city: City) -> None:
    station = await city.station()
    rider = await city.rider()
    await city.place(station, rider)

    taken = await city.ping(rider, station, 100)

    assert taken.entered == []


async def test_a_fix_long_after_a_gap_may_be_far_away(city: City) -> None:
    rider = await city.rider()
    await city.services.positions.take(rider, [ping(at=city.clock())])
    city.clock.forward(hours=1)

    assert (await city.services.positions.take(rider, [ping(lat=13.0, at=city.clock())])).accepted == 1


async def test_who_is_not_believed_does_not_arrive_until_the_doubt_is_forgotten(city: City) -> None:
    station = await city.station()
    rider = await city.rider()
    await city.place(station, rider)
    await city.ping(rider, station, 400, mock=True)

    entered = []
    for _ in range(12):  # a minute each: the sign is remembered for ten
        city.clock.forward(minutes=1)
        entered.append((await city.ping(rider, station, 300)).entered)

    assert [len(zones) for zones in entered] == [0] * 11 + [2]
    mine = await city.services.queue.mine(rider)
    assert mine is not None
    assert mine.state == "arrived"


async def test_who_is_not_believed_can_leave_and_is_told_what_is_stored(city: City) -> None:
    station = await city.station()
    rider = await city.rider()
    await city.place(station, rider)
    await city.arrive(rider, station)

    left = []
    for metres in (700, 800):
        city.clock.forward(seconds=31)
        taken = await city.ping(rider, station, metres, mock=True)
        left += taken.left
        assert (taken.accepted, taken.rejected) == (1, [])

    [told] = await city.told("customer:left")
    assert [crossing.zone for crossing in left] == ["inner"]
    assert told["trust"] == 0.0
    moves = [one for one in await city.told() if one["type"] == "gps.moved"]
    assert [(one["trust"], one["trust_reasons"]) for one in moves[-2:]] == [(0.0, ["mock"])] * 2


async def test_trust_goes_on_after_live_state_was_lost(city: City) -> None:
    rider = await city.rider()
    await city.services.positions.take(rider, [ping(at=city.clock(), mock=True)])

    await city.services.stations.rebuild_live()

    await city.services.positions.take(rider, [ping(at=city.clock.forward(minutes=1))])
    newest = await city.services.world.live.position(rider)
    assert newest is not None
    assert newest.trust_reasons == ("mock",)


async def test_a_swap_asks_for_no_trust(city: City) -> None:
    station = await city.station()
    rider = await city.rider()
    place = await city.place(station, rider)
    await city.ping(rider, station, 10, mock=True)

    scanned = await city.services.qr.verify(place.qr_token.token, station_id=station.id, by="staff_001")

    assert scanned.swap_id == place.swap_id


async def test_a_day_is_read_newest_first_in_parts_with_late_fixes_in_their_place(city: City) -> None:
    rider = await city.rider()
    now = city.clock()
    ages = [0, 30, 60, 90, 45]  # the last one is late
    for age in sorted(ages[:4], reverse=True):
        await city.services.positions.take(rider, [ping(at=now - timedelta(seconds=age))])
    await city.services.positions.take(rider, [ping(at=now - timedelta(seconds=45), mock=True)])

    async def read(before: Any = None, **window: Any) -> Any:
        asked = {"start": None, "end": None, "limit": 2, "with_trust": False, **window}
        return await city.services.tracks.of(rider, before=before, **asked)

    seen, cursor = [], None
    while True:
        page = await read(cursor)
        seen += [round((now - point.at).total_seconds()) for point in page.items]
        if page.next_cursor is None:
            break
        cursor = datetime.fromisoformat(page.next_cursor)
    assert seen == sorted(ages)

    window = {"start": now - timedelta(seconds=60), "end": now - timedelta(seconds=30), "limit": 9}
    inside = await read(**window)
    assert [round((now - point.at).total_seconds()) for point in inside.items] == [45, 60]
    assert {point.trust for point in inside.items} == {None}
    assert [point.trust for point in (await read(**window, with_trust=True)).items] == [0.0, 1.0]
