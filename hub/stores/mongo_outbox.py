"""The outbox in MongoDB: what transactions have logged, before and after it has its numbers.

A document holds the facts of one transaction (or a part of very many). It is written with the
transaction and waits; when it has its numbers, `last` is that of its last fact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from hub.stores.mongo_documents import plain
from hub.stores.mongo_session import Outside
from services.base import rfc3339
from services.events import Fact
from services.ports import LogRecord

FACTS_PER_DOCUMENT: Final = 500


@dataclass(frozen=True, slots=True)
class Written:
    """What one transaction has added: its documents' ids, each with its records, without numbers."""

    documents: tuple[tuple[str, tuple[LogRecord, ...]], ...]

    def entries(self, stamp: int) -> list[dict[str, Any]]:
        """As they are stored until they have numbers."""
        return [_entry(id, stamp, records) for id, records in self.documents]


def written_by(id: str, facts: Sequence[Fact]) -> Written:
    """What a transaction of that id adds."""
    return Written(tuple(_parts(id, [record_of(fact) for fact in facts])))


class Outbox:
    """The outbox; `ready` hears whose steps have run, so that it may get its numbers."""

    def __init__(self, collection: Any) -> None:
        self.collection = collection
        self.ready: Callable[[Written], None] = lambda written: None

    async def has(self, written: Written) -> bool:
        """Was its transaction committed? Raises Unavailable."""
        wanted = {"_id": written.documents[0][0]}
        found = await Outside().run(lambda session: self.collection.find_one(wanted, session=session))
        return found is not None

    async def read(self, after: int, upto: int, limit: int) -> list[LogRecord]:
        """Records with numbers in (after, upto], in their order."""
        wanted = {"last": {"$gt": after}}
        found = await Outside().run(
            lambda session: self.collection.find(wanted, sort=[("last", 1)], limit=limit).to_list(None)
        )
        records = [record for raw in found for record in _records(plain(raw))]
        return [record for record in records if after < record.seq <= upto][:limit]


def _parts(id: str, records: Sequence[LogRecord]) -> Iterable[tuple[str, tuple[LogRecord, ...]]]:
    for start in range(0, len(records), FACTS_PER_DOCUMENT):
        yield f"{id}:{start:06}", tuple(records[start : start + FACTS_PER_DOCUMENT])


def _entry(id: str, stamp: int, records: Sequence[LogRecord]) -> dict[str, Any]:
    return {
        "_id": id,
        "waiting": True,
        "stamp": stamp,
        "count": len(records),
        "at": max(record.at for record in records),
        "facts": [_stored(record) for record in records],
    }


def record_of(fact: Fact) -> LogRecord:
    rooms = fact.rooms() if fact.name else ()
    payload = fact.model_dump_json().encode()
    return LogRecord(0, fact.id, fact.name, rooms, fact.type, fact.topic, fact.key(), fact.at, payload)


def numbered(records: Sequence[LogRecord], last: int) -> list[LogRecord]:
    first = last - len(records) + 1
    return [replace(record, seq=seq) for seq, record in enumerate(records, first)]


def copied(records: Sequence[LogRecord]) -> dict[str, Any]:
    """A document of records that follow each other and have their numbers already."""
    document = _entry(f"copied:{records[0].seq:020}", 0, records)
    del document["waiting"]
    return {**document, "last": records[-1].seq}


def facts_of(document: Mapping[str, Any]) -> list[LogRecord]:
    """The records of a document, without numbers."""
    return [_record(fact) for fact in document["facts"]]


def _stored(record: LogRecord) -> dict[str, Any]:
    return {
        "id": record.id,
        "name": record.name,
        "rooms": list(record.rooms),
        "type": record.type,
        "topic": None if record.topic is None else str(record.topic),
        "key": record.key,
        "at": rfc3339(record.at),
        "payload": record.payload.decode(),
    }


def _records(document: Mapping[str, Any]) -> list[LogRecord]:
    return numbered(facts_of(document), document["last"])


def _record(fact: Mapping[str, Any]) -> LogRecord:
    return LogRecord(
        0,
        fact["id"],
        fact["name"],
        tuple(fact["rooms"]),
        fact["type"],
        fact["topic"],
        fact["key"],
        datetime.fromisoformat(fact["at"]),
        fact["payload"].encode(),
    )
