"""A station that closes or faults offers each of its riders the next best place, in bounded parts."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from services.audits import faults_in
from services.base import Location
from services.boards import Boards
from services.entries import Entries
from services.errors import AlreadyQueued
from services.fault_models import Severity
from services.faults import Report
from services.forms import StationForm
from services.models import Station
from services.place_offers import PlaceOffers
from services.promises import Promises
from services.rebooking import Rebooking
from services.states import OPEN, WAITLISTED, WaitingState
from services.waiting_models import OfferReason
from tests.unit.services.city import CENTRE, City


async def street(city: City, **fields: Any) -> Station:
    """A station a kilometre north of the one before, all in one street."""
    station = await city.station(**fields)
    built = await city.services.world.records.now.stations.count({})
    where = Location(lat=CENTRE.lat + built / 100, lng=CENTRE.lng)
    await city.services.station_admin.save(StationForm(station_id=station.id, location=where))
    return station.model_copy(update={"location": where})


async def crowd(city: City, station: Station, size: int) -> list[str]:
    riders = [await city.rider() for _ in range(size)]
    for rider in riders:
        await city.place(station, rider)
    return riders


async def open_entries(city: City, station: Station) -> int:
    reads = city.services.world.records.now
    return await reads.queues.count({"station_id": station.id, "state": OPEN})


async def offers(city: City) -> list[tuple[str, str, str]]:
    """Riders with a place on offer, where, and why."""
    turns = await city.services.waitlist.all_open()
    return sorted((turn.user_id, turn.station_id, turn.reason) for turn in turns if turn.offered_until)


async def test_riders_of_a_closed_station_are_offered_the_next_best(city: City) -> None:
    near, station, _far = await street(city), await street(city), await street(city)
    rider = await city.rider()
    await city.place(station, rider)

    await city.services.station_admin.close(station.id)

    assert await city.services.queue.mine(rider) is None
    (offer,) = await city.services.waitlist.all_open()
    assert (offer.user_id, offer.station_id, offer.state) == (rider, near.id, "offered")
    assert (offer.reason, offer.from_station_id) == ("station_closed", station.id)
    assert offer.offered_until is not None
    assert (offer.offered_until - city.clock()).total_seconds() >= 120
    told = [fact["event"] for fact in await city.told() if fact.get("user_id") == rider][-2:]
    assert told == ["queue:ended", "queue:offered"]
    assert [fact["reason"] for fact in await city.told("queue:ended")] == ["station_closed"]
    slots = await city.services.queue.slots(near.id)
    assert (slots.available_slots, slots.charged_batteries) == (19, 11)


async def test_the_offer_is_taken_by_confirming_there(city: City) -> None:
    near, station = await street(city, places=1, charged=1), await street(city)
    rider, other = await city.rider(), await city.rider()
    await city.place(station, rider)
    await city.services.station_admin.close(station.id)

    with pytest.raises(Exception, match="queue_full"):
        await city.place(near, other)
    place = await city.place(near, rider)

    assert (place.station_id, place.position) == (near.id, 1)
    assert await city.services.waitlist.all_open() == []


async def test_the_best_stations_are_filled_one_after_the_other_and_never_oversold(city: City) -> None:
    first, station = await street(city, places=2), await street(city, places=9)
    second = await street(city, places=5, charged=3)
    riders = await crowd(city, station, 9)

    await city.services.station_admin.close(station.id)

    made = await offers(city)
    assert [user for user, _, _ in made] == riders[:5]
    assert [where for _, where, _ in made].count(first.id) == 2
    assert [where for _, where, _ in made].count(second.id) == 3
    assert await open_entries(city, station) == 0
    for place, free in ((first, 0), (second, 2)):
        assert (await city.services.queue.slots(place.id)).available_slots == free


async def test_the_best_place_is_seen_from_where_the_rider_is(city: City) -> None:
    _near, station = await street(city), await street(city)
    for _ in range(4):
        far = await street(city)
    rider = await city.rider()
    await city.place(station, rider)
    await city.ping(rider, far, 50)

    await city.services.station_admin.close(station.id)

    assert await offers(city) == [(rider, far.id, "station_closed")]


async def test_who_is_sent_on_and_who_comes_share_what_there_is(city: City) -> None:
    station, other = await street(city), await street(city, places=3, charged=3)
    await crowd(city, station, 5)
    new = [await city.rider() for _ in range(5)]

    answers = await asyncio.gather(
        city.services.station_admin.close(station.id),
        *(city.services.queue.confirm(rider, other.id) for rider in new),
        return_exceptions=True,
    )

    taken = sum(not isinstance(answer, BaseException) for answer in answers[1:])
    assert taken + len(await offers(city)) == 3
    assert await faults_in(city.services.world.records.now, "network") == []


async def test_the_last_of_a_part_is_offered_what_the_others_have_left(city: City) -> None:
    station = await street(city)
    others = [await street(city, places=1, charged=1) for _ in range(6)]
    riders = await crowd(city, station, 6)

    await city.services.station_admin.close(station.id)

    made = await offers(city)
    assert [user for user, _, _ in made] == riders
    assert {where for _, where, _ in made} == {other.id for other in others}


async def test_hundreds_are_sent_away_in_parts_that_a_crash_does_not_stop(city: City) -> None:
    station, other = await street(city, places=60, charged=60), await street(city, places=50, charged=50)
    await crowd(city, station, 45)

    await city.services.station_admin.close(station.id)
    left = await open_entries(city, station)

    assert left == 35  # the closing has sent the first part away; the rest is a timer's, which is a row
    await city.services.timers.run_due(city.clock())
    assert await open_entries(city, station) == 0
    assert len(await offers(city)) == 45
    assert (await city.services.queue.slots(other.id)).available_slots == 5
    assert await city.services.world.records.now.timers.count({"kind": "rebook.part"}) == 0
    assert await city.services.stations.live_equals_records()


async def test_a_station_that_opens_again_keeps_who_was_not_sent_away_yet(city: City) -> None:
    station = await street(city, places=30, charged=30)
    await crowd(city, station, 25)
    await city.services.station_admin.close(station.id)

    await city.services.station_admin.open(station.id)
    await city.services.timers.run_due(city.clock())

    assert await open_entries(city, station) == 15


async def test_who_waits_at_the_other_station_comes_first(city: City) -> None:
    station = await street(city)
    other = await street(city, places=1, charged=1)
    rider, there, first = await city.rider(), await city.rider(), await city.rider()
    await city.place(other, there)
    await city.place(station, rider)
    await city.services.waitlist.join(first, other.id)

    await city.services.station_admin.close(station.id)
    assert await offers(city) == []
    await city.services.queue.leave(there, None)

    assert await offers(city) == [(first, other.id, "waitlist")]


async def test_an_offer_that_lapses_frees_what_it_kept(city: City) -> None:
    near, station = await street(city), await street(city)
    await crowd(city, station, 3)
    await city.services.station_admin.close(station.id)
    assert (await city.services.queue.slots(near.id)).available_slots == 17

    await city.fired(minutes=5)

    slots = await city.services.queue.slots(near.id)
    assert (slots.available_slots, slots.charged_batteries) == (20, 12)
    ended = {fact["state"] for fact in await city.told("waitlist:updated")}
    assert ended == {"lapsed"}


async def test_riders_being_served_are_served(city: City) -> None:
    await street(city)
    station = await street(city)
    place = await city.place(station)
    await city.services.qr.verify(place.qr_token.token, station_id=station.id, by="staff_x")

    await city.services.station_admin.close(station.id)

    assert await open_entries(city, station) == 1
    assert await offers(city) == []


@pytest.mark.parametrize(
    ("kind", "severity", "is_active"),
    [
        ("fire", Severity.CRITICAL, False),
        ("station_overheat", Severity.CRITICAL, False),
        ("fire", Severity.HIGH, True),
        ("slot_jam", Severity.CRITICAL, True),
    ],
)
async def test_a_critical_fault_of_the_whole_station_sends_its_riders_on(
    city: City, kind: str, severity: Severity, is_active: bool
) -> None:
    near, station = await street(city), await street(city)
    rider = await city.rider()
    await city.place(station, rider)

    report = Report(station_id=station.id, kind=kind, severity=severity)
    await city.services.faults.report(report, by="device_1")

    assert (await city.services.stations.status(station.id)).is_active == is_active
    made = [] if is_active else [(rider, near.id, "station_fault")]
    assert await offers(city) == made
    assert [fact["reason"] for fact in await city.told("queue:ended")] == ["station_fault"] * len(made)
    saved = [fact["is_active"] for fact in await city.told() if fact["type"] == "station.saved"]
    assert saved[2:] == [False] * len(made)


async def test_a_fault_that_grows_critical_or_is_reported_again_closes_once(city: City) -> None:
    station = await street(city)
    for severity in (Severity.MEDIUM, Severity.CRITICAL, Severity.CRITICAL):
        report = Report(station_id=station.id, kind="flood", severity=severity)
        await city.services.faults.report(report, by="device_1")

    saved = [fact for fact in await city.told() if fact["type"] == "station.saved"]
    assert len(saved) == 1 + 1  # and the one that was built


# -- a place offered instead of one that is kept


def rebooking(city: City) -> Rebooking:
    world = city.services.world
    boards = Boards(world)
    offers = PlaceOffers(world, Promises(world))
    return Rebooking(
        world, boards, Entries(world, boards, city.services.credits), offers, city.services.recommend
    )


async def offered_instead(city: City, rider: str) -> Any:
    async with city.services.world.records.transaction() as tx:
        entry = await tx.queues.first({"user_id": rider, "state": OPEN})
        assert entry is not None
        return await rebooking(city).offer_instead(tx, entry, OfferReason.NO_BATTERY)


async def test_a_rider_keeps_the_place_until_they_take_the_other_one(city: City) -> None:
    near, station = await street(city), await street(city)
    rider = await city.rider()
    old = await city.place(station, rider)

    assert await offered_instead(city, rider)
    assert not await offered_instead(city, rider)
    with pytest.raises(AlreadyQueued):
        await city.place(station, rider)
    place = await city.place(near, rider)

    assert place.station_id == near.id
    assert await open_entries(city, station) == 0
    ended = [(fact["entry_id"], fact["reason"]) for fact in await city.told("queue:ended")]
    assert ended == [(old.entry_id, "no_battery")]
    assert await city.services.world.records.now.waitlist.count({"state": WAITLISTED}) == 0


async def test_a_rider_with_an_offer_keeps_that_when_their_station_closes(city: City) -> None:
    near, station = await street(city), await street(city)
    rider = await city.rider()
    await city.place(station, rider)
    await offered_instead(city, rider)

    await city.services.station_admin.close(station.id)

    assert await city.services.queue.mine(rider) is None
    assert await offers(city) == [(rider, near.id, "no_battery")]
    assert (await city.place(near, rider)).position == 1


async def test_who_has_no_phone_is_offered_nothing(city: City) -> None:
    await street(city)
    station = await street(city)
    who: dict[str, Any] = {"user_id": None, "name": "Lakshmi", "vehicle": None}
    await city.services.walk_ins.admit(station.id, **who, by="staff_x")

    await city.services.station_admin.close(station.id)

    assert await open_entries(city, station) == 0
    assert await offers(city) == []


async def test_once_the_swap_has_begun_no_other_place_is_taken(city: City) -> None:
    near, station = await street(city), await street(city)
    rider = await city.rider()
    place = await city.place(station, rider)
    await offered_instead(city, rider)
    await city.services.qr.verify(place.qr_token.token, station_id=station.id, by="staff_x")

    with pytest.raises(AlreadyQueued):
        await city.place(near, rider)

    kept = await city.services.world.records.now.waitlist.count({"state": WaitingState.OFFERED})
    assert kept == 1
