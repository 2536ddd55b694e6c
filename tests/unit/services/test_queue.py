"""Admission, the rider's own entry, and every way out of a queue."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from services.errors import AlreadyQueued, Conflict, HubError, NoBattery, NotFound, QueueFull, StationClosed
from tests.unit.services.city import City


async def test_confirm_gives_a_place_and_a_promised_pack(city: City) -> None:
    station = await city.station()

    place = await city.place(station)

    assert (place.position, place.state) == (1, "confirmed")
    assert (place.hold_until - city.clock()).total_seconds() == 30 * 60
    assert await city.held(station) == 1
    slots = await city.services.queue.slots(station.id)
    assert (slots.available_slots, slots.length, slots.charged_batteries) == (19, 1, 11)


async def test_two_hundred_racing_riders_get_twelve_places_for_twelve_packs(city: City) -> None:
    station = await city.station(places=20, charged=12)
    riders = [await city.rider() for _ in range(200)]

    answers = await asyncio.gather(
        *(city.services.queue.confirm(rider, station.id) for rider in riders), return_exceptions=True
    )

    places = [answer for answer in answers if not isinstance(answer, BaseException)]
    refused = [answer for answer in answers if isinstance(answer, HubError)]
    assert sorted(place.position or 0 for place in places) == list(range(1, 13))
    assert len(refused) == 188
    assert {error.code for error in refused} <= {"no_battery", "queue_full"}
    assert await city.held(station) == 12
    reads = city.services.world.records.now
    assert [await c.count({}) for c in (reads.queues, reads.swaps, reads.qr_tokens)] == [12, 12, 12]


async def test_confirm_full_station_answers_queue_full_and_holds_no_battery(city: City) -> None:
    station = await city.station(places=1, charged=5)
    await city.place(station)

    with pytest.raises(QueueFull):
        await city.place(station)

    assert await city.held(station) == 1


async def test_confirm_without_a_charged_pack_of_the_riders_type_is_no_battery(city: City) -> None:
    station = await city.station(charged=3)
    rider = await city.rider(battery_type="heavy")

    with pytest.raises(NoBattery):
        await city.place(station, rider)


async def test_a_rider_has_one_open_entry_in_the_whole_network(city: City) -> None:
    here, there = await city.station(), await city.station()
    rider = await city.rider()

    answers = await asyncio.gather(
        *(city.services.queue.confirm(rider, station.id) for station in (here, there) * 5),
        return_exceptions=True,
    )

    assert sum(not isinstance(answer, BaseException) for answer in answers) == 1
    assert sum(isinstance(answer, AlreadyQueued) for answer in answers) == 9
    assert await city.held(here) + await city.held(there) == 1


async def test_confirm_unknown_station_is_not_found_and_a_closed_one_says_so(city: City) -> None:
    rider = await city.rider()
    with pytest.raises(NotFound):
        await city.services.queue.confirm(rider, "station_999")

    station = await city.station()
    async with city.services.world.records.transaction() as tx:
        await tx.stations.replace(station.changed(is_active=False))
    with pytest.raises(StationClosed):
        await city.services.queue.confirm(rider, station.id)


async def test_leave_frees_the_place_and_moves_those_behind_up(city: City) -> None:
    station = await city.station()
    riders = [await city.rider() for _ in range(3)]
    for rider in riders:
        await city.place(station, rider)

    await city.services.queue.leave(riders[0], "changed my mind")

    mine = await city.services.queue.mine(riders[1])
    assert mine is not None
    assert mine.position == 1
    assert await city.held(station) == 2
    assert await city.services.queue.mine(riders[0]) is None
    told = [fact for fact in await city.told("queue:updated") if fact["user_id"] == riders[2]]
    assert [fact["position"] for fact in told] == [3, 2]


async def test_leave_without_an_entry_is_not_found(city: City) -> None:
    with pytest.raises(NotFound):
        await city.services.queue.leave(await city.rider(), None)


async def test_leave_once_the_swap_has_begun_is_a_conflict(city: City) -> None:
    station = await city.station()
    rider = await city.rider()
    place = await city.place(station, rider)
    await city.services.qr.verify(place.qr_token.token, station_id=station.id, by="staff_x")

    with pytest.raises(Conflict):
        await city.services.queue.leave(rider, None)


async def test_who_does_not_come_is_asked_and_then_a_no_show(city: City) -> None:
    station = await city.station()
    rider = await city.rider()
    await city.place(station, rider)

    await city.fired(minutes=25)
    assert [fact["user_id"] for fact in await city.told("queue:still-coming")] == [rider]
    await city.fired(minutes=5)

    assert await city.services.queue.mine(rider) is None
    assert [fact["state"] for fact in await city.told("queue:ended")] == ["no_show"]
    assert [fact["type"] for fact in await city.told("queue:left")] == ["queue.no_show"]
    assert await city.held(station) == 0
    assert await city.services.world.records.now.timers.count({}) == 0


async def test_still_coming_false_leaves_and_true_without_a_fix_moves_nothing(city: City) -> None:
    station = await city.station()
    rider = await city.rider()
    place = await city.place(station, rider)

    again: Any = await city.services.queue.still_coming(rider, coming=True)
    left = await city.services.queue.still_coming(rider, coming=False)

    assert again.hold_until == place.hold_until
    assert left.state == "cancelled"


async def test_a_rider_who_comes_nearer_keeps_the_place_for_an_hour_at_most(city: City) -> None:
    station = await city.station()
    rider = await city.rider()
    place = await city.place(station, rider)
    city.clock.forward(minutes=20)
    await city.ping(rider, station, 9000)
    city.clock.forward(minutes=2)
    await city.ping(rider, station, 8000)

    mine = await city.services.queue.mine(rider)

    assert mine is not None
    assert place.hold_until < mine.hold_until
    assert (mine.hold_until - city.clock.now).total_seconds() <= 38 * 60
    await city.ping(rider, station, 60_000)
    await city.ping(rider, station, 50_000)
    later = await city.services.queue.mine(rider)
    assert later is not None
    assert later.hold_until == mine.hold_until  # a jump is no ETA


async def test_an_arrived_rider_is_called_when_a_bay_is_free_and_expires_if_absent(city: City) -> None:
    station = await city.station(bays=1)
    first, second = await city.rider(), await city.rider()
    for rider in (first, second):
        await city.place(station, rider)
        await city.arrive(rider, station)

    assert [fact["user_id"] for fact in await city.told("queue:called")] == [first]
    await city.fired(minutes=11)

    assert [fact["state"] for fact in await city.told("queue:ended")] == ["expired"]
    assert [fact["user_id"] for fact in await city.told("queue:called")] == [first, second]


async def test_renewing_kills_the_old_token_and_never_moves_the_hold(city: City) -> None:
    station = await city.station()
    rider = await city.rider()
    place = await city.place(station, rider)
    city.clock.forward(minutes=3)

    renewed = await city.services.queue.renew_qr(rider)

    mine = await city.services.queue.mine(rider)
    assert mine is not None
    assert mine.hold_until == place.hold_until
    assert mine.qr_token.token == renewed.qr_token.token != place.qr_token.token


async def test_status_shows_persons_only_when_asked_and_never_a_token(city: City) -> None:
    station = await city.station()
    rider = await city.rider()
    await city.place(station, rider)

    public = (await city.services.queue.status(station.id, with_persons=False)).model_dump_json()
    for_staff = (await city.services.queue.status(station.id, with_persons=True)).model_dump_json()

    assert rider not in public
    assert rider in for_staff
    assert "token" not in public + for_staff
    assert "nonce" not in public + for_staff


async def test_live_state_made_anew_equals_what_it_was(city: City) -> None:
    station = await city.station()
    for _ in range(3):
        await city.place(station)
    assert await city.services.stations.live_equals_records()
    before = await city.services.world.live.boards()

    live = city.services.world.live
    await live.replace_all([], [], since=await live.mark())
    assert not await city.services.stations.live_equals_records()
    await city.services.stations.rebuild_live()

    assert await city.services.world.live.boards() == before


async def test_no_room_without_its_persons_hears_of_persons(city: City) -> None:
    station = await city.station()
    rider = await city.rider()
    place = await city.place(station, rider)
    await city.arrive(rider, station)
    await city.services.qr.verify(place.qr_token.token, station_id=station.id, by="staff_x")

    for fact in await city.told():
        assert place.qr_token.token not in str(fact)
        for room in fact["rooms"]:
            if room == f"station:{station.id}":
                assert rider not in str(fact)
            if room.startswith("user:"):
                assert room == f"user:{rider}"
    assert len([fact for fact in await city.told() if fact["rooms"]]) > 10
