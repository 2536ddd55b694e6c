"""Are the records there, whole, writable and quick?"""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Final

from hub.doctor.finding import Finding, fail, ok, warn
from hub.lifespan import RECORDS_FILE
from hub.stores.dump import DumpError
from hub.stores.sqlite_dump import check_schema, read_only
from hub.stores.sqlite_migrations import STEPS, SchemaError
from services.base import Clock
from services.ports import Records
from services.upkeep_models import InstallationFact

NOTE: Final = "doctor"  # the document that is written to see whether it can be
SLOW_MS: Final = 100.0
LOOK_S: Final = 5.0  # longest look at the file's pages
_STEPS_PER_LOOK: Final = 100_000  # of SQLite's machine, between two looks at the time


async def write_and_read(records: Records, clock: Clock) -> Finding:
    """One durable write and one read, as commands do them."""
    now, began = clock(), time.perf_counter()
    await _write(records, InstallationFact(id=NOTE, value="was here", at=now))
    read = await records.now.installation.get(NOTE)
    took_ms = (time.perf_counter() - began) * 1000
    if read is None or read.at != now:
        return fail("records write", "what was written is not what is read", "look at the store's own log")
    found = f"written, durable and read in {took_ms:.1f} ms"
    if took_ms > SLOW_MS:
        return warn("records write", found, "each command waits that long: a faster disk or a nearer server")
    return ok("records write", found)


async def _write(records: Records, note: InstallationFact) -> None:
    async with records.transaction() as tx:
        present = await tx.installation.get(NOTE)
        if present is None:
            await tx.installation.insert(note)
        else:
            await tx.installation.replace(present.changed(value=note.value, at=note.at))


def embedded_file(data_dir: Path) -> tuple[bool, list[Finding]]:
    """Whether the file can be opened as it is, and what there is to say about it."""
    path = data_dir / RECORDS_FILE
    if not path.exists():
        return False, [_place_of(data_dir)]
    try:
        with closing(read_only(path)) as connection:
            version = check_schema(connection)
            if version < len(STEPS):
                advice = "take a backup, then start this hub: it brings them up to date"
                return False, [warn("records", f"schema {version}, this hub has {len(STEPS)}", advice)]
            return True, [ok("records", f"{path}, schema {version}"), _pages(connection)]
    except (SchemaError, DumpError) as error:
        return False, [fail("records", str(error), "start the hub that wrote them, or restore a backup")]
    except sqlite3.Error as error:
        return False, [fail("records", f"{path}: {error}", "restore a backup")]


def _place_of(data_dir: Path) -> Finding:
    """Nothing is made here: only looked at."""
    place = data_dir.absolute()
    while not place.exists():
        place = place.parent
    if not os.access(place, os.W_OK | os.X_OK):
        return fail("records", f"{place} cannot be written by this user", "chown it, or change DATA_DIR")
    return ok("records", f"none yet; made under {data_dir} at the first start")


def _pages(connection: sqlite3.Connection) -> Finding:
    until = time.monotonic() + LOOK_S
    connection.set_progress_handler(lambda: int(time.monotonic() > until), _STEPS_PER_LOOK)
    try:
        said = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.OperationalError:
        return ok("records pages", f"no fault found in {LOOK_S:g} s, which did not reach all of them")
    if said != "ok":
        return fail("records pages", said, "stop the hub and restore a backup")
    return ok("records pages", "all sound")
