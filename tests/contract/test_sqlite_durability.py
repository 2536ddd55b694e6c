"""SQLite when things go wrong: killed, full, slow, in use by others; and that commits are shared."""

from __future__ import annotations

import asyncio
import resource
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hub.stores import sqlite_writer
from hub.stores.sqlite import SqliteStore
from hub.stores.turns import Turns
from services.errors import Unavailable
from tests.contract.documents import HandClock, battery, heard, user

ROOT = Path(__file__).parents[2]
BIG = "x" * 3000


@pytest.fixture
async def sqlite(tmp_path: Path, clock: HandClock) -> AsyncIterator[SqliteStore]:
    async with SqliteStore.open(tmp_path / "hub.sqlite", clock=clock) as store:
        yield store


async def add(store: SqliteStore, name: str, *, text: str = "Asha") -> str:
    async with store.records.transaction() as tx:
        await tx.users.insert(user(name, name=text))
        tx.log(heard(1, station_id=name))
    return name


async def names(store: SqliteStore) -> list[str]:
    return [one.id for one in await store.records.now.users.find({})]


@contextmanager
def disk_full_after(store: SqliteStore, pages: int) -> Iterator[None]:
    """The file may grow by so many pages."""
    connection = store.writer.connection
    used = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {used + pages}")
    try:
        yield
    finally:
        connection.execute("PRAGMA max_page_count = 1073741823")


@contextmanager
def no_file_over(size: int) -> Iterator[None]:
    """Writes beyond this size fail with EFBIG: a COMMIT that the disk refuses."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("acknowledged", [1, 150, 600])
async def test_kill_9_loses_nothing_acknowledged_and_leaves_nothing_half(
    tmp_path: Path, clock: HandClock, acknowledged: int
) -> None:
    path = tmp_path / "hub.sqlite"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.contract.sqlite_writer_process",
        str(path),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout
    told = [await process.stdout.readline() for _ in range(acknowledged)]
    process.send_signal(signal.SIGKILL)
    told += [line async for line in process.stdout if line.endswith(b"\n")]
    await process.wait()

    async with SqliteStore.open(path, clock=clock) as store:
        entries = {one.id for one in await store.records.now.queues.find({})}
        swaps = {one.entry_id for one in await store.records.now.swaps.find({})}
        per_swap = await store.records.now.credits.tally(("source",), {})
        events = [record.key for record in await store.log.read(after=0, limit=1_000_000)]
        balance = await store.records.now.credits.sum("amount", {})

    assert len(told) >= acknowledged
    assert {line.decode().strip() for line in told} <= entries
    assert entries == swaps == {str(source) for (source,) in per_swap}
    assert set(per_swap.values()) == {2}
    assert balance == 0
    assert sorted(events) == sorted(entries)


async def test_closed_and_opened_again_everything_is_there(tmp_path: Path, clock: HandClock) -> None:
    async with SqliteStore.open(tmp_path / "hub.sqlite", clock=clock) as store:
        await asyncio.gather(*(add(store, f"u{n}") for n in range(30)))
        before = await store.log.read(after=0, limit=100)

    async with SqliteStore.open(tmp_path / "hub.sqlite", clock=clock) as store:
        assert len(await names(store)) == 30
        assert await store.log.read(after=0, limit=100) == before
        assert await store.log.last() == before[-1].seq


async def test_commit_waits_for_the_disk(sqlite: SqliteStore) -> None:
    settings = {
        pragma: sqlite.writer.connection.execute(f"PRAGMA {pragma}").fetchone()[0]
        for pragma in ("journal_mode", "synchronous")
    }

    assert settings == {"journal_mode": "wal", "synchronous": 2}  # 2 is FULL


async def test_commits_are_shared(sqlite: SqliteStore) -> None:
    before = sqlite.writer.commits

    await asyncio.gather(*(add(sqlite, f"u{n}") for n in range(200)))

    assert len(await names(sqlite)) == 200
    assert sqlite.writer.commits - before <= 200 / 10


async def test_alone_a_transaction_is_committed_at_once(sqlite: SqliteStore) -> None:
    before = sqlite.writer.commits

    for n in range(5):
        await add(sqlite, f"u{n}")

    assert sqlite.writer.commits - before == 5


async def test_a_large_batch_is_cut(sqlite: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_writer, "LARGEST_BATCH", 4)
    before = sqlite.writer.commits

    await asyncio.gather(*(add(sqlite, f"u{n}") for n in range(20)))

    assert sqlite.writer.commits - before >= 20 / 4


async def test_full_disk_fails_its_transactions_and_the_store_goes_on(sqlite: SqliteStore) -> None:
    await add(sqlite, "before")

    with disk_full_after(sqlite, pages=40):
        results = await asyncio.gather(
            *(add(sqlite, f"u{n:03}", text=BIG) for n in range(200)), return_exceptions=True
        )

    written = [result for result in results if isinstance(result, str)]
    assert {type(result) for result in results} - {str} == {Unavailable}
    assert await names(sqlite) == ["before", *written]
    await add(sqlite, "later")
    assert [record.key for record in await sqlite.log.read(after=0, limit=1000)] == [
        "before",
        *written,
        "later",
    ]


async def test_full_disk_cannot_be_overlooked(sqlite: SqliteStore) -> None:
    """Whoever catches the error and goes on writes nothing: SQLite has rolled the batch back already."""

    async def overlook() -> None:
        async with sqlite.records.transaction() as tx:
            with pytest.raises(Unavailable):
                await tx.batteries.insert(*(battery(f"b{n}", slot=n) for n in range(200)))
            with pytest.raises(Unavailable):
                await tx.users.insert(user("alone"))

    with disk_full_after(sqlite, pages=0), pytest.raises(Unavailable):
        await overlook()

    assert await names(sqlite) == []
    assert await sqlite.records.now.batteries.count({}) == 0


async def test_failed_commit_fails_every_member_and_the_store_goes_on(
    sqlite: SqliteStore, tmp_path: Path
) -> None:
    await add(sqlite, "before")
    size = (tmp_path / "hub.sqlite-wal").stat().st_size
    ran: list[str] = []

    async def step() -> None:
        ran.append("step")

    async def write(number: int) -> None:
        async with sqlite.records.transaction() as tx:
            await tx.users.insert(user(f"u{number}", name=BIG))
            tx.log(heard(number))
            tx.after_commit(step)

    with no_file_over(size + 4096):
        results = await asyncio.gather(*(write(n) for n in range(50)), return_exceptions=True)

    assert {type(result) for result in results} == {Unavailable}
    assert ran == []
    assert await names(sqlite) == ["before"]
    assert await sqlite.log.last() == 1
    await asyncio.gather(*(add(sqlite, f"later_{n}") for n in range(50)))
    assert len(await names(sqlite)) == 51


async def test_another_process_that_writes_is_waited_for(sqlite: SqliteStore, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "hub.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    writing = asyncio.create_task(add(sqlite, "u"))
    for _ in range(3):  # the loop is not held up meanwhile
        await asyncio.sleep(0)
    assert not writing.done()
    other.execute("COMMIT")
    other.close()

    assert await writing == "u"


async def test_another_process_that_never_ends_makes_it_unavailable(
    sqlite: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_writer, "BUSY_S", 0.0)
    other = sqlite3.connect(tmp_path / "hub.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(Unavailable):
        await add(sqlite, "u")
    other.execute("ROLLBACK")
    other.close()

    assert await add(sqlite, "u") == "u"


async def test_events_of_another_process_are_not_skipped(sqlite: SqliteStore, tmp_path: Path) -> None:
    await add(sqlite, "first")
    other = sqlite3.connect(tmp_path / "hub.sqlite", isolation_level=None)
    other.execute(
        "INSERT INTO outbox (id, rooms, key, at, payload) "
        "VALUES ('x', '', 'other', '2026-11-24T12:00:00.000000Z', x'7b7d')"
    )
    other.close()
    await add(sqlite, "second")

    assert [record.key for record in await sqlite.log.read(after=0, limit=10)] == ["first", "other", "second"]
    assert [record.key for record in await sqlite.log.read(after=1, limit=10)] == ["other", "second"]


async def test_failing_step_is_told_and_changes_nothing(sqlite: SqliteStore) -> None:
    told: list[str] = []
    sqlite.records.on_stale = lambda: told.append("stale")

    async def broken() -> None:
        raise ConnectionError("no live state")

    async with sqlite.records.transaction() as tx:
        await tx.users.insert(user("u"))
        tx.after_commit(broken)

    assert told == ["stale"]
    assert await names(sqlite) == ["u"]


async def test_turns_are_bounded_in_number_and_time() -> None:
    turns = Turns(most_waiting=1, longest_wait_s=0.01, unused=lambda: None)
    await turns.take()
    waiting = asyncio.create_task(turns.take())
    await asyncio.sleep(0)

    with pytest.raises(Unavailable):
        await turns.take()
    with pytest.raises(Unavailable):
        await waiting

    turns.pass_on()
    await turns.take()


async def test_turn_of_somebody_who_gives_up_as_it_comes_is_not_lost() -> None:
    turns = Turns(most_waiting=9, longest_wait_s=5, unused=lambda: turns.pass_on())
    await turns.take()
    first, second = asyncio.create_task(turns.take()), asyncio.create_task(turns.take())
    await asyncio.sleep(0)

    turns.pass_on()
    first.cancel()

    with pytest.raises(asyncio.CancelledError):
        await first
    await second


async def test_closing_waits_for_what_is_being_committed(tmp_path: Path, clock: HandClock) -> None:
    async with SqliteStore.open(tmp_path / "hub.sqlite", clock=clock) as store:
        tasks = [asyncio.create_task(add(store, f"u{n}")) for n in range(20)]
        await asyncio.sleep(0)
    results = await asyncio.gather(*tasks, return_exceptions=True)

    written = [result for result in results if isinstance(result, str)]
    assert {type(result) for result in results} <= {str, Unavailable}
    async with SqliteStore.open(tmp_path / "hub.sqlite", clock=clock) as store:
        assert await names(store) == sorted(written)
