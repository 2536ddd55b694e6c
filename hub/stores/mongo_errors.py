"""The driver's errors as the ports have them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import structlog
from pymongo.errors import (
    BulkWriteError,
    ClientBulkWriteException,
    ConnectionFailure,
    OperationFailure,
    PyMongoError,
)

from hub.stores.schema import COLLECTIONS, primary_key_name
from services.errors import DuplicateKey, Unavailable, WriteConflict

_log: Any = structlog.get_logger("hub.stores")

DUPLICATE: Final = 11000
TRANSIENT: Final = "TransientTransactionError"
UNKNOWN_COMMIT: Final = "UnknownTransactionCommitResult"

_REFUSED_BY: Final = re.compile(r"collection: \S*?\.(?P<collection>\S+) index: (?P<index>\S+)")
_PRIMARY: Final = {collection.name: primary_key_name(collection) for collection in COLLECTIONS}


@contextmanager
def domain_errors() -> Iterator[None]:
    """Raises WriteConflict, DuplicateKey or Unavailable for what the driver raises."""
    try:
        yield
    except PyMongoError as error:
        raise domain_error(error) from error


def domain_error(error: PyMongoError) -> Exception:
    """What a driver's error means to a rule.

    A connection that breaks within a transaction has undone it, so it may run again; a server that
    cannot be found at all, or that is too slow, is unavailable.
    """
    if isinstance(error, ClientBulkWriteException) and isinstance(error.error, PyMongoError):
        return domain_error(error.error)  # of the whole call, not of one write
    refusal = _refusal(error)
    if refusal is not None:
        return DuplicateKey(_index_name(refusal))
    if not error.timeout and (error.has_error_label(TRANSIENT) or _is_conflict(error)):
        return WriteConflict(type(error).__name__)
    if not isinstance(error, ConnectionFailure) and not error.timeout:
        _log.error("records refused a call", error=_public(error))
    return Unavailable(store="records")


def _refusal(error: PyMongoError) -> str | None:
    """The sentence of a unique index that refused a document, if that is what happened."""
    for details in _failures(error):
        if details.get("code") == DUPLICATE:
            return str(details.get("errmsg", ""))
    return None


def _failures(error: PyMongoError) -> list[Mapping[str, Any]]:
    if isinstance(error, BulkWriteError | ClientBulkWriteException):
        of_all = error.details.get("error")
        return [*error.details.get("writeErrors", ()), *([of_all] if isinstance(of_all, Mapping) else ())]
    if isinstance(error, OperationFailure):
        return [{"code": error.code, "errmsg": str(error)}]
    return []


def _is_conflict(error: PyMongoError) -> bool:
    return any(details.get("code") == 112 for details in _failures(error))


def _index_name(sentence: str) -> str:
    """`... collection: navswap.queues index: queues_order dup key: ...`"""
    found = _REFUSED_BY.search(sentence)
    if found is None:
        return sentence
    index = found["index"]
    return _PRIMARY.get(found["collection"], index) if index == "_id_" else index


def _public(error: PyMongoError) -> str:
    """Its kind and code: a message may quote documents."""
    code = error.code if isinstance(error, OperationFailure) else None
    return f"{type(error).__name__} {code}"
