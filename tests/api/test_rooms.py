"""Who may join which room, and what it shows."""

from __future__ import annotations

import pytest

from tests.support.hub import RunningHub

ROOMS = [
    # room, and who may join: S is on duty at the station, s elsewhere
    ("user:{rider}", "C"),
    ("user:{other}", ""),
    ("station:{station}", "CSsTAD"),
    ("station:nowhere", ""),
    ("station:", ""),
    ("station:{station}:staff", "SA"),
    ("station:nowhere:staff", ""),
    ("job:nothing", ""),
    ("transporters", "T"),
    ("admin", "A"),
    ("admin:", "A"),
    ("admin:x", ""),
    ("nothing", ""),
    ("user", ""),
    ("{rider}", ""),
    ("stations:{station}", ""),
]


@pytest.mark.parametrize(("template", "allowed"), ROOMS)
async def test_a_room_opens_only_to_those_who_may_hear_it(
    hub: RunningHub, template: str, allowed: str
) -> None:
    station, elsewhere = await hub.station(), await hub.station()
    rider, other = await hub.rider().ready(), await hub.rider().ready()
    room = template.format(rider=rider.id, other=other.id, station=station.id)
    people = {
        "C": rider,
        "S": hub.staff(station),
        "s": hub.staff(elsewhere),
        "T": hub.transporter(),
        "A": hub.admin(),
        "D": hub.device(station),
    }

    answers = {letter: await person.call("room:join", room=room) for letter, person in people.items()}

    expected = {letter: "ok" if letter in allowed else "forbidden" for letter in people}
    assert {letter: answer.code for letter, answer in answers.items()} == expected


async def test_joining_shows_the_room_as_it_is(hub: RunningHub) -> None:
    station = await hub.station(charged=3)
    rider, staff, admin = await hub.rider().ready(), hub.staff(station), hub.admin()
    place = (await rider.confirm(station)).data

    own = (await rider.call("room:join", room=f"user:{rider.id}")).data["snapshot"]
    public = (await rider.call("room:join", room=f"station:{station.id}")).data["snapshot"]
    inside = (await staff.call("room:join", room=f"station:{station.id}:staff")).data["snapshot"]
    everything = (await admin.call("room:join", room="admin")).data["snapshot"]

    assert own["entry"] == place
    assert own["credits"] == 0
    assert public["queue"]["length"] == 1
    assert rider.id not in str(public)
    assert inside["entries"][0]["user_id"] == rider.id
    assert inside["station"]["batteries"]["held"] == 1
    assert not any(pack["held"] for pack in inside["batteries"])  # the rider is not there yet
    assert everything["entries"][0]["entry_id"] == place["entry_id"]
    assert everything["stats"]["open_entries"] == 1
    for snapshot in (public, inside, everything):
        assert "token" not in str(snapshot)


async def test_a_left_room_is_silent(hub: RunningHub) -> None:
    station = await hub.station()
    listener, rider = await hub.rider().connect(), await hub.rider().connect()
    await listener.call("room:join", room=f"station:{station.id}")
    await rider.confirm(station)
    await listener.until("queue:changed")

    assert (await listener.call("room:leave", room=f"station:{station.id}")).ok
    heard = len(listener.of("queue:changed"))
    await rider.call("queue:leave")
    await rider.until("queue:ended")

    assert (await listener.call("queue:mine")).ok
    assert len(listener.of("queue:changed")) == heard


async def test_rooms_are_for_sockets(hub: RunningHub) -> None:
    assert (await hub.rider().rest("POST", "/room/join", {"room": "admin"})).status == 404


async def test_members_are_counted_off_when_they_go(hub: RunningHub) -> None:
    admin = await hub.admin().connect()
    await admin.call("room:join", room="admin")
    assert hub.hub.realtime.members["admin"] == 1

    await admin.socket.disconnect()
    other = await hub.admin().connect()
    await other.call("queue:slots", station_id="x")

    assert hub.hub.realtime.members["admin"] == 0
    assert hub.hub.realtime.users == 1
