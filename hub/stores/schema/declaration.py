"""What a collection is: a name, a document, and how it is looked up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from services.base import Document
from services.ports import Where

D = TypeVar("D", bound=Document)


@dataclass(frozen=True, slots=True)
class Index:
    """Fields in order; `where` makes it partial. Its name is what DuplicateKey tells."""

    name: str
    fields: tuple[str, ...]
    unique: bool = False
    where: Where | None = None


@dataclass(frozen=True, slots=True)
class Collection(Generic[D]):
    """One kind of document. Besides its indexes it has a unique one of `id`.

    `expires` is the field with the time after which nobody needs the document.
    """

    name: str
    model: type[D]
    indexes: tuple[Index, ...] = ()
    expires: str | None = None

    @property
    def looked_up(self) -> tuple[str, ...]:
        """Every field that an index names, once, in order; without `id` and `version`."""
        named = [field for index in self.indexes for field in (*index.fields, *(index.where or ()))]
        return tuple(dict.fromkeys(field for field in named if field not in ("id", "version")))


def primary_key_name(collection: Collection[Any]) -> str:
    """What DuplicateKey tells of a second document with the same id."""
    return f"{collection.name}_id"
