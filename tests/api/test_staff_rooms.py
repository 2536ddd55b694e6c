"""Sockets follow the duty of their person: out of a station's room and into the next, at once."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest

from hub.operations import Identity
from services.models import Station
from tests.support.hub import RunningHub
from tests.support.people import Person
from tests.support.raw import RawSocket


def room(station: Station) -> str:
    return f"station:{station.id}:staff"


async def accepted(hub: RunningHub, here: Station, there: Station, person: Person) -> None:
    payload = {"from_station_id": here.id, "to_station_id": there.id, "staff_ids": [person.id], "reason": "r"}
    asked = await hub.admin().call("staff:divert", payload)
    assert (await person.call("staff:respond", diversion_id=asked.data["diversion_id"], accept=True)).ok


def moved(event: dict[str, Any]) -> tuple[list[str], list[str]]:
    """The rooms that a socket was put into, and those it was put out of."""
    return event["joined"], event["left"]


def rooms_of(hub: RunningHub, person: Person) -> list[set[str]]:
    return [set(session.rooms) for session in hub.hub.realtime.sessions_of(person.id)]


async def test_a_shift_that_ends_takes_every_socket_out_of_the_room(hub: RunningHub) -> None:
    station = await hub.station()
    asha, colleague = await hub.staff(station).ready(), await hub.staff(station).connect()
    tablet = hub.anybody(asha.token)
    for person in (asha, tablet, colleague):
        await person.call("room:join", room=room(station))

    await asha.call("shift:end")
    for person in (asha, tablet):
        assert moved(await person.until("room:changed")) == ([], [room(station)])
    rider = await hub.rider().connect()
    await rider.confirm(station)
    await colleague.until("queue:confirmed")

    assert not asha.of("queue:confirmed")
    assert not tablet.of("queue:confirmed")
    assert rooms_of(hub, asha) == [{f"user:{asha.id}"}] * 2
    assert (await asha.call("room:join", room=room(station))).code == "forbidden"


async def test_a_diversion_moves_sockets_from_one_room_to_the_other(hub: RunningHub) -> None:
    here, there = await hub.station(), await hub.station()
    asha, _ = await hub.staff(here).connect(), await hub.staff(here).ready()
    await asha.call("room:join", room=room(here))

    await accepted(hub, here, there, asha)
    assert moved(await asha.until("room:changed")) == ([room(there)], [room(here)])
    snapshot = (await asha.call("room:join", room=room(there))).data["snapshot"]
    rider = await hub.rider().connect()
    await rider.confirm(there)

    assert (await asha.until("queue:confirmed"))["station_id"] == there.id
    assert [row["staff_id"] for row in snapshot["staff"]] == [asha.id]


async def test_a_shift_that_begins_opens_the_room(hub: RunningHub) -> None:
    station = await hub.station()
    asha = await hub.staff(station).connect()
    await asha.call("shift:end")
    assert (await asha.call("room:join", room=room(station))).code == "forbidden"

    await asha.call("shift:start", station_id=station.id)

    assert (await asha.until("room:changed"))["joined"] == [room(station)]
    await (await hub.rider().connect()).confirm(station)
    assert (await asha.until("queue:confirmed"))["station_id"] == station.id


async def test_joins_that_race_with_the_end_of_a_shift_leave_nobody_inside(hub: RunningHub) -> None:
    station = await hub.station()
    for _ in range(10):
        asha = await hub.staff(station).connect()
        await asyncio.gather(asha.call("room:join", room=room(station)), asha.call("shift:end"))
        if room(station) in set().union(*rooms_of(hub, asha)):  # entered first: it is about to be left
            await asha.until("room:changed")

        assert rooms_of(hub, asha) == [{f"user:{asha.id}"}]


async def test_a_shift_that_ends_between_the_check_and_the_entering_leaves_nobody_inside(
    hub: RunningHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    station = await hub.station()
    asha, tablet = await hub.staff(station).connect(), await hub.admin().connect()
    await tablet.call("room:join", room="admin")
    check = hub.hub.rooms.check

    async def check_slowly(identity: Identity, name: str) -> None:
        await check(identity, name)
        assert (await asha.rest("POST", "/staff/shift/end")).ok
        await tablet.until("shift:ended")
        await asha.until("shift:ended")

    monkeypatch.setattr(hub.hub.rooms, "check", check_slowly)
    await asha.call("room:join", room=room(station))

    assert moved(await asha.until("room:changed")) == ([], [room(station)])
    assert rooms_of(hub, asha) == [{f"user:{asha.id}"}]


async def opened(hub: RunningHub, **auth: Any) -> tuple[RawSocket, str]:
    """A socket that can be taken up again, and its pid."""
    ws = await hub.http.ws_connect(f"{hub.socket_url}/socket.io/?EIO=4&transport=websocket")
    await ws.send_str("40" + orjson.dumps(auth).decode())
    socket = RawSocket(ws)
    return socket, (await socket.until("40"))["pid"]


async def test_a_lost_socket_comes_back_without_the_room_of_an_ended_shift(hub: RunningHub) -> None:
    station = await hub.station()
    asha = await hub.staff(station).ready()
    socket, pid = await opened(hub, token=asha.token)
    [joined] = await socket.call(orjson.dumps(["room:join", {"room": room(station)}]).decode())
    assert joined["ok"]
    connection: Any = socket.ws._response.connection
    connection.transport.abort()  # the network is gone, without a goodbye
    assert (await asha.rest("POST", "/staff/shift/end")).ok

    back, again = await opened(hub, token=asha.token, pid=pid)

    assert again == pid
    assert all(room(station) not in rooms for rooms in rooms_of(hub, asha))
    await back.ws.close()


async def test_rooms_show_the_roster_and_the_own_shift(hub: RunningHub) -> None:
    here, there = await hub.station(), await hub.station()
    asha, bina = await hub.staff(here).connect(), await hub.staff(here).connect()
    admin = await hub.admin().connect()
    inside: dict[str, Any] = (await bina.call("room:join", room=room(here))).data["snapshot"]
    await admin.call("room:join", room="admin")
    assert [row["staff_id"] for row in inside["staff"]] == sorted([asha.id, bina.id])

    await accepted(hub, here, there, asha)
    roster = await bina.until("staff:changed")
    own = (await asha.call("room:join", room=f"user:{asha.id}")).data["snapshot"]
    everything = (await hub.admin().call("room:join", room="admin")).data["snapshot"]

    assert [row["staff_id"] for row in roster["items"]] == [bina.id]
    assert (own["shift"]["station_id"], own["shift"]["kind"]) == (there.id, "diversion")
    assert [one["state"] for one in own["diversions"]] == ["accepted"]
    assert [one["staff_id"] for one in everything["diversions"]] == [asha.id]
    assert (await admin.until("diversion:changed"))["state"] == "accepted"
