"""Unique indexes among the documents that one transaction has written and not sent yet."""

from __future__ import annotations

from typing import Any, Final

from hub.stores.mongo_query import matches, value_of
from hub.stores.schema import COLLECTIONS, Collection, Index, primary_key_name
from services.base import Document
from services.errors import DuplicateKey

_COLLECTIONS: Final[dict[str, Collection[Any]]] = {one.name: one for one in COLLECTIONS}


class UniqueKeys:
    """The keys taken by written documents; those of stored ones are the server's to refuse."""

    def __init__(self, name: str) -> None:
        self._collection = _COLLECTIONS[name]
        self._indexes = [index for index in self._collection.indexes if index.unique]
        self._taken: set[tuple[Any, ...]] = set()

    def refuse_known(self, present: Document | None) -> None:
        """Raises DuplicateKey when there is a document with the id of a new one."""
        if present is not None:
            raise DuplicateKey(primary_key_name(self._collection))

    def change(self, before: Document | None, after: Document | None) -> None:
        """Give up the keys of one and take those of the other. Raises DuplicateKey, nothing changed."""
        given_up, taken = self._keys(before), self._keys(after)
        for key in taken - given_up:
            if key in self._taken:
                raise DuplicateKey(key[0])
        self._taken -= given_up
        self._taken |= taken

    def _keys(self, document: Document | None) -> set[tuple[Any, ...]]:
        if document is None:
            return set()
        return {_key(index, document) for index in self._indexes if matches(document, index.where or {})}


def _key(index: Index, document: Document) -> tuple[Any, ...]:
    return (index.name, *(value_of(document, field) for field in index.fields))
