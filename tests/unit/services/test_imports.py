"""Forms at once: all or none, and the same ones again change nothing."""

from __future__ import annotations

import pytest

from services.base import Location
from services.forms import BatteryForm, HolderForm, PartnerForm, StationForm, UserForm
from services.imports import Form, ImportRefused
from services.models import HolderKind, Role
from tests.support.audits import faults
from tests.unit.services.city import CENTRE, City

STATIONS: list[Form] = [
    StationForm(station_id=f"s{number}", name=f"S {number}", location=CENTRE, slots=3) for number in range(3)
]
PARTNERS: list[Form] = [PartnerForm(partner_id="p", name="P", location=CENTRE)]
USERS: list[Form] = [
    UserForm(user_id="rider", role=Role.CONSUMER, name="Asha"),
    UserForm(user_id="staff", role=Role.STAFF, name="Ravi", station_id="s0"),
]
PACKS: list[Form] = [
    *(
        BatteryForm(battery_id=f"b{number}", holder=HolderForm(kind=HolderKind.SLOT, id="s0"), soc=95)
        for number in range(3)
    ),
    BatteryForm(battery_id="own", holder=HolderForm(kind=HolderKind.RIDER, id="rider"), soc=20),
]


async def test_a_network_is_filled_and_the_same_again_changes_nothing(city: City) -> None:
    imports = city.services.imports
    files = (STATIONS, PARTNERS, USERS, PACKS)

    first = [await imports.take(forms) for forms in files]
    told = len(await city.told())
    again = [await imports.take(forms) for forms in files]

    assert (first, again) == ([3, 1, 2, 4], [0, 0, 0, 0])
    assert len(await city.told()) == told
    status = await city.services.stations.status("s0")
    assert (status.batteries.charged, status.staff_on_duty) == (3, 1)
    assert await city.services.stations.live_equals_records()
    assert await faults(city.services.world.records) == []


async def test_one_line_that_is_refused_keeps_all_out_and_each_is_named(city: City) -> None:
    await city.services.imports.take(STATIONS)
    holder = HolderForm(kind=HolderKind.SLOT, id="s0")
    packs: list[Form] = [
        *(BatteryForm(battery_id=f"b{number}", holder=holder) for number in range(5)),
        BatteryForm(battery_id="nobody", holder=HolderForm(kind=HolderKind.RIDER, id="nobody")),
        BatteryForm(battery_id="nowhere"),
    ]

    with pytest.raises(ImportRefused) as refused:
        await city.services.imports.take(packs)

    assert [(one.index, one.reason) for one in refused.value.refused] == [
        (3, "conflict: station_id s0, slots 3"),
        (4, "conflict: station_id s0, slots 3"),
        (5, "not_found: user_id nobody"),
        (6, "holder needed for a new one"),
    ]
    assert await city.services.world.records.now.batteries.count({}) == 0
    assert (await city.services.stations.status("s0")).batteries.total == 0


async def test_a_pack_that_is_known_stays_where_the_network_has_it(city: City) -> None:
    station = await city.station(charged=1)
    [pack] = await city.services.world.records.now.batteries.find({})
    lost = BatteryForm(battery_id=pack.id, holder=HolderForm(kind=HolderKind.LOST), soc=1)

    assert await city.services.imports.take([lost]) == 0

    assert await city.services.world.records.now.batteries.get(pack.id) == pack
    assert (await city.services.stations.status(station.id)).batteries.charged == 1


async def test_what_a_line_does_not_say_stays(city: City) -> None:
    await city.services.imports.take(STATIONS)

    moved = StationForm(station_id="s1", location=Location(lat=1, lng=2))
    assert await city.services.imports.take([moved]) == 1

    station = await city.services.world.records.now.stations.get("s1")
    assert station
    assert (station.name, station.slots, station.location.lat) == ("S 1", 3, 1)
