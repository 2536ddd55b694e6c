"""An operator fills an empty store through the contract alone, and riders are served."""

from __future__ import annotations

from typing import Any

import pytest

from services.models import Role
from tests.support.audits import faults
from tests.support.hub import RunningHub
from tests.support.people import Door, Person

DOORS: tuple[Door, ...] = ("socket", "rest")
HERE = {"lat": 12.97, "lng": 77.59}
STATION = {"station_id": "koramangala", "name": "Koramangala", "location": HERE, "bays": 2, "slots": 6}


async def saved(admin: Person, event: str, door: Door = "socket", **fields: Any) -> Any:
    answer = await admin.ask(door, event, fields)
    assert answer.ok, answer.error
    return answer.data


async def filled(hub: RunningHub, door: Door = "socket") -> tuple[Person, Person, Person]:
    """A station with two charged packs, a rider with an empty one, and somebody at the bay."""
    admin, rider = hub.admin(), hub._person(Role.CONSUMER)
    staff = hub._person(Role.STAFF, station="koramangala")
    await saved(admin, "station:save", door, **STATION)
    await saved(
        admin, "user:save", door, user_id=rider.id, role="consumer", name="Asha", vehicle={"id": "KA"}
    )
    await saved(
        admin, "user:save", door, user_id=staff.id, role="staff", name="Ravi", station_id="koramangala"
    )
    slot = {"kind": "slot", "id": "koramangala"}
    for number in (1, 2):
        await saved(admin, "battery:save", door, battery_id=f"pack_{number}", holder=slot, soc=96)
    own = {"kind": "rider", "id": rider.id}
    await saved(admin, "battery:save", door, battery_id="pack_3", holder=own, soc=12.5)
    return admin, rider, staff


async def swapped(rider: Person, staff: Person) -> Any:
    """The whole exchange of the filled store's rider."""
    place = (await rider.call("queue:confirm", station_id="koramangala")).data
    scan = (await staff.verify(place["qr_token"])).data
    done = await staff.call(
        "swap:complete",
        swap_id=scan["swap_id"],
        old_battery_id=scan["old_battery_id"],
        new_battery_id=scan["assigned_battery"]["id"],
        old_battery_health="healthy",
    )
    assert done.ok, done.error
    return scan


@pytest.mark.parametrize("door", DOORS)
async def test_an_empty_store_is_filled_through_the_contract_and_a_rider_swaps(
    hub: RunningHub, door: Door
) -> None:
    admin, rider, staff = await filled(hub, door)
    before = await saved(admin, "station:status", door, station_id="koramangala")

    scan = await swapped(rider, staff)

    assert before["queue"]["capacity"] == 20
    assert before["batteries"] == {"total": 2, "charged": 2, "charging": 0, "quarantined": 0, "held": 0}
    assert before["staff_on_duty"] == 1
    assert scan["old_battery_id"] == "pack_3"
    credits = await saved(rider, "credits:history", door, user_id=rider.id)
    assert (credits["balance"], credits["pending"]) == (10, 0)
    assert [item["source"] for item in credits["items"]] == [scan["swap_id"]]
    assert await faults(hub.records) == []


@pytest.mark.parametrize("door", DOORS)
async def test_a_pack_shows_its_custody_chain(hub: RunningHub, door: Door) -> None:
    admin, rider, staff = await filled(hub, door)
    given = (await swapped(rider, staff))["assigned_battery"]["id"]

    pack = await saved(staff, "battery:get", door, battery_id=given)

    newest, first = pack["custody"]
    assert pack["holder"] == newest["to"] == {"kind": "rider", "id": rider.id, "slot": None}
    assert (newest["actor"], newest["from"]) == (staff.id, first["to"])
    assert newest["proof"].startswith("swap:")
    assert newest["previous_hash"] == first["hash"]
    assert (first["number"], first["from"], first["actor"]) == (1, None, admin.id)
    assert pack["next_cursor"] is None
    page = await saved(staff, "battery:get", door, battery_id=given, limit=1)
    rest = await saved(staff, "battery:get", door, battery_id=given, limit=1, cursor=page["next_cursor"])
    assert [*page["custody"], *rest["custody"]] == pack["custody"]


@pytest.mark.parametrize("door", DOORS)
async def test_the_packs_of_a_station_are_listed_by_slot(hub: RunningHub, door: Door) -> None:
    admin, rider, staff = await filled(hub, door)
    place = (await rider.call("queue:confirm", station_id="koramangala")).data
    await staff.verify(place["qr_token"])  # a pack is chosen, and held

    first = await saved(staff, "station:batteries", door, station_id="koramangala", limit=1)
    rest = await saved(
        admin, "station:batteries", door, station_id="koramangala", cursor=first["next_cursor"]
    )

    items = [*first["items"], *rest["items"]]
    assert [(item["battery_id"], item["slot"]) for item in items] == [("pack_1", 1), ("pack_2", 2)]
    assert sum(item["held"] for item in items) == 1
    assert set(items[0]) == {"battery_id", "slot", "state", "soc", "soh", "temperature_c", "held"}
    assert rest["next_cursor"] is None


async def test_partners_are_listed_by_id_with_what_they_store(hub: RunningHub) -> None:
    admin = hub.admin()
    for name in ("shop_b", "shop_a", "shop_c"):
        await saved(admin, "partner:save", partner_id=name, name=name, location=HERE, capacity=1)
    await saved(admin, "battery:save", battery_id="pack", holder={"kind": "partner", "id": "shop_b"}, soc=95)

    first = (await hub.transporter().call("partner:list", limit=2)).data
    rest = (await hub.transporter().call("partner:list", limit=2, cursor=first["next_cursor"])).data

    found = [(item["partner_id"], item["stored"]) for item in [*first["items"], *rest["items"]]]
    assert found == [("shop_a", 0), ("shop_b", 1), ("shop_c", 0)]
    assert rest["next_cursor"] is None


async def test_what_is_not_given_stays_and_what_is_saved_again_is_not_told_again(hub: RunningHub) -> None:
    admin = await hub.admin().connect()
    await admin.call("room:join", room="admin")
    await saved(admin, "station:save", **STATION)

    renamed = await saved(admin, "station:save", station_id="koramangala", name="Koramangala East")
    again = await saved(admin, "station:save", station_id="koramangala", name="Koramangala East")

    assert (renamed["name"], renamed["location"], renamed["slots"]) == ("Koramangala East", HERE, 6)
    assert again == renamed
    told = await admin.until("station:updated", 2)
    assert (told["station_name"], told["version"]) == ("Koramangala East", renamed["version"])
    await saved(admin, "station:save", station_id="koramangala", name="Koramangala West")
    assert (await admin.until("station:updated", 3))["station_name"] == "Koramangala West"


async def test_a_new_one_that_lacks_fields_names_each_of_them(hub: RunningHub) -> None:
    admin = hub.admin()

    answers = {
        "station:save": await admin.call("station:save", station_id="s"),
        "partner:save": await admin.call("partner:save", partner_id="p", capacity=3),
        "user:save": await admin.call("user:save", user_id="u"),
        "battery:save": await admin.call("battery:save", battery_id="b", soc=50),
    }

    assert {event: (answer.code, answer.paths) for event, answer in answers.items()} == {
        "station:save": ("validation_failed", ["name", "location"]),
        "partner:save": ("validation_failed", ["name", "location"]),
        "user:save": ("validation_failed", ["role", "name"]),
        "battery:save": ("validation_failed", ["holder"]),
    }


async def test_a_profile_is_its_owners_and_is_told_to_them(hub: RunningHub) -> None:
    rider = await hub.rider().connect()
    before = (await rider.call("room:join", room=f"user:{rider.id}")).data["snapshot"]["user"]

    answer = await rider.call(
        "profile:save",
        name=" Asha ",
        phone="+91 98450 12345",
        vehicle={"id": "KA-02", "battery_type": "long"},
    )
    cleared = await rider.call("profile:save", phone=None)

    assert before["name"] == rider.id
    assert (answer.data["name"], answer.data["phone"]) == ("Asha", "+91 98450 12345")
    assert (cleared.data["phone"], cleared.data["vehicle"]["id"]) == (None, "KA-02")
    told = await rider.until("profile:changed")
    assert (told["user_name"], told["vehicle"]["battery_type"]) == ("Asha", "long")
    assert "phone" not in told


@pytest.mark.parametrize("phone", ["", "call me", "+", "1" * 40])
async def test_a_phone_number_is_one(hub: RunningHub, phone: str) -> None:
    answer = await hub.rider().call("profile:save", phone=phone)

    assert (answer.code, answer.paths) == ("validation_failed", ["phone"])
