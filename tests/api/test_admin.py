"""The administrators' reads through both doors: for them alone, checked at the door, and true."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from services.base import rfc3339
from services.checkpoints import Checkpoints
from services.models import Role
from tests.support.hub import RunningHub
from tests.support.transport import BOTH

NOW = "2026-11-24T00:00:00Z"
ASKED: dict[str, dict[str, Any]] = {
    "admin:live": {},
    "admin:logistics": {},
    "admin:traffic": {},
    "admin:stations": {},
    "admin:replay": {"from": NOW, "to": NOW},
}


async def test_nobody_but_an_admin_reads_the_network(hub: RunningHub) -> None:
    station, admin = await hub.station(), hub.admin()
    rider = await hub.rider().ready()
    others = [rider, hub.staff(station), hub.transporter(), hub.device(station)]

    for event, payload in ASKED.items():
        operation = hub.hub.registry[event]
        assert operation.roles == {Role.ADMIN}
        for door in BOTH:
            for person in others:
                for more in ({}, {"on_behalf_of": admin.id}):
                    told = await person.ask(door, event, {**payload, **more})
                    assert told.code == "forbidden", (event, door, person.id)
            as_rider = await admin.ask(door, event, {**payload, "on_behalf_of": rider.id})
            assert as_rider.code == "forbidden", (event, door)
        assert operation.rest is not None
        assert (await hub.anybody("x").rest("GET", operation.rest[1])).code == "unauthenticated"


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("admin:replay", {}, "from"),
    ("admin:replay", {"from": NOW}, "to"),
    ("admin:replay", {"from": "yesterday", "to": NOW}, "from"),
    ("admin:replay", {"from": NOW, "to": "2026-11-24T00:00:00"}, "to"),
    ("admin:replay", {"from": NOW, "to": "2026-11-23T00:00:00Z"}, "to"),
    ("admin:replay", {"from": "2999-01-01T00:00:00Z", "to": "2999-01-02T00:00:00Z"}, "from"),
    ("admin:replay", {"from": NOW, "to": NOW, "limit": 201}, "limit"),
    ("admin:replay", {"from": NOW, "to": NOW, "cursor": "event:-1"}, "cursor"),
    ("admin:replay", {"from": NOW, "to": NOW, "cursor": "user:somebody"}, "cursor"),
    ("admin:traffic", {"limit": 0}, "limit"),
    ("admin:traffic", {"cursor": "worst"}, "cursor"),
    ("admin:stations", {"limit": 1000}, "limit"),
    ("admin:stations", {"cursor": "a b"}, "cursor"),
]
"""By operation: what cannot be asked, and where the fault is."""


async def test_what_cannot_be_asked_is_refused_where_the_fault_is(hub: RunningHub) -> None:
    admin = hub.admin()
    for event, payload, path in WRONG:
        for door in BOTH:
            answer = await admin.ask(door, event, payload)
            assert answer.code == "validation_failed", (event, payload, door)
            assert path in answer.paths, (event, payload, door)


async def test_figures_change_with_what_people_do_and_are_none_of_the_constants(hub: RunningHub) -> None:
    """The predecessor answered the same figures whatever happened (FACTS C3, 14)."""
    station, admin = await hub.station(places=3, charged=2), hub.admin()
    empty = (await admin.call("admin:live")).data
    rider, staff = hub.rider(), hub.staff(station)
    place = (await rider.confirm(station)).data
    waiting = (await admin.call("admin:live")).data["figures"]
    await rider.call("gps:ping", hub.near(station, 100))
    await staff.verify(place["qr_token"])
    active = (await admin.call("admin:live")).data["figures"]

    names = ("riders_waiting", "swaps_active", "places_free", "packs_promised", "vehicles_seen")
    assert [empty["figures"][name] for name in names] == [0, 0, 3, 0, 0]
    assert [waiting[name] for name in names] == [1, 0, 2, 1, 0]
    assert [active[name] for name in names] == [0, 1, 2, 1, 1]
    assert empty["definitions"].keys() == active.keys()
    assert empty["at"] < rfc3339(hub.now())


async def test_the_past_of_a_running_hub(hub: RunningHub) -> None:
    """A checkpoint of an hour ago, what has happened since, and the state in between."""
    station, admin = await hub.station(), await hub.admin().ready()
    hour_ago = hub.now() - timedelta(hours=1)
    await Checkpoints(replace(hub.hub.services.world, clock=lambda: hour_ago)).take()
    rider = hub.rider()
    place = (await rider.confirm(station)).data
    between = rfc3339(hub.now())
    await rider.call("queue:leave")
    after = rfc3339(hub.now())

    then = (await admin.call("admin:replay", {"from": between, "to": after})).data
    now = (await admin.call("admin:replay", {"from": after, "to": after})).data
    before = {"from": rfc3339(hour_ago), "to": rfc3339(hour_ago)}
    unknown = (await admin.call("admin:replay", before)).data

    assert (then["complete"], then["state_at"], then["next_cursor"]) == (True, between, None)
    [shown] = then["state"]
    assert (shown["about"], shown["station_id"], shown["queue"]["length"]) == ("station", station.id, 1)
    assert [entry["state"] for entry in shown["entries"]] == ["confirmed"]
    assert "queue:left" in [item["event"] for item in then["items"]]
    assert place["entry_id"] in str(then["items"])
    assert "qr_token" not in str(then)
    assert (now["state"][0]["queue"]["length"], now["items"]) == (0, [])
    assert (unknown["complete"], unknown["state"], unknown["state_at"]) == (False, [], None)
    assert unknown["state_from"] > before["from"]
    ready = (await admin.rest("GET", "/readyz")).data
    assert {"checkpoints", "traffic"} <= set(_names(ready))


def _names(shown: Any) -> list[str]:
    if isinstance(shown, dict):
        return [*shown, *(name for value in shown.values() for name in _names(value))]
    return [name for value in shown for name in _names(value)] if isinstance(shown, list) else []
