"""Every query that the services make goes by an index: noted while they run, then explained by the server.

`mongod` must say so for each. SecantusDB's planner does not take an index where the filter has other fields
besides the index's, so there it is enough that the declaration has an index that serves the query.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.clock import utc_now
from hub.stores.mongo import MongoStore
from hub.stores.mongo_collection import MongoReads
from hub.stores.mongo_query import filter_of, path, sort_of
from hub.stores.schema import COLLECTIONS, Index
from services.base import rfc3339
from tests.api.test_predictions import PREDICTIONS
from tests.contract.test_sqlite_plans import QUERIES
from tests.real.mongo_server import client_of
from tests.support.hub import RunningHub, running
from tests.support.people import Person

ID = Index("_id_", ("id",), unique=True)
_DECLARED = {collection.name: collection for collection in COLLECTIONS}

Asked = dict[str, tuple[str, dict[str, Any], list[tuple[str, int]]]]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """One query of each form: a collection, a filter, an order."""
    found: Asked = {}

    def note(name: str, wanted: dict[str, Any], order: tuple[str, ...]) -> None:
        found.setdefault(f"{name} {_form(wanted)} {order}", (name, wanted, sort_of(order)))

    find, group = MongoReads._find, MongoReads._group

    async def noting_find(self: Any, wanted: Any, order: tuple[str, ...], limit: int | None) -> Any:
        note(self._collection.name, wanted, order)
        return await find(self, wanted, order, limit)

    async def noting_group(self: Any, grouped: Any, wanted: Any) -> Any:
        note(self._collection.name, wanted, ())
        return await group(self, grouped, wanted)

    monkeypatch.setattr(MongoReads, "_find", noting_find)
    monkeypatch.setattr(MongoReads, "_group", noting_group)
    return found


def _form(wanted: Any) -> Any:
    """A filter without its values."""
    if isinstance(wanted, dict):
        return {key: _form(value) for key, value in wanted.items()}
    return [_form(one) for one in wanted if isinstance(one, dict)] if isinstance(wanted, list) else None


@pytest.fixture
def database(mongo_uri: str) -> Iterator[Any]:
    with client_of(mongo_uri) as client:
        yield client.get_default_database()


def stages(database: Any, name: str, wanted: dict[str, Any], sort: list[tuple[str, int]]) -> set[str]:
    query = {"find": name, "filter": wanted, **({"sort": dict(sort)} if sort else {})}
    told = database.command({"explain": query, "verbosity": "queryPlanner"})
    return set(_stages(told["queryPlanner"]["winningPlan"]))


def check(database: Any, name: str, wanted: dict[str, Any], sort: list[tuple[str, int]]) -> None:
    assert any(serves(index, wanted) for index in [ID, *_DECLARED[name].indexes]), (name, wanted)
    if database.client.admin.command("hello")["setName"] != "secantus":
        assert "COLLSCAN" not in stages(database, name, wanted, sort), (name, wanted)


def serves(index: Index, wanted: dict[str, Any]) -> bool:
    """Can the server find by this index? Its first field is asked for, and it holds all that is wanted."""
    asked = {key: value for part in (wanted, *wanted.get("$and", ())) for key, value in part.items()}
    partial = filter_of(index.where or {})
    return path(index.fields[0]) in asked and all(
        key in asked and set(_options(asked[key])) <= set(_options(value)) for key, value in partial.items()
    )


def _options(condition: Any) -> list[Any]:
    return list(condition["$in"]) if isinstance(condition, dict) else [condition]


def _stages(plan: Any) -> Iterator[str]:
    if isinstance(plan, dict):
        if "stage" in plan:
            yield plan["stage"]
        for part in plan.values():
            yield from _stages(part)
    elif isinstance(plan, list):
        for part in plan:
            yield from _stages(part)


async def a_day(hub: RunningHub) -> None:
    """A bit of everything that people do and that time does."""
    station = await hub.station(charging=2)
    staff, admin = await hub.staff(station).ready(), hub.admin()
    riders = [hub.rider() for _ in range(4)]
    places = [(await rider.confirm(station, request_id="r")).data for rider in riders]
    await riders[0].call("gps:batch", pings=[hub.near(station, 300), hub.near(station, 100)])
    await riders[0].call("queue:renew-qr")
    await riders[1].call("queue:still-coming", coming=True)
    await riders[2].call("queue:leave")
    await waits(hub, riders[2], staff)
    await admin.call("swap:cancel", swap_id=places[3]["swap_id"], reason="jam")
    await swap(riders[0], staff)
    await hub.device(station).call(
        "station:telemetry",
        station_id=station.id,
        slots=[{"slot": 0, "battery_id": "battery_00001", "soc": 50}],
    )
    await looks(hub, station.id, riders[0], staff, admin)
    await hub.hub.services.timers.run_due(hub.now())
    await hub.hub.services.stations.rebuild_live()
    assert await hub.hub.services.stations.live_equals_records()


async def waits(hub: RunningHub, rider: Person, staff: Person) -> None:
    """Somebody walks in, somebody waits for a place elsewhere and is offered one when theirs closes."""
    empty, admin = await hub.station(charged=0), hub.admin()
    assert (await staff.call("queue:walk-in", name="Lakshmi")).ok
    assert (await rider.call("waitlist:join", station_id=empty.id)).ok
    assert (await rider.call("queue:slots", station_id=empty.id)).ok
    assert (await admin.call("station:close", station_id=empty.id)).ok


async def swap(rider: Person, staff: Person) -> None:
    mine = (await rider.call("queue:mine")).data
    scanned = (await staff.verify(mine["qr_token"])).data
    done = await staff.call(
        "swap:complete",
        swap_id=scanned["swap_id"],
        old_battery_id=scanned["old_battery_id"],
        new_battery_id=scanned["assigned_battery"]["id"],
        old_battery_health="faulty",
    )
    assert done.ok, done.error


async def looks(hub: RunningHub, station_id: str, rider: Person, staff: Person, admin: Person) -> None:
    for event in ("queue:status", "queue:slots", "station:status"):
        assert (await rider.call(event, station_id=station_id)).ok
    for page in ({}, {"cursor": "z"}):
        assert (await rider.call("swap:history", user_id=rider.id, limit=1, **page)).ok
    for event in ("admin:live", "admin:logistics", "admin:traffic", "admin:stations"):
        assert (await admin.call(event)).ok
    await foresees(hub, station_id, admin)
    window = {"from": rfc3339(hub.now()), "to": rfc3339(hub.now())}
    assert (await admin.call("admin:replay", window)).ok
    for person, room in (
        (rider, f"station:{station_id}"),
        (rider, f"user:{rider.id}"),
        (staff, f"station:{station_id}:staff"),
        (admin, "admin"),
    ):
        joined = await person.call("room:join", room=room)
        assert joined.ok, (room, joined.error)


async def foresees(hub: RunningHub, station_id: str, admin: Person) -> None:
    """Every model is asked, and what is done for all stations is done."""
    services = hub.hub.services
    for event in PREDICTIONS:
        assert (await admin.call(event, station_id=station_id)).ok, event
    begun = await services.foresight.begin()
    for one in begun.station_ids:
        await services.foresight.look(begun, one)
    await services.rebalancing.propose()


async def test_every_query_of_a_day_goes_by_an_index(
    asked: Asked, mongo_uri: str, database: Any, tmp_path: Path
) -> None:
    async with running(tmp_path / "data", mongodb_uri=mongo_uri) as hub:
        await a_day(hub)

    assert len(asked) > 15
    for query in asked.values():
        if query[1]:  # all documents are wanted else
            check(database, *query)


@pytest.mark.parametrize(("name", "where", "order"), QUERIES)
async def test_query_goes_by_an_index(
    mongo_uri: str, database: Any, name: str, where: Any, order: tuple[str, ...]
) -> None:
    async with MongoStore.open(mongo_uri, clock=utc_now):
        check(database, name, filter_of(where), sort_of(order))


@pytest.mark.parametrize(
    ("wanted", "sort"),
    [({"waiting": True}, [("stamp", 1), ("_id", 1)]), ({"last": {"$gt": 5}}, [("last", 1)])],
)
async def test_the_log_goes_by_its_indexes(
    mongo_uri: str, database: Any, wanted: dict[str, Any], sort: list[tuple[str, int]]
) -> None:
    async with MongoStore.open(mongo_uri, clock=utc_now):
        found = stages(database, "outbox", wanted, sort)

    assert "IXSCAN" in found
    assert "COLLSCAN" not in found
