"""What may be read of staff: no private data, newest first, and in parts that fit together."""

from __future__ import annotations

import pytest

from services.errors import NotFound
from services.models import ShiftKind, User, Vehicle
from services.staff_views import AssignmentView
from tests.unit.services.city import City
from tests.unit.services.crews import answer, ask, crew, divert, newcomer


async def test_a_roster_says_who_is_on_duty_and_who_is_not(city: City) -> None:
    station, away = await city.station(staff=3), await city.station(staff=0)
    asha, bina, chetan = await crew(city, station)
    await newcomer(city, "dora", station.id)
    await divert(city, station, away, bina)
    city.clock.forward(minutes=7)
    await city.services.shifts.end(asha, None, claimed=None)

    rows = {row.staff_id: row for row in (await city.services.staff.roster(station.id)).items}

    assert {name: row.on_duty for name, row in rows.items()} == {
        asha: False,
        bina: False,
        chetan: True,
        "dora": True,
    }
    assert rows[asha].since == city.clock()
    assert rows["dora"].name == "Dora"
    [coming] = (await city.services.staff.roster(away.id)).items
    assert (coming.staff_id, coming.on_duty, coming.expected_at is not None) == (bina, True, True)


async def test_many_rosters_are_read_in_parts_and_are_those_of_each_station(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("duty", "staff_views"):
        monkeypatch.setattr(f"services.{module}.AT_ONCE", 2)
    stations = [await city.station(staff=size) for size in (2, 0, 1, 3, 0)]
    await newcomer(city, "dora", stations[1].id)

    crews = await city.services.staff.crews(station.id for station in stations)

    told = {crew.station_id: [row.staff_id for row in crew.items] for crew in crews}
    assert told == {station.id: await crew(city, station) for station in stations[:-1]}
    assert [len(told[station.id]) for station in stations[:-1]] == [2, 1, 1, 3]
    assert next(row.name for one in crews for row in one.items if row.staff_id == "dora") == "Dora"


async def test_a_roster_forgets_after_a_day_who_does_not_belong_there(city: City) -> None:
    station = await city.station(staff=1)
    [asha] = await crew(city, station)
    await city.services.shifts.end(asha, None, claimed=None)
    city.clock.forward(hours=25)

    assert (await city.services.staff.roster(station.id)).items == []


async def test_a_roster_has_no_private_data(city: City) -> None:
    station = await city.station(staff=0)
    async with city.services.world.records.transaction() as tx:
        person = User(
            id="asha",
            role="staff",
            name="Asha",
            phone="+91 80 1234",
            vehicle=Vehicle(id="KA-01-1"),
            created_at=city.clock(),
        )
        await tx.users.insert(person)
    await city.services.shifts.start("asha", station.id, claimed=None)

    shown = (await city.services.staff.roster(station.id)).model_dump_json()

    assert "Asha" in shown
    assert "+91" not in shown
    assert "KA-01" not in shown


async def test_an_unknown_station_or_person_is_not_found(city: City) -> None:
    with pytest.raises(NotFound):
        await city.services.staff.roster("nowhere")
    with pytest.raises(NotFound):
        await city.services.staff.assignments("nobody", limit=5, cursor=None)


async def test_assignments_are_shifts_and_diversions_newest_first(city: City) -> None:
    home, away = await city.station(staff=3), await city.station(staff=0)
    asha, bina, _ = await crew(city, home)
    city.clock.forward(minutes=1)
    await answer(city, await ask(city, home, away, asha), asha, accept=False)
    city.clock.forward(minutes=1)
    await divert(city, home, away, asha)
    city.clock.forward(minutes=1)
    await city.services.shifts.start(asha, home.id, claimed=None)

    found = await city.services.staff.assignments(asha, limit=10, cursor=None)

    assert [(one.kind, one.state) for one in found.items] == [
        (ShiftKind.SHIFT, "running"),
        (ShiftKind.DIVERSION, "returned"),
        (ShiftKind.DIVERSION, "declined"),
        (ShiftKind.SHIFT, "ended"),
    ]
    assert [one.station_id for one in found.items] == [home.id, away.id, away.id, home.id]
    assert found.items[2].answer_reason == "because"
    other = await city.services.staff.assignments(bina, limit=10, cursor=None)
    assert [one.staff_id for one in other.items] == [bina]


@pytest.mark.parametrize("limit", [1, 2, 3, 50])
async def test_parts_of_a_list_give_the_whole_also_within_one_moment(city: City, limit: int) -> None:
    home, away = await city.station(staff=2), await city.station(staff=0)
    asha, _ = await crew(city, home)
    for _ in range(4):  # no time passes: order is by id alone
        await divert(city, home, away, asha)
        await city.services.shifts.start(asha, home.id, claimed=None)
    whole = (await city.services.staff.assignments(asha, limit=200, cursor=None)).items

    seen: list[AssignmentView] = []
    cursor = None
    while True:
        part = await city.services.staff.assignments(asha, limit=limit, cursor=cursor)
        seen += part.items
        cursor = part.next_cursor
        if cursor is None:
            break

    assert seen == whole
    assert len(whole) == 9


async def test_a_cursor_of_somebody_else_is_not_found(city: City) -> None:
    station = await city.station(staff=2)
    asha, bina = await crew(city, station)

    with pytest.raises(NotFound):
        await city.services.staff.assignments(asha, limit=1, cursor=f"shift_{bina}")
