"""Several hubs on one database at once: places, conflicts, and one order of the log."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from hub.ids import SortableIds
from hub.stores.mongo import MongoStore
from services.again import insist
from services.errors import HubError, WriteConflict
from tests.contract.documents import heard, station
from tests.unit.services.cities import services_on
from tests.unit.services.city import City, HandClock

HUBS = 3


@pytest.fixture
async def stores(mongo_uri: str) -> AsyncIterator[list[MongoStore]]:
    async with AsyncExitStack() as stack:
        opened = [MongoStore.open(mongo_uri, clock=HandClock()) for _ in range(HUBS)]
        yield [await stack.enter_async_context(store) for store in opened]


def city_of(store: MongoStore) -> City:
    clock = HandClock()
    services = services_on(store.records, store.log, clock, ids=SortableIds())
    return City(services, clock, store.log)


@pytest.mark.parametrize("hubs", [1, HUBS])
async def test_sixty_riders_get_twenty_places(stores: list[MongoStore], hubs: int) -> None:
    cities, attempts = [city_of(store) for store in stores[:hubs]], 0
    place = await cities[0].station(places=20, charged=30)
    riders = [await cities[0].rider() for _ in range(60)]

    async def confirm(number: int, rider: str) -> str:
        queue = cities[number % hubs].services.queue

        async def attempt() -> None:
            nonlocal attempts
            attempts += 1
            await queue.confirm(rider, place.id)

        try:
            await insist(attempt, within_s=60)
        except HubError as error:
            return error.code.value
        return "ok"

    answers = Counter(await asyncio.gather(*(confirm(*one) for one in enumerate(riders))))

    assert answers == {"ok": 20, "queue_full": 40}
    assert hubs > 1 or attempts < 2 * 60  # who lost a race queues
    entries = await stores[0].records.now.queues.find({"station_id": place.id}, order=("order",))
    assert [entry.position for entry in entries] == list(range(1, 21))
    assert {(entry.battery_id, entry.pack) for entry in entries} == {(None, "promised")}
    assert await cities[0].held(place) == 20


async def test_the_loser_of_a_conflict_is_told_and_changes_nothing(stores: list[MongoStore]) -> None:
    one, other = stores[:2]
    async with one.records.transaction() as tx:
        await tx.stations.insert(station())

    async def lose() -> None:
        async with one.records.transaction() as tx:
            mine = await tx.stations.get("station_001")
            assert mine
            async with asyncio.timeout(5):
                await asyncio.create_task(win())
            await tx.stations.replace(mine.changed(name="lost"))
            tx.log(heard(1))

    async def win() -> None:
        async with other.records.transaction() as tx:
            theirs = await tx.stations.get("station_001")
            assert theirs
            await tx.stations.replace(theirs.changed(name="won"))

    with pytest.raises(WriteConflict):
        await lose()

    found = await one.records.now.stations.get("station_001")
    assert found
    assert (found.name, found.version) == ("won", 1)
    assert await one.log.last() == 0


async def test_all_hubs_read_one_log_in_one_order_without_a_gap(stores: list[MongoStore]) -> None:
    async def write(store: MongoStore, number: int) -> None:
        async with store.records.transaction() as tx:
            tx.log(heard(2 * number), heard(2 * number + 1))

    async def follow(store: MongoStore) -> list[tuple[int, int]]:
        read: list[tuple[int, int]] = []
        while len(read) < 2 * 60:
            at = read[-1][0] if read else 0
            assert await store.log.wait(after=at, timeout_s=20)
            read += [(record.seq, int(record.id)) for record in await store.log.read(after=at, limit=7)]
        return read

    readers = [asyncio.create_task(follow(store)) for store in stores]
    await asyncio.gather(*(write(stores[number % HUBS], number) for number in range(60)))
    async with asyncio.timeout(30):
        first, *others = await asyncio.gather(*readers)

    assert [seq for seq, _ in first] == list(range(1, 121))
    assert all(read == first for read in others)
    assert sorted(id for _, id in first) == list(range(120))


async def test_the_log_has_effects_behind_their_causes_whoever_writes(stores: list[MongoStore]) -> None:
    """Each transaction reads what the one before has written, in another hub whose clock is behind."""
    async with stores[0].records.transaction() as tx:
        await tx.stations.insert(station())
    for turn in range(30):
        store = stores[turn % HUBS]
        async with store.records.transaction() as tx:
            present = await tx.stations.get("station_001")
            assert present
            await tx.stations.replace(present.changed(next_order=turn))
            tx.log(heard(turn))

    async with asyncio.timeout(10):
        while await stores[0].log.last() < 30:
            await stores[0].log.wait(after=await stores[0].log.last(), timeout_s=1)

    assert [int(record.id) for record in await stores[0].log.read(after=0, limit=50)] == list(range(30))
