"""Files of earlier schema versions are brought up to date; files of later ones are left alone.

`schema_1.sql` is a dump of the first version of the file, and never changes.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from hub.stores.sqlite import SqliteStore
from hub.stores.sqlite_migrations import STEPS, NewerSchema, SchemaError, migrate
from services.errors import DuplicateKey
from services.states import OPEN
from tests.contract.documents import HandClock, entry, heard, one_of_each

UNJUDGED = {"trust": 1.0, "trust_reasons": (), "trace": None}  # a fix from before it had a trust
NEW = (
    "installation",
    "transport_jobs",
    "custody",
    "incidents",
    "diversions",
    "waitlist",
    "checkpoints",
    "checkpoint_parts",
    "traffic",
)  # collections that the first version had not
FIRST = (Path(__file__).parent / "schema_1.sql").read_text()


def connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None)


def made_with(path: Path, *statements: str) -> Path:
    with closing(connect(path)) as connection:
        for statement in statements:
            connection.executescript(statement)
    return path


def version(path: Path) -> int:
    with closing(connect(path)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def contents(path: Path) -> list[str]:
    with closing(connect(path)) as connection:
        return list(connection.iterdump())


def schema(path: Path) -> set[tuple[str, str]]:
    with closing(connect(path)) as connection:
        return set(connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))


async def test_first_version_is_brought_up_to_date(tmp_path: Path, clock: HandClock) -> None:
    path = made_with(tmp_path / "old.sqlite", FIRST)
    assert version(path) == 1

    async with SqliteStore.open(path, clock=clock) as store:
        documents = one_of_each()
        for later in NEW:
            del documents[later]
        documents["gps_logs"] = documents["gps_logs"].model_copy(update=UNJUDGED)
        for name, document in documents.items():
            assert await getattr(store.records.now, name).get(document.id) == document
        assert await store.records.now.installation.count({}) == 0
        assert await store.records.now.queues.count({"user_id": "user_2", "state": OPEN}) == 1
        assert [record.key for record in await store.log.read(after=0, limit=10)] == [
            "station_001",
            "consumer_001",
        ]
        assert await store.log.position("rooms") == 1
        with pytest.raises(DuplicateKey, match="queues_one_open_per_user"):
            async with store.records.transaction() as tx:
                await tx.queues.insert(entry("entry_3", order=3, user_id="user_2"))
        async with store.records.transaction() as tx:
            tx.log(heard(3))
        assert await store.log.last() == 3

    assert version(path) == len(STEPS)


async def test_migrated_file_is_like_a_new_one(tmp_path: Path, clock: HandClock) -> None:
    old = made_with(tmp_path / "old.sqlite", FIRST)
    new = tmp_path / "new.sqlite"
    for path in (old, new):
        async with SqliteStore.open(path, clock=clock):
            pass

    assert schema(old) == schema(new)


async def test_file_of_this_version_is_not_touched(tmp_path: Path, clock: HandClock) -> None:
    path = tmp_path / "hub.sqlite"
    async with SqliteStore.open(path, clock=clock):
        pass
    before = contents(path)

    async with SqliteStore.open(path, clock=clock):
        pass

    assert contents(path) == before


async def test_newer_file_is_refused_in_a_clear_sentence(tmp_path: Path, clock: HandClock) -> None:
    path = made_with(tmp_path / "new.sqlite", f"PRAGMA user_version = {len(STEPS) + 1}")
    before = contents(path)

    with pytest.raises(NewerSchema, match="written by a newer hub"):
        async with SqliteStore.open(path, clock=clock):
            pass

    assert contents(path) == before


async def test_file_of_another_program_is_refused(tmp_path: Path, clock: HandClock) -> None:
    path = made_with(tmp_path / "other.sqlite", "PRAGMA application_id = 7; CREATE TABLE mine (x)")

    with pytest.raises(SchemaError, match="another program"):
        async with SqliteStore.open(path, clock=clock):
            pass


async def test_file_that_is_no_database_is_refused(tmp_path: Path, clock: HandClock) -> None:
    path = tmp_path / "hub.sqlite"
    path.write_text("not a database, " * 100)

    with pytest.raises(SchemaError, match="not a database"):
        async with SqliteStore.open(path, clock=clock):
            pass


def test_step_that_fails_changes_nothing(tmp_path: Path) -> None:
    path = made_with(tmp_path / "old.sqlite", FIRST)
    before = contents(path)

    def broken(connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM users")
        raise ValueError("a document that the step does not understand")

    with closing(connect(path)) as connection, pytest.raises(ValueError, match="understand"):
        migrate(connection, (*STEPS, broken))

    assert contents(path) == before
    assert version(path) == 1


def test_data_that_breaks_a_unique_index_is_named(tmp_path: Path) -> None:
    copy = (
        "INSERT INTO queues SELECT 'copy', version, json_set(doc, '$.id', 'copy', '$.order', 99) "
        "FROM queues WHERE id = 'entry_2'"
    )
    path = made_with(tmp_path / "old.sqlite", FIRST, "DROP INDEX queues_one_open_per_user", copy)

    with closing(connect(path)) as connection, pytest.raises(SchemaError, match="queues_one_open_per_user"):
        migrate(connection)

    assert version(path) == 1
