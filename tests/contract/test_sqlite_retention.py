"""What goes, when, and what never does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from hub.stores import sqlite_prune
from hub.stores.sqlite import SqliteStore
from hub.stores.sqlite_prune import KEEP_LOG, LONGEST_LOG
from services.upkeep_models import KeptAnswer
from tests.contract.documents import NOON, HandClock, heard


@pytest.fixture
async def sqlite(tmp_path: Path, clock: HandClock) -> AsyncIterator[SqliteStore]:
    async with SqliteStore.open(tmp_path / "hub.sqlite", clock=clock) as store:
        yield store


def answer(id: str, **after: float) -> KeptAnswer:
    expires_at = NOON + timedelta(**after)
    return KeptAnswer(id=id, payload_hash="0", answer="{}", at=NOON, expires_at=expires_at)


async def write(store: SqliteStore, count: int, *, days_ago: float) -> None:
    at = NOON - timedelta(days=days_ago)
    async with store.records.transaction() as tx:
        tx.log(*(heard(number).model_copy(update={"at": at}) for number in range(count)))


async def seqs(store: SqliteStore) -> list[int]:
    async with store.records.transaction():
        rows = store.writer.connection.execute("SELECT seq FROM outbox ORDER BY seq").fetchall()
    return [row[0] for row in rows]


async def test_expired_answers_go(sqlite: SqliteStore, clock: HandClock) -> None:
    async with sqlite.records.transaction() as tx:
        await tx.kept_answers.insert(answer("old", hours=1), answer("now", hours=24), answer("new", hours=25))
    clock.forward(hours=24)

    assert await sqlite.prune() == {"kept_answers": 2, "outbox": 0}

    assert [one.id for one in await sqlite.records.now.kept_answers.find({})] == ["new"]


async def test_old_records_go_once_every_reader_has_read_them(sqlite: SqliteStore) -> None:
    await write(sqlite, 5, days_ago=KEEP_LOG.days + 1)
    await write(sqlite, 2, days_ago=KEEP_LOG.days - 1)
    await sqlite.log.keep_position("rooms", 7)
    await sqlite.log.keep_position("kafka", 3)

    assert (await sqlite.prune())["outbox"] == 3
    assert await seqs(sqlite) == [4, 5, 6, 7]

    await sqlite.log.keep_position("kafka", 7)
    assert (await sqlite.prune())["outbox"] == 2
    assert await seqs(sqlite) == [6, 7]


async def test_reader_that_is_gone_does_not_fill_the_disk(sqlite: SqliteStore) -> None:
    await write(sqlite, 2, days_ago=LONGEST_LOG.days + 1)
    await write(sqlite, 2, days_ago=LONGEST_LOG.days - 1)
    await sqlite.log.keep_position("kafka", 0)

    assert (await sqlite.prune())["outbox"] == 2
    assert await seqs(sqlite) == [3, 4]


async def test_numbers_go_on_after_everything_was_pruned(tmp_path: Path, clock: HandClock) -> None:
    async with SqliteStore.open(tmp_path / "hub.sqlite", clock=clock) as store:
        await write(store, 3, days_ago=KEEP_LOG.days + 1)
        assert (await store.prune())["outbox"] == 3

    async with SqliteStore.open(tmp_path / "hub.sqlite", clock=clock) as store:
        assert await store.log.last() == 3
        await write(store, 1, days_ago=0)
        assert [record.seq for record in await store.log.read(after=3, limit=10)] == [4]


async def test_much_goes_a_little_at_a_time(sqlite: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_prune, "ROWS", 10)
    await write(sqlite, 45, days_ago=KEEP_LOG.days + 1)
    before = sqlite.writer.commits

    assert (await sqlite.prune())["outbox"] == 45
    assert sqlite.writer.commits - before >= 5
