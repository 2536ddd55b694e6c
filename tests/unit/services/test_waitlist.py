"""Turns for a place: who may wait, who is offered what falls free, and what an offer keeps."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from services.audits import faults_in
from services.errors import AlreadyQueued, Conflict, HubError, NoBattery, NotFound, QueueFull, StationClosed
from services.fault_models import Severity
from services.faults import Report
from services.forms import ProfileForm, StationForm
from services.models import Station, Vehicle
from services.states import EntryState, WaitingState
from services.stations import SlotReading
from services.waiting_models import WaitingView
from tests.unit.services.city import City


async def full(city: City, *, places: int = 1, charged: int = 5) -> tuple[Station, list[str]]:
    """A station without a free place, and who has them."""
    station = await city.station(places=places, charged=charged)
    riders = [await city.rider() for _ in range(places)]
    for rider in riders:
        await city.place(station, rider)
    return station, riders


async def wait(city: City, station: Station, rider: str | None = None) -> str:
    """Somebody joins the waitlist."""
    rider = rider or await city.rider()
    await city.services.waitlist.join(rider, station.id)
    return rider


async def turn_of(city: City, rider: str) -> WaitingView:
    turn = await city.services.waitlist.mine(rider)
    assert turn is not None
    return turn


async def free_places(city: City, station: Station) -> int:
    return (await city.services.queue.slots(station.id)).available_slots


async def test_who_waits_has_a_position_in_the_order_of_time(city: City) -> None:
    station, _ = await full(city)

    turns = [await city.services.waitlist.join(await city.rider(), station.id) for _ in range(3)]

    assert [(turn.position, turn.state) for turn in turns] == [(1, "waiting"), (2, "waiting"), (3, "waiting")]


async def test_a_place_that_falls_free_is_offered_to_the_first_and_kept(city: City) -> None:
    station, (there,) = await full(city)
    first, second = await wait(city, station), await wait(city, station)

    await city.services.queue.leave(there, None)

    offer = await turn_of(city, first)
    assert (offer.state, offer.position) == ("offered", None)
    assert offer.offered_until is not None
    assert (offer.offered_until - city.clock()).total_seconds() == 120
    assert (await turn_of(city, second)).position == 1
    assert await free_places(city, station) == 0
    slots = await city.services.queue.slots(station.id)
    assert slots.charged_batteries == 4
    told = [(fact["user_id"], fact["reason"]) for fact in await city.told("queue:offered")]
    assert told == [(first, "waitlist")]
    for other in (second, await city.rider()):
        with pytest.raises(QueueFull):
            await city.place(station, other)


async def test_an_offer_is_taken_by_confirming_there(city: City) -> None:
    station, (there,) = await full(city, charged=1)
    first = await wait(city, station)
    await city.services.queue.leave(there, None)

    place = await city.place(station, first)

    assert (place.position, place.state) == (1, "confirmed")
    assert await city.services.waitlist.mine(first) is None
    ended = [(fact["state"], fact["end_reason"]) for fact in await city.told("waitlist:updated")][-1:]
    assert ended == [("taken", "confirmed")]
    assert await free_places(city, station) == 0
    assert await city.services.world.records.now.timers.count({"kind": "waitlist.offer"}) == 0


async def test_an_offer_that_is_not_taken_rolls_on_to_the_next(city: City) -> None:
    station, (there,) = await full(city)
    riders = [await wait(city, station) for _ in range(2)]
    await city.services.queue.leave(there, None)

    await city.fired(minutes=2)

    assert await city.services.waitlist.mine(riders[0]) is None
    assert (await turn_of(city, riders[1])).state == "offered"
    lapsed = [fact for fact in await city.told("waitlist:updated") if fact["state"] == "lapsed"]
    assert [fact["user_id"] for fact in lapsed] == [riders[0]]
    await city.fired(minutes=2)
    assert await free_places(city, station) == 1
    assert (await city.services.queue.slots(station.id)).charged_batteries == 5


async def test_confirming_after_the_offers_time_is_too_late(city: City) -> None:
    station, (there,) = await full(city)
    rider = await wait(city, station)
    await city.services.queue.leave(there, None)
    city.clock.forward(seconds=121)  # its timer has not fired yet

    with pytest.raises(QueueFull):
        await city.place(station, rider)


async def test_only_those_whom_a_pack_fits_are_offered_a_place(city: City) -> None:
    station, (there,) = await full(city, charged=1)
    heavy = await wait(city, station, await city.rider(battery_type="heavy"))
    light = await wait(city, station)

    await city.services.queue.leave(there, None)

    assert ((await turn_of(city, heavy)).state, (await turn_of(city, light)).state) == ("waiting", "offered")
    assert (await turn_of(city, heavy)).position == 1


async def test_a_pack_that_gets_charged_is_offered(city: City) -> None:
    station = await city.station(places=2, charged=0, charging=1)
    rider = await wait(city, station)
    pack = await city.services.world.records.now.batteries.first({"holder.id": station.id})
    assert pack is not None

    await city.services.stations.telemetry(station.id, [SlotReading(battery_id=pack.id, soc=96)])

    assert (await turn_of(city, rider)).state == "offered"
    assert await free_places(city, station) == 1
    with pytest.raises(NoBattery):
        await city.place(station)


async def test_more_places_and_an_open_door_are_offered(city: City) -> None:
    station, _ = await full(city)
    riders = [await wait(city, station) for _ in range(3)]

    await city.services.station_admin.save(StationForm(station_id=station.id, capacity=3))

    states = [(await turn_of(city, rider)).state for rider in riders]
    assert states == ["offered", "offered", "waiting"]
    assert await free_places(city, station) == 0


async def test_fewer_places_leave_an_offer_that_stands(city: City) -> None:
    station, (there, _) = await full(city, places=2)
    rider = await wait(city, station)
    await city.services.queue.leave(there, None)
    await city.services.station_admin.save(StationForm(station_id=station.id, capacity=1))

    place = await city.place(station, rider)

    assert place.position == 2
    assert await free_places(city, station) == 0


async def test_an_offer_whose_pack_has_failed_is_a_place_that_is_short_of_one(city: City) -> None:
    station, (there,) = await full(city, charged=1)
    rider = await wait(city, station)
    await city.services.queue.leave(there, None)
    pack = await city.services.world.records.now.batteries.first({"holder.id": station.id})
    assert pack is not None
    report = Report(station_id=station.id, battery_id=pack.id, kind="battery_fault", severity=Severity.HIGH)
    await city.services.faults.report(report, by="staff_x")

    place = await city.place(station, rider)

    assert place.pack == "short"
    assert await free_places(city, station) == 0


async def test_joining_while_there_is_a_place_and_a_pack_is_a_conflict(city: City) -> None:
    station = await city.station()

    with pytest.raises(Conflict):
        await wait(city, station)

    assert await city.services.world.records.now.waitlist.count({}) == 0


async def test_joining_again_answers_the_turn_and_elsewhere_is_a_conflict(city: City) -> None:
    station, _ = await full(city)
    elsewhere, _ = await full(city)
    rider = await wait(city, station)

    again = await city.services.waitlist.join(rider, station.id)

    assert (again.position, again.waiting_id) == (1, (await turn_of(city, rider)).waiting_id)
    with pytest.raises(Conflict):
        await wait(city, elsewhere, rider)


async def test_who_has_a_place_waits_for_none(city: City) -> None:
    station, (there,) = await full(city)
    elsewhere, _ = await full(city)

    for place in (station, elsewhere):
        with pytest.raises(AlreadyQueued):
            await wait(city, place, there)


async def test_unknown_and_closed_stations_have_no_waitlist(city: City) -> None:
    station, _ = await full(city)
    await city.services.station_admin.close(station.id)

    with pytest.raises(StationClosed):
        await wait(city, station)
    with pytest.raises(NotFound):
        await city.services.waitlist.join(await city.rider(), "station_999")


async def test_who_confirms_elsewhere_waits_no_more(city: City) -> None:
    station, (there,) = await full(city)
    elsewhere = await city.station()
    offered, waiting = await wait(city, station), await wait(city, station)
    last = await wait(city, station)
    await city.services.queue.leave(there, None)

    await city.place(elsewhere, waiting)
    await city.place(elsewhere, offered)

    assert await city.services.waitlist.mine(waiting) is None
    assert (await turn_of(city, last)).state == "offered"  # what was kept for the first


async def test_leaving_gives_an_offer_to_the_next_and_moves_the_others_up(city: City) -> None:
    station, (there,) = await full(city)
    riders = [await wait(city, station) for _ in range(3)]
    await city.services.queue.leave(there, None)

    left = await city.services.waitlist.leave(riders[0], station.id)

    assert left.state == "left"
    assert (await turn_of(city, riders[1])).state == "offered"
    assert (await turn_of(city, riders[2])).position == 1


async def test_leaving_without_a_turn_or_at_another_station_is_not_found(city: City) -> None:
    station, _ = await full(city)
    rider = await wait(city, station)

    for user, place in ((await city.rider(), None), (rider, "station_999")):
        with pytest.raises(NotFound):
            await city.services.waitlist.leave(user, place)

    assert (await turn_of(city, rider)).position == 1


async def test_a_station_that_closes_ends_turns_and_offers_and_says_so(city: City) -> None:
    station, (there,) = await full(city)
    riders = [await wait(city, station) for _ in range(2)]
    await city.services.queue.leave(there, None)

    await city.services.station_admin.close(station.id)

    assert [await city.services.waitlist.mine(rider) for rider in riders] == [None, None]
    ended = [fact for fact in await city.told("waitlist:updated") if fact["state"] == "ended"]
    assert [(fact["user_id"], fact["end_reason"]) for fact in ended] == [
        (r, "station_closed") for r in riders
    ]
    await city.services.station_admin.open(station.id)
    assert await free_places(city, station) == 1


async def test_a_vehicle_of_another_type_waits_for_the_turn_to_end(city: City) -> None:
    station, _ = await full(city)
    rider = await wait(city, station)
    other = ProfileForm(vehicle=Vehicle(id="KA", battery_type="heavy"))

    with pytest.raises(Conflict):
        await city.services.people_saves.save_profile(rider, other)
    await city.services.waitlist.leave(rider, None)
    await city.services.people_saves.save_profile(rider, other)


async def test_a_waitlist_has_an_end(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.waitlist.LONGEST", 2)
    station, _ = await full(city)
    for _ in range(2):
        await wait(city, station)

    with pytest.raises(QueueFull):
        await wait(city, station)


# -- races


async def test_who_joined_and_confirmed_elsewhere_at_once_is_passed_over(city: City) -> None:
    """Where transactions see a snapshot, the two do not conflict: neither reads what the other writes."""
    station, (there,) = await full(city)
    elsewhere = await city.station()
    rider, second = await wait(city, station), await wait(city, station)
    turn = await city.services.world.records.now.waitlist.first({"user_id": rider})
    assert turn is not None
    await city.services.waitlist.leave(rider, None)
    await city.place(elsewhere, rider)
    async with city.services.world.records.transaction() as tx:
        await tx.waitlist.replace(turn.changed().changed())
        known = await tx.stations.get(station.id)
        assert known is not None
        await tx.stations.replace(known.changed(waitlisted=2))

    await city.services.queue.leave(there, None)

    assert await city.services.waitlist.mine(rider) is None
    assert (await turn_of(city, second)).state == "offered"
    assert await faults_in(city.services.world.records.now, "network") == []


def _winners(answers: list[Any]) -> int:
    assert all(isinstance(answer, HubError) for answer in answers if isinstance(answer, BaseException))
    return sum(not isinstance(answer, BaseException) for answer in answers)


async def test_fifty_riders_race_for_two_places_that_fall_free_at_once(city: City) -> None:
    station, there = await full(city, places=2)
    riders = [await city.rider() for _ in range(50)]
    waiting = riders[:25]
    for rider in waiting:
        await wait(city, station, rider)

    await asyncio.gather(*(city.services.queue.leave(rider, None) for rider in there))
    answers = await asyncio.gather(
        *(city.services.queue.confirm(rider, station.id) for rider in riders), return_exceptions=True
    )

    assert _winners(answers) == 2
    assert {number for number, answer in enumerate(answers) if not isinstance(answer, BaseException)} == {
        0,
        1,
    }
    assert await free_places(city, station) == 0
    assert [(await turn_of(city, rider)).position for rider in waiting[2:]] == list(range(1, 24))


async def test_an_offer_that_lapses_while_it_is_confirmed_is_one_of_the_two(city: City) -> None:
    station, (there,) = await full(city)
    first, second = await wait(city, station), await wait(city, station)
    await city.services.queue.leave(there, None)
    city.clock.forward(seconds=119.9)

    confirmed, _ = await asyncio.gather(
        city.services.queue.confirm(first, station.id),
        city.services.timers.run_due(city.clock() + timedelta(seconds=1)),
        return_exceptions=True,
    )

    reads, here = city.services.world.records.now, {"station_id": station.id}
    entries = await reads.queues.count({**here, "state": EntryState.CONFIRMED})
    offers = await reads.waitlist.count({**here, "state": WaitingState.OFFERED})
    assert entries + offers == 1
    assert (entries == 1) == (not isinstance(confirmed, BaseException))
    assert (await turn_of(city, second)).state == ("offered" if offers else "waiting")
