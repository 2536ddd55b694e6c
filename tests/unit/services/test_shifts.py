"""On duty and off: one shift of each person, the board's count follows, and everybody is told."""

from __future__ import annotations

import asyncio

import pytest

from services.again import insist
from services.errors import Conflict, Forbidden, NotActive, NotFound, ValidationFailed
from services.staff_views import ShiftView
from services.states import DiversionState, ShiftState
from tests.unit.services.city import City
from tests.unit.services.crews import ask, counted, crew, divert, newcomer


async def start(city: City, staff_id: str, station_id: str | None, claimed: str | None = None) -> ShiftView:
    return await city.services.shifts.start(staff_id, station_id, claimed=claimed)


async def end(city: City, staff_id: str, station_id: str | None = None) -> ShiftView:
    return await city.services.shifts.end(staff_id, station_id, claimed=None)


async def test_a_shift_begins_and_ends_and_the_board_counts_it(city: City) -> None:
    station = await city.station(staff=1, bays=3)
    asha = await newcomer(city, "asha")

    begun = await start(city, asha, station.id)
    assert (begun.station_id, begun.state, begun.ends_at) == (station.id, ShiftState.RUNNING, None)
    assert await counted(city, station) == (2, 2)

    city.clock.forward(minutes=5)
    ended = await end(city, asha)
    assert (ended.shift_id, ended.state, ended.ends_at) == (begun.shift_id, ShiftState.ENDED, city.clock())
    assert await counted(city, station) == (1, 1)
    assert [fact["shift_id"] for fact in await city.told("shift:started")] == [begun.shift_id]
    assert [fact["shift_id"] for fact in await city.told("shift:ended")] == [begun.shift_id]


async def test_starting_again_at_the_same_station_answers_the_running_shift(city: City) -> None:
    station = await city.station(staff=0)
    asha = await newcomer(city, "asha")
    begun = await start(city, asha, station.id)
    city.clock.forward(minutes=1)

    assert await start(city, asha, station.id) == begun
    assert await start(city, asha, None) == begun
    assert len(await city.told("shift:started")) == 1


async def test_starting_elsewhere_while_on_duty_is_a_conflict(city: City) -> None:
    here, there = await city.station(staff=1), await city.station(staff=0)
    [asha] = await crew(city, here)

    with pytest.raises(Conflict):
        await start(city, asha, there.id)

    assert await crew(city, there) == []
    assert await counted(city, here) == (1, 1)


async def test_starts_that_race_leave_one_running_shift(city: City) -> None:
    stations = [await city.station(staff=0) for _ in range(6)]
    asha = await newcomer(city, "asha")

    answers = await asyncio.gather(
        *(insist(lambda id=station.id: start(city, asha, id)) for station in stations),  # type: ignore[misc]
        return_exceptions=True,
    )

    running = await city.services.world.records.now.staff_assignments.find({"ends_at": None})
    assert [one.staff_id for one in running] == [asha]
    assert [answer.station_id for answer in answers if isinstance(answer, ShiftView)] == [
        running[0].station_id
    ]
    assert all(isinstance(answer, ShiftView | Conflict) for answer in answers)


async def test_who_is_off_duty_cannot_end_a_shift_nor_end_one_twice(city: City) -> None:
    station = await city.station(staff=1)
    [asha] = await crew(city, station)
    await end(city, asha)

    with pytest.raises(NotActive):
        await end(city, asha)
    with pytest.raises(NotActive):
        await end(city, await newcomer(city, "new"))
    assert len(await city.told("shift:ended")) == 1


async def test_ending_at_another_station_changes_nothing(city: City) -> None:
    here, there = await city.station(staff=1), await city.station(staff=0)
    [asha] = await crew(city, here)

    with pytest.raises(Forbidden):
        await end(city, asha, there.id)

    assert await crew(city, here) == [asha]


async def test_an_unknown_station_and_none_at_all_are_refused(city: City) -> None:
    asha = await newcomer(city, "asha")

    with pytest.raises(NotFound):
        await start(city, asha, "nowhere")
    with pytest.raises(ValidationFailed):
        await start(city, asha, None)


async def test_without_a_name_a_shift_begins_at_the_station_of_the_last_one(city: City) -> None:
    home, away = await city.station(staff=2), await city.station(staff=0)
    asha, _ = await crew(city, home)
    await divert(city, home, away, asha)
    await end(city, asha)

    assert (await start(city, asha, None)).station_id == home.id


async def test_a_token_alone_counts_as_on_duty_until_the_shift_ends(city: City) -> None:
    station = await city.station(staff=0, bays=2)
    asha = await newcomer(city, "asha", station.id)
    assert await counted(city, station) == (1, 1)
    assert (await city.services.people.duty(asha, station.id)).on_duty

    ended = await city.services.shifts.end(asha, None, claimed=station.id)

    assert ended.station_id == station.id
    assert (await counted(city, station))[0] == 0
    assert not (await city.services.people.duty(asha, station.id)).on_duty


async def test_a_token_alone_becomes_a_running_shift_that_began_with_it(city: City) -> None:
    station = await city.station(staff=0)
    asha = await newcomer(city, "asha", station.id)
    since = city.clock()
    city.clock.forward(hours=1)

    begun = await start(city, asha, None, claimed=station.id)

    assert (begun.station_id, begun.starts_at) == (station.id, since)
    assert (await counted(city, station))[0] == 1


async def test_a_token_alone_moves_to_another_station_when_a_shift_begins_there(city: City) -> None:
    here, there = await city.station(staff=0), await city.station(staff=0)
    asha = await newcomer(city, "asha", here.id)

    await start(city, asha, there.id, claimed=here.id)

    assert ((await counted(city, here))[0], (await counted(city, there))[0]) == (0, 1)
    assert await city.services.stations.live_equals_records()


async def test_a_shift_that_ends_withdraws_what_was_asked(city: City) -> None:
    here, there = await city.station(staff=2), await city.station(staff=0)
    asha, _ = await crew(city, here)
    await ask(city, here, there, asha)

    await end(city, asha)

    assert (await city.told("diversion:changed"))[-1]["state"] == DiversionState.WITHDRAWN
    assert await city.services.staff.open_diversions(asha) == []


async def test_waits_of_riders_follow_the_staff_that_come_and_go(city: City) -> None:
    station = await city.station(staff=1, bays=2)
    places = [await city.place(station) for _ in range(4)]
    last = places[-1]
    before = last.estimated_wait_minutes

    await start(city, await newcomer(city, "asha"), station.id)

    [told] = [fact for fact in await city.told("queue:updated") if fact["entry_id"] == last.entry_id][-1:]
    assert before is not None
    assert told["estimated_wait_minutes"]["p50"] < before.p50
