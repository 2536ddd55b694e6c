"""Backups and restores of the embedded store that are killed, refused, damaged, or find no room."""

from __future__ import annotations

import asyncio
import json
import random
import resource
import shutil
import signal
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from hub.stores.sqlite import SqliteStore
from services.fixes import GpsFix
from tests.e2e.commands import navswap, started
from tests.e2e.prepare import NOW, prepare
from tests.e2e.process import HubProcess

MANY_FIXES = 40_000
SMALLEST_DISK = 64 * 1024


def documents(path: Path, collection: str) -> list[Any]:
    """Read with plain SQL, and closed at once: an open reader is in a restore's way."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return [json.loads(row[0]) for row in connection.execute(f"SELECT doc FROM {collection}")]


async def fill(data_dir: Path, fixes: int) -> None:
    """A network with a past: positions that do not compress to nothing."""
    await prepare(data_dir, stations=2, places=5, charged=4, riders=10)
    rng = random.Random(7)
    async with (
        SqliteStore.open(data_dir / "navswap.sqlite", clock=lambda: NOW) as store,
        store.records.transaction() as tx,
    ):
        await tx.gps_logs.insert(
            *(
                GpsFix(
                    id=f"fix_{number:06}",
                    user_id=f"consumer_{rng.randrange(10):03}",
                    lat=rng.uniform(-80, 80),
                    lng=rng.uniform(-170, 170),
                    at=NOW,
                    received_at=NOW,
                )
                for number in range(fixes)
            )
        )


async def test_a_restore_that_is_killed_leaves_nothing_and_can_be_begun_anew(tmp_path: Path) -> None:
    await fill(tmp_path / "data", MANY_FIXES)
    archive, target = tmp_path / "backup.zip", tmp_path / "target"
    assert (await navswap(tmp_path / "data", "backup", str(archive))).code == 0
    draft = target / "navswap.sqlite.restoring"

    process = await started(target, "restore", str(archive))
    async with asyncio.timeout(30):
        while not draft.exists() or draft.stat().st_size < 100_000:  # noqa: ASYNC110
            await asyncio.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    await process.communicate()

    assert process.returncode == -signal.SIGKILL
    assert not (target / "navswap.sqlite").exists()
    again = await navswap(target, "restore", str(archive))
    assert again.code == 0, again.err
    assert not draft.exists()
    assert len(documents(target / "navswap.sqlite", "gps_logs")) == MANY_FIXES


async def test_a_full_disk_is_said_and_leaves_no_file(tmp_path: Path) -> None:
    await fill(tmp_path / "data", MANY_FIXES // 10)
    place = tmp_path / "backups"
    place.mkdir()

    def little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (SMALLEST_DISK, SMALLEST_DISK))

    failed = await navswap(tmp_path / "data", "backup", str(place / "b.zip"), before=little_room)

    assert failed.code == 1
    assert failed.err == f"navswap: {place / 'b.zip'} was not written: File too large\n"
    assert list(place.iterdir()) == []


async def test_a_restore_onto_a_full_disk_leaves_the_old_records(tmp_path: Path) -> None:
    await fill(tmp_path / "data", MANY_FIXES // 10)
    await prepare(tmp_path / "target", stations=1, places=5, charged=4, riders=1)
    archive = tmp_path / "b.zip"
    assert (await navswap(tmp_path / "data", "backup", str(archive))).code == 0

    def little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (SMALLEST_DISK * 4, SMALLEST_DISK * 4))

    failed = await navswap(tmp_path / "target", "restore", str(archive), "--replace", before=little_room)

    assert failed.code == 1
    assert "was not written" in failed.err
    assert "Traceback" not in failed.err
    assert [found["id"] for found in documents(tmp_path / "target" / "navswap.sqlite", "stations")] == [
        "station_001"
    ]


async def test_a_store_that_is_not_empty_is_refused_or_kept_beside_the_new_one(tmp_path: Path) -> None:
    await prepare(tmp_path / "data", stations=2, places=5, charged=4, riders=3)
    await prepare(tmp_path / "target", stations=1, places=5, charged=4, riders=1)
    archive, target = tmp_path / "b.zip", tmp_path / "target" / "navswap.sqlite"
    assert (await navswap(tmp_path / "data", "backup", str(archive))).code == 0

    refused = await navswap(tmp_path / "target", "restore", str(archive))
    assert refused.code == 1
    assert "is not empty" in refused.err
    assert len(documents(target, "stations")) == 1

    with closing(sqlite3.connect(target)) as other:
        other.execute("SELECT COUNT(*) FROM stations")
        blocked = await navswap(tmp_path / "target", "restore", str(archive), "--replace")
    assert blocked.code == 1
    assert "is open in another process" in blocked.err

    assert (await navswap(tmp_path / "target", "restore", str(archive), "--replace")).code == 0
    assert len(documents(target, "stations")) == 2
    assert len(documents(target.with_name("navswap.sqlite.before-restore"), "stations")) == 1


async def test_restore_and_migrate_refuse_a_running_hubs_directory(tmp_path: Path) -> None:
    await prepare(tmp_path / "data", stations=1, places=5, charged=4, riders=1)
    hub = HubProcess(tmp_path / "data", args=())
    await hub.start()
    try:
        archive = tmp_path / "b.zip"
        assert (await navswap(tmp_path / "data", "backup", str(archive))).code == 0
        refused = await navswap(tmp_path / "data", "restore", str(archive), "--replace")
        nowhere = {"MONGODB_URI": "mongodb://127.0.0.1:9/"}
        moved = await navswap(tmp_path / "data", "migrate", "--from", "sqlite", "--to", "mongodb", **nowhere)
    finally:
        await hub.kill(signal.SIGTERM)
    for said in (refused, moved):
        assert said.code == 2
        assert "another hub uses" in said.err


@pytest.mark.parametrize("cut", [0.2, 0.99])
async def test_a_damaged_backup_is_refused_before_anything_is_written(tmp_path: Path, cut: float) -> None:
    await fill(tmp_path / "data", 100)
    archive = tmp_path / "b.zip"
    assert (await navswap(tmp_path / "data", "backup", str(archive))).code == 0
    whole = archive.read_bytes()
    archive.write_bytes(whole[: int(len(whole) * cut)])
    cut_off = await navswap(tmp_path / "target", "restore", str(archive))
    flipped = bytearray(whole)
    flipped[len(whole) // 3] ^= 0xFF
    archive.write_bytes(flipped)
    damaged = await navswap(tmp_path / "target", "restore", str(archive))
    for said in (cut_off, damaged):
        assert said.code == 1
        assert str(archive) in said.err
        assert "Traceback" not in said.err
    assert not (tmp_path / "target" / "navswap.sqlite").exists()


async def test_a_write_ahead_log_left_behind_does_not_spoil_the_restored_file(
    tmp_path: Path,
) -> None:
    await prepare(tmp_path / "data", stations=2, places=5, charged=4, riders=3)
    archive, target = tmp_path / "b.zip", tmp_path / "target" / "navswap.sqlite"
    assert (await navswap(tmp_path / "data", "backup", str(archive))).code == 0
    await prepare(tmp_path / "other", stations=9, places=5, charged=4, riders=50)
    left_behind(tmp_path / "other" / "navswap.sqlite", target)

    assert (await navswap(tmp_path / "target", "restore", str(archive))).code == 0

    assert [found["id"] for found in documents(target, "stations")] == ["station_001", "station_002"]
    with closing(sqlite3.connect(target)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def left_behind(other: Path, target: Path) -> None:
    """The log of a hub that was killed, whose file somebody has removed."""
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("UPDATE stations SET version = version + 1")
        connection.execute("DELETE FROM users")
        connection.commit()
        target.parent.mkdir()
        for rest in ("-wal", "-shm"):
            shutil.copy(f"{other}{rest}", f"{target}{rest}")
