"""A backup file: a zip of one `.jsonl` per section, and a manifest with counts and digests.

Any zip program opens it: `unzip -p FILE stations.jsonl`.
"""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import IO, Final, Literal, Self

from pydantic import ValidationError

from hub.stores.dump import BATCH, SECTIONS, Batches, DumpError, Tallies, canonical, tally_of
from services.base import Instant, Model

MANIFEST: Final = "manifest.json"
OWNER_ONLY: Final = 0o600  # names, telephone numbers and ways of riders are in it


class Manifest(Model):
    """What the file holds, since when, and by whom."""

    format: Literal[1] = 1
    made_at: Instant  # the moment of the records is this or a little later
    made_by: str  # version of the hub
    store: str  # "sqlite" or "mongodb"
    sections: Tallies


@contextmanager
def new_file(path: Path) -> Iterator[IO[bytes]]:
    """A file that gets its name when it is whole and on the disk; on any error there is none.

    Raises DumpError when the name is taken, or when the disk refuses.
    """
    if path.exists():
        raise DumpError(f"{path} exists already")
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with os.fdopen(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, OWNER_ONLY), "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)
        sync_directory(path.parent)
    except OSError as error:
        raise DumpError(f"{path} was not written: {error.strerror or error}") from error
    finally:
        draft.unlink(missing_ok=True)


def sync_directory(directory: Path) -> None:
    """A name that was given is durable once its directory is."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class ArchiveWriter:
    """Implements `dump.Sink`; `finish` writes the manifest."""

    def __init__(self, file: IO[bytes]) -> None:
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=6)

    @classmethod
    @contextmanager
    def open(cls, file: IO[bytes]) -> Iterator[Self]:
        writer = cls(file)
        try:
            yield writer
        except BaseException:
            with suppress(OSError, ValueError):  # else it closes itself at some later time, and fails then
                writer._zip.close()
            raise

    async def take(self, section: str, batches: Batches) -> None:
        with self._zip.open(f"{section}.jsonl", "w", force_zip64=True) as member:
            async for lines in batches:
                member.write(b"".join(line + b"\n" for line in lines))

    def finish(self, manifest: Manifest) -> None:
        self._zip.writestr(MANIFEST, manifest.model_dump_json(indent=1))
        self._zip.close()


class ArchiveReader:
    """Implements `dump.Source`."""

    def __init__(self, path: Path, zip_file: zipfile.ZipFile) -> None:
        self._path = path
        self._zip = zip_file
        self.manifest = self._read_manifest()

    @classmethod
    @contextmanager
    def open(cls, path: Path) -> Iterator[Self]:
        """Raises DumpError for a file that is no backup of this or an earlier version."""
        try:
            opened = zipfile.ZipFile(path)
        except OSError as error:
            raise DumpError(f"{path}: {error.strerror}") from error
        except zipfile.BadZipFile as error:
            raise DumpError(f"{path} is no backup, or was cut off: {error}") from error
        with opened:
            yield cls(path, opened)

    def _read_manifest(self) -> Manifest:
        try:
            manifest = Manifest.model_validate_json(self._zip.read(MANIFEST))
        except (KeyError, ValidationError, zipfile.BadZipFile, zlib.error) as error:
            raise DumpError(f"{self._path} is no backup that this version of the hub can read") from error
        unknown = set(manifest.sections) - set(SECTIONS)
        if unknown:
            raise DumpError(f"{self._path} was made by a newer hub: {', '.join(sorted(unknown))} are unknown")
        return manifest

    def lines(self, section: str) -> Batches:
        """As this hub writes them: an earlier one may have known fewer fields."""
        return canonical(section, self._kept(section))

    async def _kept(self, section: str) -> AsyncIterator[list[bytes]]:
        if section not in self.manifest.sections:  # a collection that the hub of then had not
            return
        try:
            with self._zip.open(f"{section}.jsonl") as member:
                while batch := [line.rstrip(b"\n") for line in islice(member, BATCH)]:
                    yield batch
        except (KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            raise DumpError(f"{self._path} is damaged: {section}: {error}") from error

    async def check(self) -> None:
        """Read it all. Raises DumpError unless it holds what its manifest says."""
        for section, said in self.manifest.sections.items():
            if await tally_of(self._kept(section)) != said:
                raise DumpError(f"{self._path} is damaged: {section}")
