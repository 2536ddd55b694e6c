"""Everything a store holds, as sections of lines: what backup, restore and migrate copy.

A section is a collection or a part of the log, a line one JSON object in a form that is the same for
every store. So a copy can be checked by counts and digests, whatever it was copied from and to.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Protocol

import orjson
from pydantic import ValidationError

from hub.stores.schema import COLLECTIONS, Collection
from services.base import Document, Model, rfc3339
from services.ports import LogRecord

LOG: Final = "log"  # the records, by number
LOG_POSITIONS: Final = "log_positions"  # {"reader", "seq"}
LOG_END: Final = "log_end"  # one line, {"seq"}: the greatest number ever given

BY_NAME: Final[Mapping[str, Collection[Document]]] = {each.name: each for each in COLLECTIONS}
SECTIONS: Final = (*BY_NAME, LOG, LOG_POSITIONS, LOG_END)

CONTENT: Final = tuple(name for name in BY_NAME if name != "installation")
"""The collections that make a store more than an empty one: a doctor's notes are in every store."""

BATCH: Final = 1000  # lines that are in memory at a time

Batches = AsyncIterator[list[bytes]]


class DumpError(Exception):
    """Nothing was copied, and why: a sentence for whoever runs the command."""


class Counted(Model):
    """A section in figures."""

    count: int
    sha256: str  # of its lines, each with a newline


Tallies = dict[str, Counted]


class Source(Protocol):
    """A store, or a file, as of one moment."""

    def lines(self, section: str) -> Batches:
        """The section's lines in order: documents by id, records by number, at most BATCH at a time."""
        ...


class Sink(Protocol):
    """Somewhere to copy to: nothing of it counts until all of it is there."""

    async def take(self, section: str, batches: Batches) -> None:
        """Write a section, which has not been written yet."""
        ...


class Target(Source, Sink, Protocol):
    """A store to copy to, which can be read back before it counts."""


class Tally:
    """Counts lines while they pass."""

    def __init__(self) -> None:
        self._count = 0
        self._digest = hashlib.sha256()

    async def of(self, batches: Batches) -> Batches:
        async for lines in batches:
            self._count += len(lines)
            self._digest.update(b"".join(line + b"\n" for line in lines))
            yield lines
            await asyncio.sleep(0)  # nothing else here waits, and Ctrl-C is heard only then

    @property
    def counted(self) -> Counted:
        return Counted(count=self._count, sha256=self._digest.hexdigest())


async def tally(source: Source) -> Tallies:
    """Read it all and count it."""
    return {section: await tally_of(source.lines(section)) for section in SECTIONS}


async def tally_of(batches: Batches) -> Counted:
    """Read a section and count it."""
    passing = Tally()
    async for _ in passing.of(batches):
        pass
    return passing.counted


async def copy(source: Source, target: Sink) -> Tallies:
    """Copy every section; answers what has passed."""
    return {section: await _copy(source, target, section) for section in SECTIONS}


async def _copy(source: Source, target: Sink, section: str) -> Counted:
    passing = Tally()
    await target.take(section, passing.of(source.lines(section)))
    return passing.counted


async def copy_verified(source: Source, target: Target) -> Tallies:
    """Copy, then read the target and compare. Raises DumpError, naming what differs."""
    copied = await copy(source, target)
    differing = differences(copied, await tally(target))
    if differing:
        raise DumpError(f"the copy differs from its source in {', '.join(differing)}")
    return copied


def differences(one: Tallies, other: Tallies) -> Sequence[str]:
    """The sections whose figures are not the same."""
    return [section for section in SECTIONS if one.get(section) != other.get(section)]


def documents_in(tallies: Tallies) -> int:
    """How many documents all collections have."""
    return sum(tallies[name].count for name in BY_NAME if name in tallies)


async def canonical(section: str, batches: Batches) -> Batches:
    """The lines as this hub writes them. Raises DumpError for a document that it does not know."""
    collection = BY_NAME.get(section)
    async for lines in batches:
        yield [document_line(collection, line) for line in lines] if collection else lines


def document_line(collection: Collection[Any], text: str | bytes) -> bytes:
    """A document as this hub writes it. Raises DumpError for one that it cannot read."""
    try:
        document: Document = collection.model.model_validate_json(text)
    except ValidationError as error:
        raise unknown_document(collection.name, error) from error
    return document.model_dump_json().encode()


def unknown_document(name: str, error: ValidationError) -> DumpError:
    """Says what is wrong with it, and not what is in it."""
    fault = error.errors(include_input=False, include_url=False)[0]
    where = ".".join(map(str, fault["loc"]))
    return DumpError(f"a document of {name} is not one that this version knows: {where}: {fault['msg']}")


def record_line(record: LogRecord) -> bytes:
    """A record of the log as a line."""
    return orjson.dumps(
        {
            "seq": record.seq,
            "id": record.id,
            "name": record.name,
            "rooms": record.rooms,
            "type": record.type,
            "topic": record.topic,
            "key": record.key,
            "at": rfc3339(record.at),
            "payload": record.payload.decode(),
        }
    )


def record_of(line: bytes) -> LogRecord:
    """The record of a line."""
    read = orjson.loads(line)
    rooms, at, payload = tuple(read.pop("rooms")), datetime.fromisoformat(read.pop("at")), read.pop("payload")
    return LogRecord(**read, rooms=rooms, at=at, payload=payload.encode())
