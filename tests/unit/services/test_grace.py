"""How long a place is kept: it follows a rider who comes, and asks one who does not seem to."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from services.answers import QueuePlace
from services.errors import NotFound
from services.models import Station
from tests.unit.services.city import City


@pytest.fixture
async def station(city: City) -> Station:
    return await city.station()


@pytest.fixture
async def rider(city: City, station: Station) -> str:
    rider = await city.rider()
    await city.place(station, rider)
    return rider


async def ride(
    city: City, rider: str, station: Station, *metres: float, every_s: float = 60, **more: Any
) -> None:
    """Fixes on a line north of the station."""
    for away in metres:
        city.clock.forward(seconds=every_s)
        await city.ping(rider, station, away, **more)


async def mine(city: City, rider: str) -> QueuePlace:
    place = await city.services.queue.mine(rider)
    assert place
    return place


async def questions(city: City) -> list[dict[str, Any]]:
    return await city.told("queue:still-coming")


PARKED = (5000, 5010, 4995, 5005, 5000, 5008, 4998)


async def test_who_is_parked_is_asked_and_without_an_answer_released_early(
    city: City, station: Station, rider: str
) -> None:
    await ride(city, rider, station, *PARKED)

    [question] = await questions(city)
    place = await mine(city, rider)
    assert (question["reason"], question["user_id"]) == ("parked", rider)
    assert place.answer_by
    assert place.answer_by < place.hold_until
    await city.fired(minutes=3)

    assert await city.services.queue.mine(rider) is None
    [ended] = await city.told("queue:ended")
    assert (ended["state"], ended["reason"]) == ("no_show", "did not say that they still come")
    assert city.clock() < place.hold_until
    assert await city.held(station) == 0


async def test_who_leaves_is_asked_too(city: City, station: Station, rider: str) -> None:
    await ride(city, rider, station, 3000, 3200, 3400)
    assert await questions(city) == []

    await ride(city, rider, station, 3600)

    assert [fact["reason"] for fact in await questions(city)] == ["leaving"]


async def test_the_answer_keeps_the_place_to_the_end_of_its_hold_and_is_not_asked_again(
    city: City, station: Station, rider: str
) -> None:
    await ride(city, rider, station, *PARKED)
    before = await mine(city, rider)

    answer: Any = await city.services.queue.still_coming(rider, coming=True)
    await ride(city, rider, station, *PARKED)

    assert (answer.answer_by, answer.hold_until) == (None, before.hold_until)
    assert [fact["reason"] for fact in await questions(city)] == ["parked"]
    await city.fired(minutes=11)
    assert [fact["reason"] for fact in await questions(city)] == ["parked", "late"]
    await city.services.queue.still_coming(rider, coming=True)
    await city.fired(minutes=4.9)
    assert (await mine(city, rider)).hold_until == before.hold_until
    await city.fired(minutes=0.1)
    assert [fact["reason"] for fact in await city.told("queue:ended")] == ["did not arrive in time"]


async def test_who_rides_on_needs_no_answer_and_may_be_asked_anew(
    city: City, station: Station, rider: str
) -> None:
    await ride(city, rider, station, *PARKED, 4700)

    place = await mine(city, rider)
    assert place.answer_by is None
    assert (await city.told("queue:updated"))[-1]["answer_by"] is None
    await city.fired(minutes=3)
    await mine(city, rider)
    await ride(city, rider, station, *[4700] * 7)

    assert [fact["reason"] for fact in await questions(city)] == ["parked", "parked"]


@pytest.mark.parametrize("more", [{"accuracy": 300.0}, {"mock": True}])
async def test_a_fix_that_says_nothing_neither_asks_nor_extends(
    city: City, station: Station, rider: str, more: dict[str, Any]
) -> None:
    before = await mine(city, rider)

    await ride(city, rider, station, *PARKED, 9000, 8000, 7000, **more)

    place = await mine(city, rider)
    assert (place.hold_until, place.answer_by) == (before.hold_until, None)
    assert await questions(city) == []


async def test_after_a_silence_the_way_is_seen_anew(city: City, station: Station, rider: str) -> None:
    await ride(city, rider, station, *PARKED, every_s=200)

    assert await questions(city) == []


async def test_scatter_of_a_parked_phone_extends_nothing(city: City, station: Station, rider: str) -> None:
    before = await mine(city, rider)
    city.clock.forward(minutes=20)

    await ride(city, rider, station, 9000, 8970, 9010, 8980)

    assert (await mine(city, rider)).hold_until == before.hold_until


async def test_the_hold_follows_who_comes_nearer_for_an_hour_at_most(
    city: City, station: Station, rider: str
) -> None:
    before = await mine(city, rider)
    city.clock.forward(minutes=20)

    for away in range(20_000, 9_000, -400):
        await ride(city, rider, station, away)

    place = await mine(city, rider)
    assert place.hold_until - before.hold_until == timedelta(minutes=30)


async def test_saying_so_extends_only_for_who_is_seen_to_come(
    city: City, station: Station, rider: str
) -> None:
    before = await mine(city, rider)
    city.clock.forward(minutes=20)
    await ride(city, rider, station, 9000, 8990)
    parked: Any = await city.services.queue.still_coming(rider, coming=True)

    assert parked.hold_until == before.hold_until
    await ride(city, rider, station, 8500)
    assert (await mine(city, rider)).hold_until > before.hold_until


async def test_near_the_station_nobody_is_asked_for_being_parked(
    city: City, station: Station, rider: str
) -> None:
    await ride(city, rider, station, *[800] * 8)

    assert (await mine(city, rider)).state == "approaching"
    assert await questions(city) == []


async def test_an_answer_after_the_place_has_gone_is_not_found(
    city: City, station: Station, rider: str
) -> None:
    await ride(city, rider, station, *PARKED)
    await city.fired(minutes=3)

    with pytest.raises(NotFound):
        await city.services.queue.still_coming(rider, coming=True)


async def test_an_answer_that_races_the_end_of_its_time_keeps_the_place_or_is_not_found(
    city: City, station: Station, rider: str
) -> None:
    await ride(city, rider, station, *PARKED)
    city.clock.forward(minutes=3)

    answer, _ = await asyncio.gather(
        city.services.queue.still_coming(rider, coming=True),
        city.services.timers.run_due(city.clock()),
        return_exceptions=True,
    )

    place = await city.services.queue.mine(rider)
    assert isinstance(answer, NotFound) is (place is None)
    assert await city.held(station) == (0 if place is None else 1)
