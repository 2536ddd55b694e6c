"""Windows of the past: in parts, each thing and each event once; and what is not known is said."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from hub.stores.retention import KEEP_LOG
from hub.stores.sqlite import SqliteStore
from services import checkpoints as checkpoints_module
from services import replay as replay_module
from services.checkpoints import EVERY, KEPT, LONGEST_APART, SETTLED, SHORTEST_APART
from services.errors import ValidationFailed
from services.fault_models import Severity
from services.faults import Report
from services.models import Station
from services.past import ReplayPage, StationThen, Things, follow, shown
from tests.unit.services.cities import services_on
from tests.unit.services.city import CENTRE, City, HandClock
from tests.unit.services.roads import Roads


async def noted(city: City) -> datetime:
    """A checkpoint, and a moment whose state can be told from it."""
    await city.services.admin.checkpoints.take()
    return city.clock.forward(seconds=SETTLED.total_seconds())


async def whole(city: City, start: datetime, end: datetime, *, limit: int = 3) -> list[ReplayPage]:
    """Every part of a window."""
    pages, cursor = [], None
    while not pages or cursor is not None:
        page = await city.services.admin.replay.page(start, end, limit=limit, cursor=cursor)
        assert len(page.state) + len(page.items) <= limit
        pages.append(page)
        cursor = page.next_cursor
    return pages


@pytest.mark.parametrize("limit", [1, 2, 7, 200])
async def test_every_thing_and_every_event_is_told_once_and_in_order(
    city: City, roads: Roads, limit: int
) -> None:
    here, there = await city.station(), await city.station(charged=0)
    await noted(city)
    await roads.job(here, there)
    await city.services.faults.report(
        Report(station_id=here.id, kind="slot_jam", severity=Severity.CRITICAL), by="device"
    )
    start = city.clock.forward(seconds=1)
    before = await city.log.last()
    city.clock.forward(seconds=1)
    await city.place(here)
    end = city.clock.forward(seconds=1)
    after = await city.log.last()
    city.clock.forward(seconds=1)
    await city.place(here)

    pages = await whole(city, start, end, limit=limit)

    told = [thing for page in pages for thing in page.state]
    assert [thing.about for thing in told] == ["incident", "job", "station", "station", "ticket"]
    assert [item.seq for page in pages for item in page.items] == list(range(before + 1, after + 1))
    assert all(page.complete and page.events_from is not None for page in pages)
    first = next(item for page in pages for item in page.items if item.event == "queue:confirmed")
    assert (first.type, first.data["station_id"], first.data["id"]) == ("queue.confirmed", here.id, first.id)


async def test_the_state_is_that_of_the_moment_and_not_of_now(city: City) -> None:
    station = await city.station(places=5)
    await city.place(station)
    moment = await noted(city)
    city.clock.forward(seconds=1)
    await city.place(station)

    [then] = (await city.services.admin.replay.page(moment, moment, limit=9, cursor=None)).state
    [now] = (await city.services.admin.replay.page(city.clock(), city.clock(), limit=9, cursor=None)).state

    assert isinstance(then, StationThen)
    assert isinstance(now, StationThen)
    assert (then.queue.length, len(then.entries), then.available_slots) == (1, 1, 4)
    assert (now.queue.length, len(now.entries), now.available_slots) == (2, 2, 3)
    assert "user" not in now.model_dump_json()


async def test_a_moment_before_the_first_checkpoint_is_not_known(city: City) -> None:
    station = await city.station()
    moment = city.clock()
    known_from = await noted(city)
    await city.place(station)

    page = await city.services.admin.replay.page(moment, city.clock(), limit=200, cursor=None)

    assert (page.complete, page.state, page.state_at, page.state_from) == (False, [], None, known_from)
    assert len(page.items) == await city.log.last()
    nearly = known_from - timedelta(microseconds=1)
    assert (await city.services.admin.replay.page(nearly, nearly, limit=9, cursor=None)).state_at is None
    assert (
        await city.services.admin.replay.page(known_from, known_from, limit=9, cursor=None)
    ).state_at == known_from


async def test_windows_that_cannot_be_are_refused(city: City) -> None:
    now = city.clock()
    replay = city.services.admin.replay

    for start, end, path in (
        (now + timedelta(seconds=1), now + timedelta(seconds=2), "from"),
        (now, now - timedelta(seconds=1), "to"),
    ):
        with pytest.raises(ValidationFailed) as refused:
            await replay.page(start, end, limit=9, cursor=None)
        assert [problem["path"] for problem in refused.value.problems] == [path]


async def test_what_the_log_has_dropped_is_said(tmp_path: Path) -> None:
    clock, path = HandClock(), tmp_path / "hub.sqlite"
    async with SqliteStore.open(path, clock=clock) as store:
        city = City(services_on(store.records, store.log, clock), clock, store.log)
        station = await city.station()
        await noted(city)
        await city.place(station)
        start, old = clock(), await city.log.last()
        clock.forward(days=KEEP_LOG.days + 0.5)
        late = await noted(city)
        await city.place(station)
        await store.prune()
    async with SqliteStore.open(path, clock=clock) as store:
        replay = services_on(store.records, store.log, clock).admin.replay

        gone = await replay.page(start, clock(), limit=200, cursor=None)
        kept = await replay.page(late, clock(), limit=200, cursor=None)

    assert (gone.complete, gone.state_at, gone.events_from) == (False, None, clock())
    assert (gone.items[0].seq, gone.items[-1].seq) == (old + 1, old + len(gone.items))
    assert (kept.complete, kept.state_at, len(kept.state)) == (True, late, 1)


async def test_a_state_behind_too_many_events_is_not_told(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay_module, "MOST_FOLDED", 3)
    station = await city.station()
    await noted(city)
    await city.place(station)
    city.clock.forward(seconds=1)

    page = await city.services.admin.replay.page(city.clock(), city.clock(), limit=9, cursor=None)

    assert (page.complete, page.state, page.state_at) == (False, [], None)


async def test_of_a_station_that_is_half_told_nothing_is_shown(city: City) -> None:
    """The log may end between the two events that tell of a new one."""
    await city.place(await city.station())
    told = [event for event in await city.told() if event["event"] in ("queue:changed", "station:updated")]
    things: Things = {}

    follow(things, "queue:changed", told[0])
    assert shown(things, things) == []
    follow(things, "station:updated", told[1])

    [station] = shown(things, things)
    assert (
        station
        == (
            await city.services.admin.replay.page(await noted(city), city.clock(), limit=9, cursor=None)
        ).state[0]
    )


# -- checkpoints


async def test_a_checkpoint_is_due_with_time_and_with_events(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoints, station = city.services.admin.checkpoints, await city.station()
    assert await checkpoints.is_due()
    await checkpoints.take()
    assert not await checkpoints.is_due()
    city.clock.forward(seconds=EVERY.total_seconds())
    assert not await checkpoints.is_due()  # nothing has happened

    await city.place(station)

    assert await checkpoints.is_due()
    await checkpoints.take()
    city.clock.forward(seconds=LONGEST_APART.total_seconds())
    assert await checkpoints.is_due()
    await checkpoints.take()
    monkeypatch.setattr(checkpoints_module, "MOST_EVENTS", 3)
    await city.place(station)
    assert not await checkpoints.is_due()  # too near
    city.clock.forward(seconds=SHORTEST_APART.total_seconds())
    assert await checkpoints.is_due()


async def test_one_that_was_not_finished_is_not_used_and_goes(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    await city.station()
    checkpoints, reads = city.services.admin.checkpoints, city.services.world.records.now
    await checkpoints.take()
    async with city.services.world.records.transaction() as tx:
        [head] = await reads.checkpoints.find({})
        await tx.checkpoints.delete(head.id)
    city.clock.forward(minutes=1)

    assert await checkpoints.before(city.clock()) is None
    assert await checkpoints.told_from() is None
    taken = await checkpoints.take()
    assert await checkpoints.drop_old() == 1
    assert {part.checkpoint_id for part in await reads.checkpoint_parts.find({})} == {taken.id}


async def test_old_ones_go_with_their_parts(city: City) -> None:
    await city.station()
    checkpoints, reads = city.services.admin.checkpoints, city.services.world.records.now
    await checkpoints.take()
    city.clock.forward(seconds=KEPT.total_seconds() + 1)
    assert await checkpoints.drop_old() == 1  # its part stays until there is a newer one

    newest = await checkpoints.take()

    assert await checkpoints.drop_old() == 1
    assert [head.id for head in await reads.checkpoints.find({})] == [newest.id]
    assert len(await reads.checkpoint_parts.find({})) == 1


async def test_many_stations_are_told_in_parts_of_a_few(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than a part of a checkpoint holds, with changes before, between and behind what it holds."""
    monkeypatch.setattr(checkpoints_module, "PART", 4)
    count = 21
    await _stations(city, [f"s{number:04}" for number in range(1, count, 2)])
    await noted(city)
    await _stations(city, [f"s{number:04}" for number in range(0, count, 2)])
    for id in ("a", "z"):
        await _stations(city, [id])
        await _publish(city, id)
    for number in range(0, count, 2):
        await _publish(city, f"s{number:04}")
    city.clock.forward(seconds=1)

    pages = await whole(city, city.clock(), city.clock(), limit=5)

    ids = [thing.station_id for page in pages for thing in page.state if isinstance(thing, StationThen)]
    assert ids == ["a", *(f"s{number:04}" for number in range(count)), "z"]


async def _stations(city: City, ids: list[str]) -> None:
    async with city.services.world.records.transaction() as tx:
        await tx.stations.insert(
            *(Station(id=id, name=id, location=CENTRE, capacity=3, slots=4) for id in ids)
        )
    await city.services.stations.rebuild_live()


async def _publish(city: City, id: str) -> None:
    """Tell of a station: it is closed and opened again."""
    await city.services.station_admin.close(id)
    await city.services.station_admin.open(id)
