"""What every adapter of `Log` promises."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

import pytest

from services.log_places import oldest, place_at
from services.ports import Log, Records
from tests.contract.documents import NOON, heard, moved, user


async def write(records: Records, *numbers: int) -> None:
    async with records.transaction() as tx:
        tx.log(*(heard(number) for number in numbers))


async def test_empty_log(log: Log) -> None:
    assert await log.last() == 0
    assert await log.read(after=0, limit=10) == []


async def test_record_carries_the_fact(records: Records, log: Log) -> None:
    async with records.transaction() as tx:
        tx.log(heard(7), moved(8))

    first, second = await log.read(after=0, limit=10)

    assert (first.id, first.name, first.rooms, first.key, first.at) == (
        "000007",
        None,
        (),
        "station_001",
        NOON,
    )
    assert (first.type, first.topic) == ("swap.started", "swap_events")
    assert json.loads(first.payload) == heard(7).model_dump(mode="json")
    assert (second.type, second.topic, second.key) == ("gps.moved", "location_updates", "consumer_001")
    assert second.seq > first.seq > 0


async def test_order_limit_and_place(records: Records, log: Log) -> None:
    await write(records, 1, 2)
    await write(records, 3)

    every = await log.read(after=0, limit=10)

    assert [record.id for record in every] == ["000001", "000002", "000003"]
    assert await log.last() == every[-1].seq
    assert await log.read(after=0, limit=2) == every[:2]
    assert await log.read(after=every[0].seq, limit=10) == every[1:]
    assert await log.read(after=every[-1].seq, limit=10) == []
    assert await log.read(after=every[-1].seq + 100, limit=10) == []


async def test_many_facts_in_one_transaction_keep_their_order(records: Records, log: Log) -> None:
    await write(records, *range(250))

    assert [int(record.id) for record in await log.read(after=0, limit=1000)] == list(range(250))


async def test_nothing_is_read_before_the_commit(records: Records, log: Log) -> None:
    async with records.transaction() as tx:
        tx.log(heard(1))
        await tx.users.insert(user())
        assert await log.last() == 0
        assert await log.read(after=0, limit=10) == []


async def test_event_is_heard_of_after_live_state_has_it(records: Records, log: Log) -> None:
    """A snapshot taken after an event was delivered must hold what the event says."""
    seen: list[int] = []

    async def step() -> None:
        await asyncio.sleep(0)
        seen.append(await log.last())

    async with records.transaction() as tx:
        tx.log(heard(1))
        tx.after_commit(step)

    assert seen == [0]
    assert await log.last() == 1


async def test_200_writers_give_one_order_without_a_gap_for_a_reader(records: Records, log: Log) -> None:
    read: list[int] = []

    async def reader() -> None:
        at = 0
        while len(read) < 600:
            assert await log.wait(after=at, timeout_s=10)
            for record in await log.read(after=at, limit=50):
                assert record.seq > at
                at = record.seq
                read.append(int(record.id))

    following = asyncio.create_task(reader())
    await asyncio.gather(*(write(records, 3 * n, 3 * n + 1, 3 * n + 2) for n in range(200)))
    async with asyncio.timeout(10):
        await following

    assert sorted(read) == list(range(600))
    assert all(read[n : n + 3] == list(range(read[n], read[n] + 3)) for n in range(0, 600, 3))


async def test_a_time_has_its_place(records: Records, log: Log) -> None:
    """After every record made until then, several of one time included."""
    assert (await place_at(log, NOON), await oldest(log)) == (0, None)
    seconds = [0, 0, 1, 2, 2, 2, 5, 9, 9]
    for number, second in enumerate(seconds):
        async with records.transaction() as tx:
            tx.log(heard(number).model_copy(update={"at": NOON + timedelta(seconds=second)}))
    every = await log.read(after=0, limit=20)

    for half in range(-1, 21):
        at = NOON + timedelta(seconds=half / 2)
        until = [record.seq for record in every if record.at <= at]
        assert await place_at(log, at) == max(until, default=0)
    assert await oldest(log) == every[0]


async def test_position_is_kept_and_never_moves_back(log: Log) -> None:
    assert await log.position("rooms") is None

    await log.keep_position("rooms", 7)
    await log.keep_position("rooms", 5)
    await log.keep_position("kafka", 1)

    assert await log.position("rooms") == 7
    assert await log.position("kafka") == 1


async def test_wait_ends_with_the_next_commit(records: Records, log: Log) -> None:
    waiting = [asyncio.create_task(log.wait(after=0, timeout_s=10)) for _ in range(3)]
    await asyncio.sleep(0)

    await write(records, 1)

    assert await asyncio.gather(*waiting) == [True] * 3
    assert await log.wait(after=0, timeout_s=0) is True


@pytest.mark.parametrize("timeout_s", [0, 0.01])
async def test_wait_has_an_end(log: Log, timeout_s: float) -> None:
    assert await log.wait(after=0, timeout_s=timeout_s) is False
