"""What every adapter of `Records` promises: all or nothing, one after the other, nested, cancelled."""

from __future__ import annotations

import asyncio

import pytest

from services.errors import DuplicateKey, WriteConflict
from services.ports import Log, Records
from tests.contract.documents import entry, heard, station, user


class Refused(Exception):
    """A rule said no."""


async def test_error_undoes_everything(records: Records, log: Log) -> None:
    ran: list[str] = []

    async def step() -> None:
        ran.append("step")

    async def refused() -> None:
        async with records.transaction() as tx:
            await tx.users.insert(user())
            tx.log(heard(1))
            tx.after_commit(step)
            raise Refused

    with pytest.raises(Refused):
        await refused()

    assert await records.now.users.count({}) == 0
    assert await log.last() == 0
    assert ran == []


async def test_own_writes_are_read_inside_and_nowhere_else(records: Records) -> None:
    async with records.transaction() as tx:
        await tx.users.insert(user())
        assert await tx.users.get("consumer_001") == user()
        assert await tx.users.count({}) == 1
        assert await records.now.users.get("consumer_001") is None

    assert await records.now.users.get("consumer_001") == user()


async def test_inner_block_joins_and_outer_error_undoes_both(records: Records) -> None:
    async def refused() -> None:
        async with records.transaction() as outer:
            async with records.transaction() as inner:
                await inner.users.insert(user("inner"))
            assert await outer.users.get("inner")
            assert await records.now.users.get("inner") is None
            raise Refused

    with pytest.raises(Refused):
        await refused()

    assert await records.now.users.count({}) == 0


async def test_inner_error_caught_outside_undoes_the_inner_block_alone(records: Records, log: Log) -> None:
    ran: list[str] = []

    async def step(name: str) -> None:
        ran.append(name)

    async def refused() -> None:
        async with records.transaction() as inner:
            await inner.users.insert(user("inner"))
            inner.log(heard(2))
            inner.after_commit(lambda: step("inner"))
            raise Refused

    async with records.transaction() as outer:
        await outer.users.insert(user("outer"))
        outer.log(heard(1))
        outer.after_commit(lambda: step("outer"))
        with pytest.raises(Refused):
            await refused()
        async with records.transaction() as second:
            await second.users.insert(user("second"))

    assert [one.id for one in await records.now.users.find({})] == ["outer", "second"]
    assert [record.id for record in await log.read(after=0, limit=10)] == ["000001"]
    assert ran == ["outer"]


async def test_duplicate_caught_inside_leaves_the_transaction_usable(records: Records) -> None:
    async with records.transaction() as tx:
        await tx.users.insert(user("a"))
        with pytest.raises(DuplicateKey):
            await tx.users.insert(user("a"))
        await tx.users.insert(user("b"))

    assert await records.now.users.count({}) == 2


async def test_task_started_inside_has_its_own_transaction(records: Records) -> None:
    async def other() -> None:
        async with records.transaction() as tx:
            await tx.users.insert(user("other"))

    tasks: list[asyncio.Task[None]] = []

    async def refused() -> None:
        async with records.transaction() as tx:
            await tx.users.insert(user("mine"))
            tasks.append(asyncio.create_task(other()))
            raise Refused

    with pytest.raises(Refused):
        await refused()
    await asyncio.gather(*tasks)

    assert [one.id for one in await records.now.users.find({})] == ["other"]


async def test_nothing_can_be_written_after_the_end(records: Records) -> None:
    async with records.transaction() as tx:
        pass

    with pytest.raises(RuntimeError, match="ended"):
        await tx.users.insert(user())
    assert await records.now.users.count({}) == 0


async def test_steps_run_after_the_commit_and_before_the_answer(records: Records) -> None:
    seen: list[object] = []

    async def step() -> None:
        seen.append(await records.now.users.get("consumer_001"))

    async with records.transaction() as tx:
        tx.after_commit(step)
        await tx.users.insert(user())
        assert seen == []

    assert seen == [user()]


async def test_step_may_begin_a_transaction(records: Records) -> None:
    async def step() -> None:
        async with records.transaction() as tx:
            await tx.users.insert(user("later"))

    async with records.transaction() as tx:
        tx.after_commit(step)

    assert await records.now.users.get("later")


async def test_200_transactions_at_once_lose_no_update(records: Records) -> None:
    async with records.transaction() as tx:
        await tx.stations.insert(station())

    async def take_a_place() -> int:
        while True:
            try:
                async with records.transaction() as tx:
                    present = await tx.stations.get("station_001")
                    assert present
                    await tx.stations.replace(present.changed(next_order=present.next_order + 1))
                return present.next_order
            except WriteConflict:  # as dispatch does
                continue

    taken = await asyncio.gather(*(take_a_place() for _ in range(200)))

    assert sorted(taken) == list(range(1, 201))
    final = await records.now.stations.get("station_001")
    assert final is not None
    assert (final.next_order, final.version) == (201, 200)


async def test_stale_version_loses(records: Records) -> None:
    async with records.transaction() as tx:
        await tx.stations.insert(station())
    read_before = await records.now.stations.get("station_001")
    assert read_before

    async def write(name: str) -> str:
        async with records.transaction() as tx:
            await tx.stations.replace(read_before.changed(name=name))
        return name

    results = await asyncio.gather(*(write(f"name {n}") for n in range(20)), return_exceptions=True)

    winners = [result for result in results if isinstance(result, str)]
    assert sum(isinstance(result, WriteConflict) for result in results) == 19
    written = await records.now.stations.get("station_001")
    assert written is not None
    assert [written.name] == winners


async def test_50_entries_of_one_user_at_once_give_one(records: Records) -> None:
    async def confirm(number: int) -> str:
        try:
            async with records.transaction() as tx:
                await tx.queues.insert(entry(f"entry_{number:02}", user_id="u", order=number))
        except DuplicateKey as error:
            # Whoever was refused can see by whom: the refusal rests on something durable.
            assert await records.now.queues.count({"user_id": "u"}) == 1
            return error.index
        return "won"

    async def unrelated() -> None:
        """Keeps the store busy, so that the others are written, or refused, together."""
        async with records.transaction() as tx:
            await tx.users.insert(user())

    _, *results = await asyncio.gather(unrelated(), *(confirm(n) for n in range(50)))

    assert sorted(results) == ["queues_one_open_per_user"] * 49 + ["won"]


async def test_cancelled_in_the_middle_leaves_nothing_and_holds_up_nobody(records: Records) -> None:
    inside = asyncio.Event()

    async def half() -> None:
        async with records.transaction() as tx:
            await tx.users.insert(user("half"))
            inside.set()
            await asyncio.Event().wait()

    async def whole(number: int) -> None:
        async with records.transaction() as tx:
            await tx.users.insert(user(f"whole_{number}"))

    task = asyncio.create_task(half())
    await inside.wait()
    waiting = [asyncio.create_task(whole(n)) for n in range(5)]
    await asyncio.sleep(0)
    waiting[1].cancel()
    task.cancel()
    async with asyncio.timeout(5):
        results = await asyncio.gather(task, *waiting, return_exceptions=True)

    assert [type(result) for result in results] == [
        asyncio.CancelledError,
        type(None),
        asyncio.CancelledError,
        *[type(None)] * 3,
    ]
    found = await records.now.users.find({})
    assert [one.id for one in found] == ["whole_0", "whole_2", "whole_3", "whole_4"]


async def test_cancelled_anywhere_is_all_or_nothing(records: Records, log: Log) -> None:
    """Cancel after 0, 1, 2, ... turns of the loop: each transaction is whole or was never there."""
    ran: set[str] = set()

    async def step(name: str) -> None:
        ran.add(name)

    async def write(name: str) -> None:
        async with records.transaction() as tx:
            await tx.users.insert(user(name))
            await asyncio.sleep(0)
            await tx.stations.insert(station(name))
            tx.log(heard(1, station_id=name))
            tx.after_commit(lambda: step(name))

    for turns in range(40):
        tasks = [asyncio.create_task(write(f"{turns:02}_{n}")) for n in range(3)]
        for _ in range(turns):
            await asyncio.sleep(0)
        tasks[0].cancel()
        tasks[2].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert not tasks[1].exception()
    async with records.transaction():  # behind everything that was under way
        pass

    users = {one.id for one in await records.now.users.find({})}
    assert users == {one.id for one in await records.now.stations.find({})}
    assert users == {record.key for record in await log.read(after=0, limit=1000)}
    assert users == ran
    assert {f"{turns:02}_1" for turns in range(40)} <= users


async def test_a_transaction_that_only_reads_sees_what_was_answered(records: Records) -> None:
    async with records.transaction() as tx:
        await tx.users.insert(user())

    async with records.transaction() as tx:
        assert await tx.users.get("consumer_001") == user()
