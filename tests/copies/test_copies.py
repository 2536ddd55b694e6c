"""Everything goes from any store to any other, by way of a file or not, and is the same there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from hub.stores.archive import ArchiveReader, ArchiveWriter, Manifest, new_file
from hub.stores.dump import BY_NAME, LOG, Source, Tallies, Target, copy, copy_verified, tally
from hub.stores.mongo import MongoStore
from hub.stores.mongo_dump import MongoSource, MongoTarget
from hub.stores.sqlite import SqliteStore
from hub.stores.sqlite_dump import SqliteSource, SqliteTarget
from tests.contract.documents import NOON, HandClock, heard, moved, one_of_each, user

KINDS: Final = ("sqlite", "mongo")
FACTS: Final = 1200  # more than a document of MongoDB's outbox holds, and than a batch


class Place:
    """Where a store is, whoever keeps it."""

    def __init__(self, kind: str, where: Any) -> None:
        self.kind = kind
        self.where = where

    def store(self) -> AbstractAsyncContextManager[Any]:
        if self.kind == "mongo":
            return MongoStore.open(self.where, clock=HandClock())
        return SqliteStore.open(self.where, clock=HandClock())

    @asynccontextmanager
    async def source(self) -> AsyncIterator[Source]:
        if self.kind == "mongo":
            async with MongoSource.open(self.where) as mongo:
                yield mongo
        else:
            with SqliteSource.open(self.where) as sqlite:
                yield sqlite

    @asynccontextmanager
    async def target(self, *, replace: bool = False) -> AsyncIterator[Target]:
        if self.kind == "mongo":
            async with MongoTarget.create(self.where, replace=replace) as mongo:
                yield mongo
        else:
            with SqliteTarget.create(self.where, replace=replace) as sqlite:
                yield sqlite


def place(kind: str, folder: Path, request: pytest.FixtureRequest) -> Place:
    if kind == "mongo":
        databases = request.getfixturevalue("mongo_databases")
        context = databases.one()
        request.addfinalizer(lambda: context.__exit__(None, None, None))
        return Place(kind, context.__enter__())
    folder.mkdir()
    return Place(kind, folder / "hub.sqlite")


@pytest.fixture(params=KINDS)
def origin(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    return place(request.param, tmp_path / "origin", request)


@pytest.fixture(params=KINDS)
def goal(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    return place(request.param, tmp_path / "goal", request)


async def fill(store: Any) -> None:
    """One document of each kind, many facts, two readers."""
    async with store.records.transaction() as tx:
        for name, document in one_of_each().items():
            await getattr(tx, name).insert(document)
        tx.log(*(heard(number) for number in range(FACTS)))
    for number in range(3):
        async with store.records.transaction() as tx:
            tx.log(moved(FACTS + number))
    await store.log.keep_position("rooms", 7)
    await store.log.keep_position("kafka:swap_events", 3)


async def filled(origin: Place) -> Tallies:
    async with origin.store() as store:
        await fill(store)
    async with origin.source() as source:
        return await tally(source)


async def same_as_filled(goal: Place) -> None:
    """The documents, the log with its numbers and readers' places, and that it goes on from there."""
    async with goal.store() as store:
        for name, document in one_of_each().items():
            assert await getattr(store.records.now, name).find({}) == [document]
        assert await store.log.last() == FACTS + 3
        read = await store.log.read(after=0, limit=FACTS * 2)
        assert [record.seq for record in read] == list(range(1, FACTS + 4))
        assert read[0].payload == heard(0).model_dump_json().encode()
        assert read[-1].topic == moved(0).topic
        assert await store.log.position("rooms") == 7
        assert await store.log.position("kafka:swap_events") == 3
        async with store.records.transaction() as tx:
            await tx.users.insert(user("new"))
            tx.log(heard(1))
        assert await store.log.last() == FACTS + 4


async def test_a_store_moves_to_any_other(origin: Place, goal: Place) -> None:
    there = await filled(origin)

    async with origin.source() as source, goal.target() as target:
        assert await copy_verified(source, target) == there

    async with goal.source() as source:
        assert await tally(source) == there
    await same_as_filled(goal)


async def test_a_backup_of_any_store_is_restored_to_any_other(
    origin: Place, goal: Place, tmp_path: Path
) -> None:
    there = await filled(origin)
    await back_up(origin, tmp_path / "b.zip")

    with ArchiveReader.open(tmp_path / "b.zip") as archive:
        await archive.check()
        assert archive.manifest.sections == there
        async with goal.target() as target:
            assert await copy_verified(archive, target) == there

    await same_as_filled(goal)


async def back_up(origin: Place, path: Path) -> None:
    with new_file(path) as file, ArchiveWriter.open(file) as archive:
        async with origin.source() as source:
            tallies = await copy(source, archive)
        archive.finish(Manifest(made_at=NOON, made_by="test", store=origin.kind, sections=tallies))


async def test_a_snapshot_does_not_see_what_comes_later(origin: Place) -> None:
    there = await filled(origin)
    async with origin.source() as source:
        assert [line async for line in source.lines("users")]  # the moment is that of the first read
        async with origin.store() as store, store.records.transaction() as tx:
            await tx.users.insert(user("later"))
            tx.log(heard(5))
        assert await tally(source) == there
    async with origin.source() as source:
        now = await tally(source)
    assert now["users"].count == there["users"].count + 1
    assert now[LOG].count == there[LOG].count + 1


async def test_a_pruned_log_keeps_its_numbers(origin: Place, goal: Place) -> None:
    clock = HandClock()
    async with origin.store() as store:
        for number in range(5):
            async with store.records.transaction() as tx:
                tx.log(heard(number))
        await drop_log(origin, store)
    async with origin.source() as source, goal.target() as target:
        assert (await copy_verified(source, target))[LOG].count == 0
    async with goal.store() as store:
        assert await store.log.last() == 5
        async with store.records.transaction() as tx:
            tx.log(heard(9))
        assert [record.seq for record in await store.log.read(after=0, limit=9)] == [6]
    assert clock() == NOON


async def drop_log(origin: Place, store: Any) -> None:
    await store.log.last()
    if origin.kind == "mongo":
        await store.database["outbox"].delete_many({})
    else:
        async with store.writer.transaction() as member:
            member.session.run("DELETE FROM outbox")


async def test_an_empty_store_stays_empty(origin: Place, goal: Place) -> None:
    async with origin.store():
        pass
    async with origin.source() as source, goal.target() as target:
        copied = await copy_verified(source, target)
    assert sum(counted.count for counted in copied.values()) == 0
    async with goal.store() as store:
        assert await store.log.last() == 0
        for name in BY_NAME:
            assert await getattr(store.records.now, name).count({}) == 0
