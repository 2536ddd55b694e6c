"""Help for another station: nobody goes without a yes, and no station falls below its minimum."""

from __future__ import annotations

import asyncio

import pytest

from services.again import insist
from services.errors import Conflict, HubError, NotActive, NotEnoughStaff, NotFound, StationClosed
from services.models import ShiftKind
from services.staff_views import DiversionView
from services.states import DiversionState
from tests.unit.services.city import City
from tests.unit.services.crews import answer, ask, counted, crew, divert, newcomer


async def test_who_accepts_is_on_duty_there_and_counts_for_the_bays_on_arriving(city: City) -> None:
    here, there = await city.station(staff=2), await city.station(staff=1, bays=3)
    asha, _ = await crew(city, here)

    asked = await ask(city, here, there, asha)
    assert (asked.state, [one.state for one in asked.staff]) == (DiversionState.OFFERED, ["offered"])
    assert await counted(city, here) == (2, 2)

    gone = await answer(city, asked, asha)
    assert gone.state is DiversionState.ACCEPTED
    assert gone.staff[0].expected_at is not None
    assert await counted(city, here) == (1, 1)
    assert await counted(city, there) == (2, 1)
    duty = await city.services.people.duty(asha, here.id)
    assert (duty.station_id, duty.on_duty) == (there.id, True)

    shift = await city.services.shifts.start(asha, there.id, claimed=None)
    assert (shift.kind, shift.arrived_at) == (ShiftKind.DIVERSION, city.clock())
    assert await counted(city, there) == (2, 2)
    assert await city.services.stations.live_equals_records()


async def test_those_concerned_are_told_and_the_log_says_who_was_diverted(city: City) -> None:
    here, there = await city.station(staff=2), await city.station(staff=0)
    asha, _ = await crew(city, here)

    await divert(city, here, there, asha)

    [offer] = await city.told("staff:diversion-offered")
    assert offer["rooms"] == (f"user:{asha}", "admin")
    [changed] = await city.told("diversion:changed")
    assert (changed["type"], changed["state"], changed["reason"]) == (
        "staff.diverted",
        "accepted",
        "a long queue",
    )
    assert changed["answer_reason"] is None


async def test_who_declines_stays(city: City) -> None:
    here, there = await city.station(staff=2), await city.station(staff=0)
    asha, _ = await crew(city, here)

    said = await answer(city, await ask(city, here, there, asha), asha, accept=False)

    assert said.state is DiversionState.DECLINED
    assert await counted(city, here) == (2, 2)
    assert (await city.told("diversion:changed"))[-1]["answer_reason"] == "because"


async def test_who_does_not_answer_stays_and_cannot_answer_later(city: City) -> None:
    here, there = await city.station(staff=2), await city.station(staff=0)
    asha, _ = await crew(city, here)
    asked = await ask(city, here, there, asha)

    await city.fired(minutes=9)
    assert await city.told("diversion:changed") == []
    city.clock.forward(minutes=1)
    with pytest.raises(NotActive):  # the time is up, though the timer has yet to fire
        await answer(city, asked, asha)
    await city.fired(minutes=0)

    assert (await city.told("diversion:changed"))[-1]["state"] == "lapsed"
    with pytest.raises(NotActive):
        await answer(city, asked, asha)
    assert await counted(city, here) == (2, 2)


async def test_the_last_answer_ends_the_waiting(city: City) -> None:
    here, there = await city.station(staff=3), await city.station(staff=0)
    asha, bina, _ = await crew(city, here)
    asked = await ask(city, here, there, asha, bina)
    timers = city.services.world.records.now.timers

    assert (await answer(city, asked, asha)).state is DiversionState.OFFERED
    assert await timers.count({}) == 1
    done = await answer(city, asked, bina, accept=False)

    assert done.state is DiversionState.ACCEPTED
    assert [one.staff_id for one in done.staff] == [bina]  # each sees themselves alone
    assert await timers.count({}) == 0


async def test_a_diversion_that_would_leave_too_few_is_not_even_asked(city: City) -> None:
    here, there = await city.station(staff=2), await city.station(staff=0)

    with pytest.raises(NotEnoughStaff):
        await ask(city, here, there, *await crew(city, here))

    assert await city.told("staff:diversion-offered") == []


async def test_acceptances_that_race_leave_the_minimum(city: City) -> None:
    here, there = await city.station(staff=4), await city.station(staff=0)
    people = await crew(city, here)
    offers = [(await ask(city, here, there, one), one) for one in people]

    answers = await asyncio.gather(
        *(insist(lambda a=asked, p=one: answer(city, a, p)) for asked, one in offers),  # type: ignore[misc]
        return_exceptions=True,
    )

    assert sum(isinstance(said, DiversionView) for said in answers) == 3
    assert sum(isinstance(said, NotEnoughStaff) for said in answers) == 1
    assert (await counted(city, here))[0] == 1
    assert (await counted(city, there))[0] == 3


async def test_an_acceptance_and_an_ending_shift_that_race_leave_the_minimum_or_the_offer(city: City) -> None:
    here, there = await city.station(staff=2), await city.station(staff=0)
    asha, bina = await crew(city, here)
    asked = await ask(city, here, there, asha)

    accepted, _ = await asyncio.gather(
        insist(lambda: answer(city, asked, asha)),
        insist(lambda: city.services.shifts.end(bina, None, claimed=None)),
        return_exceptions=True,
    )

    if isinstance(accepted, NotEnoughStaff):  # the shift ended first: asha stays, and may answer later
        assert await crew(city, here) == [asha]
        assert [card.state for card in await city.services.staff.open_diversions(asha)] == ["offered"]
    else:  # by a shift's own end a station may be left alone, by a diversion never
        assert isinstance(accepted, DiversionView)
        assert await crew(city, here) == []


async def test_who_is_on_the_way_does_not_hold_the_floor(city: City) -> None:
    here, there = await city.station(staff=2), await city.station(staff=1)
    asha, _ = await crew(city, here)
    [chetan] = await crew(city, there)
    await divert(city, here, there, asha)

    with pytest.raises(NotEnoughStaff):
        await ask(city, there, here, chetan)


@pytest.mark.parametrize("case", ["ghost", "rider", "elsewhere", "off duty", "asked", "on the way"])
async def test_only_staff_who_are_there_and_free_are_asked(city: City, case: str) -> None:
    here, there = await city.station(staff=4), await city.station(staff=2)
    one, two, three, _ = await crew(city, here)
    [stranger, _] = await crew(city, there)
    await city.services.shifts.end(one, None, claimed=None)
    await ask(city, here, there, two)
    await divert(city, here, there, three)
    people = {
        "ghost": ("nobody", NotFound),
        "rider": (await city.rider(), NotFound),
        "elsewhere": (stranger, Conflict),
        "off duty": (one, Conflict),
        "asked": (two, Conflict),
        "on the way": (three, Conflict),
    }
    name, error = people[case]
    before = len(await city.told())

    with pytest.raises(error):
        await ask(city, here, there, name)

    assert len(await city.told()) == before


async def test_unknown_and_closed_stations_are_refused(city: City) -> None:
    here, there = await city.station(staff=2), await city.station(staff=0)
    asha, _ = await crew(city, here)
    nowhere = there.model_copy(update={"id": "nowhere"})
    asked = await ask(city, here, there, asha)
    async with city.services.world.records.transaction() as tx:
        present = await tx.stations.get(there.id)
        assert present
        await tx.stations.replace(present.changed(is_active=False))

    with pytest.raises(NotFound):
        await ask(city, here, nowhere, asha)
    with pytest.raises(StationClosed):
        await ask(city, here, there, asha)
    with pytest.raises(StationClosed):
        await answer(city, asked, asha)
    assert await crew(city, here) == sorted(await crew(city, here))
    assert asha in await crew(city, here)


async def test_nobody_answers_for_somebody_else(city: City) -> None:
    here, there = await city.station(staff=3), await city.station(staff=0)
    asha, bina, _ = await crew(city, here)
    asked = await ask(city, here, there, asha)

    for diversion in (asked, asked.model_copy(update={"diversion_id": "nothing"})):
        with pytest.raises(NotFound):
            await answer(city, diversion, bina)
    assert (await counted(city, here))[0] == 3


async def test_the_same_answer_twice_counts_once(city: City) -> None:
    here, there = await city.station(staff=3), await city.station(staff=0)
    asha, *_ = await crew(city, here)
    asked = await ask(city, here, there, asha)
    await answer(city, asked, asha)

    for accept in (True, False):
        with pytest.raises(NotActive):
            await answer(city, asked, asha, accept=accept)
    assert (await counted(city, there))[0] == 1


async def test_who_comes_back_has_a_shift_at_home_again(city: City) -> None:
    home, away = await city.station(staff=2), await city.station(staff=0)
    asha, _ = await crew(city, home)
    await divert(city, home, away, asha)
    await city.services.shifts.start(asha, away.id, claimed=None)

    back = await city.services.shifts.start(asha, home.id, claimed=None)

    assert (back.kind, back.station_id) == (ShiftKind.SHIFT, home.id)
    assert (await city.told("diversion:changed"))[-1]["state"] == "returned"
    assert ((await counted(city, home))[0], (await counted(city, away))[0]) == (2, 0)


async def test_who_was_diverted_can_be_sent_on(city: City) -> None:
    home, away, far = await city.station(staff=2), await city.station(staff=1), await city.station(staff=0)
    asha, _ = await crew(city, home)
    first = await divert(city, home, away, asha)
    await city.services.shifts.start(asha, away.id, claimed=None)

    await divert(city, away, far, asha)

    states = [fact["state"] for fact in await city.told("diversion:changed")]
    assert states == ["accepted", "arrived", "ended", "accepted"]
    assert await crew(city, far) == [asha]
    assert first.diversion_id not in {one.diversion_id for one in await city.services.staff.open_diversions()}


async def test_a_shift_that_ends_while_diverted_ends_the_diversion(city: City) -> None:
    home, away = await city.station(staff=2), await city.station(staff=0)
    asha, _ = await crew(city, home)
    await divert(city, home, away, asha)

    await city.services.shifts.end(asha, None, claimed=None)

    assert (await city.told("diversion:changed"))[-1]["state"] == "ended"
    assert (await counted(city, away))[0] == 0


async def test_who_has_no_record_can_be_diverted_from_the_station_of_their_token(city: City) -> None:
    here, there = await city.station(staff=1), await city.station(staff=0)
    asha = await newcomer(city, "asha", here.id)
    asked = await ask(city, here, there, asha)

    await city.services.diversions.respond(
        asked.diversion_id, asha, accept=True, reason=None, claimed=here.id
    )

    assert ((await counted(city, here))[0], (await counted(city, there))[0]) == (1, 1)
    assert await city.services.stations.live_equals_records()


async def test_a_fresh_fix_inside_the_geofence_is_the_arrival(city: City) -> None:
    here, there = await city.station(staff=2), await city.station(staff=0)
    asha, _ = await crew(city, here)
    await divert(city, here, there, asha)

    for metres, arrived in ((2000, False), (498, False), (100, True)):  # 5 m of doubt are too many at 498
        city.clock.forward(minutes=3)
        await city.ping(asha, there, metres)
        await city.services.shifts.notice_arrival(asha)
        shift = await city.services.staff.running(asha)
        assert shift
        assert (shift.arrived_at is not None) is arrived


async def test_a_fix_that_is_not_trusted_is_no_arrival(city: City) -> None:
    here, there = await city.station(staff=2), await city.station(staff=0)
    asha, _ = await crew(city, here)
    await divert(city, here, there, asha)

    await city.ping(asha, there, 100, mock=True)
    await city.services.shifts.notice_arrival(asha)

    shift = await city.services.staff.running(asha)
    assert shift
    assert shift.arrived_at is None


async def test_an_old_fix_is_no_arrival(city: City) -> None:
    here, there = await city.station(staff=2), await city.station(staff=0)
    asha, _ = await crew(city, here)
    await city.ping(asha, there, 100)
    await divert(city, here, there, asha)
    city.clock.forward(seconds=121)

    await city.services.shifts.notice_arrival(asha)

    shift = await city.services.staff.running(asha)
    assert shift
    assert shift.arrived_at is None


async def test_nobody_is_called_to_a_bay_whose_staff_are_still_on_the_way(city: City) -> None:
    here, there = await city.station(staff=2), await city.station(staff=1, bays=2)
    for _ in range(2):
        rider = await city.rider()
        await city.place(there, rider)
        await city.arrive(rider, there)
    asha, _ = await crew(city, here)
    await divert(city, here, there, asha)
    assert len(await city.told("queue:called")) == 1

    await city.services.shifts.start(asha, there.id, claimed=None)

    assert len(await city.told("queue:called")) == 2


async def test_a_refused_acceptance_may_be_tried_again(city: City) -> None:
    here, there = await city.station(staff=2), await city.station(staff=0)
    asha, bina = await crew(city, here)
    asked = await ask(city, here, there, asha)
    await city.services.shifts.end(bina, None, claimed=None)
    with pytest.raises(HubError) as refused:
        await answer(city, asked, asha)
    assert isinstance(refused.value, NotEnoughStaff)

    await city.services.shifts.start(bina, here.id, claimed=None)

    assert (await answer(city, asked, asha)).state is DiversionState.ACCEPTED
