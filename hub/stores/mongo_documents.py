"""Documents as BSON: their own fields, and a few of the store's that begin with an underscore."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Generic, TypeVar

import bson
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument

from hub.stores.schema import COLLECTIONS, Collection
from services.base import Document

D = TypeVar("D", bound=Document)

KNOWN: Final = 4096  # documents of a kind that are kept
STAMP: Final = "_stamp"  # of the transaction that wrote the document: see mongo_stamps
EXPIRES: Final = "_expires"  # when TTL may remove it, as a BSON date

RAW: Final[CodecOptions[Any]] = CodecOptions(document_class=RawBSONDocument, tz_aware=True)


class Documents(Generic[D]):
    """Documents of a kind and their bytes: the same bytes are the same immutable document."""

    def __init__(self, collection: Collection[D]) -> None:
        self._model = collection.model
        self._expires = collection.expires
        self._known: dict[bytes, tuple[D, int]] = {}  # the last ones read or written, oldest first

    def read(self, raw: RawBSONDocument) -> tuple[D, int]:
        """The document of these bytes, parsed once, and the stamp of its writer."""
        data = bytes(raw.raw)
        known = self._known.get(data)
        return self._keep(data, self._parse(data)) if known is None else known

    def _parse(self, data: bytes) -> tuple[D, int]:
        fields: dict[str, Any] = bson.decode(data)
        own = {key: value for key, value in fields.items() if not key.startswith("_")}
        return self._model.model_validate({"id": fields["_id"], **own}), fields.get(STAMP, 0)

    def write(self, document: D, stamp: int) -> RawBSONDocument:
        """The bytes of a document, which are not parsed when they are read again."""
        fields = document.model_dump(mode="json")
        more: dict[str, Any] = {STAMP: stamp}
        if self._expires:
            more[EXPIRES] = getattr(document, self._expires)
        raw = bson.encode({"_id": fields.pop("id"), **fields, **more})
        self._keep(raw, (document, stamp))
        return RawBSONDocument(raw)

    def _keep(self, raw: bytes, document: tuple[D, int]) -> tuple[D, int]:
        if len(self._known) >= KNOWN:
            del self._known[next(iter(self._known))]
        self._known[raw] = document
        return document


DOCUMENTS: Final[dict[str, Documents[Any]]] = {
    collection.name: Documents(collection) for collection in COLLECTIONS
}
"""By the collection's name."""


def plain(raw: Mapping[str, Any]) -> dict[str, Any]:
    """A raw answer that is no document of ours, decoded."""
    return bson.decode(raw.raw) if isinstance(raw, RawBSONDocument) else dict(raw)
