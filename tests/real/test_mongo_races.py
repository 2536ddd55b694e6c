"""Several hubs on one database at once: places, conflicts, and one order of the log."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest

from hub.ids import SortableIds
from hub.stores.mongo import MongoStore
from services.again import insist
from services.audits import faults_in
from services.errors import HubError, WriteConflict
from services.network import Services
from services.states import OPEN, WaitingState
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
    await cities[0].services.stations.rebuild_live()  # each of these hubs has a live state of its own
    assert await cities[0].held(place) == 20


async def test_what_falls_free_at_once_on_several_hubs_goes_to_who_waits(stores: list[MongoStore]) -> None:
    cities = [city_of(store) for store in stores]
    place = await cities[0].station(places=3, charged=9)
    inside, waiting, new = [[await cities[0].rider() for _ in range(count)] for count in (3, 9, 9)]
    for rider in inside:
        await cities[0].place(place, rider)

    async def all_at_once(act: Callable[[Services, str], Awaitable[object]], riders: list[str]) -> list[str]:
        async def one(number: int, rider: str) -> str:
            services = cities[number % HUBS].services
            try:
                await insist(lambda: act(services, rider), within_s=60)
            except HubError as error:
                return error.code.value
            return "ok"

        return list(await asyncio.gather(*(one(*each) for each in enumerate(riders))))

    def confirm(services: Services, rider: str) -> Awaitable[object]:
        return services.queue.confirm(rider, place.id)

    joined = await all_at_once(lambda services, rider: services.waitlist.join(rider, place.id), waiting)
    left, refused = await asyncio.gather(
        all_at_once(lambda services, rider: services.queue.leave(rider, None), inside),
        all_at_once(confirm, new),
    )
    reads = stores[0].records.now
    offers = await reads.waitlist.find({"station_id": place.id, "state": WaitingState.OFFERED})
    taken = await all_at_once(confirm, waiting)

    assert (set(joined), set(left), set(refused)) == ({"ok"}, {"ok"}, {"queue_full"})
    assert Counter(taken) == {"ok": 3, "queue_full": 6}
    entries = await reads.queues.find({"station_id": place.id, "state": OPEN})
    assert {entry.user_id for entry in entries} == {offer.user_id for offer in offers}
    assert await faults_in(reads, "network") == []


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
