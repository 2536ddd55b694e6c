"""The log's records as CloudEvents 1.0: in Kafka's binary mode, and as one JSON object."""

from __future__ import annotations

from typing import Any, Final

import orjson

from services.base import rfc3339
from services.ports import LogRecord

SOURCE: Final = "/navswap/hub"
DATA_TYPE: Final = "application/json"
PREFIX: Final = "ce_"  # CloudEvents' Kafka binding 1.0, section 3.2.3

Header = tuple[str, bytes]


def attributes(record: LogRecord) -> dict[str, str]:
    """The context attributes; `subject` is the record's key: the station, user or job it is about."""
    return {
        "specversion": "1.0",
        "id": record.id,
        "source": SOURCE,
        "type": record.type or "",
        "subject": record.key,
        "time": rfc3339(record.at),
    }


def headers(record: LogRecord) -> list[Header]:
    """A Kafka message's headers in binary mode; its value is the payload as it is."""
    named = [(PREFIX + name, text.encode()) for name, text in attributes(record).items()]
    return [*named, ("content-type", DATA_TYPE.encode())]


def document(record: LogRecord) -> dict[str, Any]:
    """The event as one JSON object, its data inside."""
    return {**attributes(record), "datacontenttype": DATA_TYPE, "data": orjson.loads(record.payload)}
