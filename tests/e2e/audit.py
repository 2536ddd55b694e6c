"""Every audit, of documents read from the file or the database by other means than the hub's.

`path` is the embedded store's file, also where its directory's hub keeps its records elsewhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hub.stores.dump import BY_NAME
from services.audits import AUDITS
from services.base import Document
from tests.support.stores import STORES


def documents(path: Path, table: str) -> list[dict[str, Any]]:
    return STORES.documents(path.parent, table)


def check_records(path: Path) -> None:
    """Nothing is half there: places, promises, swaps, jobs, tokens, credits and packs agree."""
    for make in AUDITS.values():
        audit = make()
        for table, show in audit.showers.items():
            for document in _models(path, table):
                show(document)
        assert audit.close() == []
    _check_log(path)


def _models(path: Path, table: str) -> Iterator[Document]:
    model = BY_NAME[table].model
    for stored in sorted(documents(path, table), key=lambda one: one["id"]):
        own = {name: value for name, value in stored.items() if not name.startswith("_")}
        yield model.model_validate(own)


def _check_log(path: Path) -> None:
    """Every end of a swap is in the log, once."""
    logged = Counter(fact["swap_id"] for fact in STORES.logged(path.parent, "swap.completed"))
    done = {swap["id"] for swap in documents(path, "swaps") if swap["state"] == "completed"}
    assert set(logged) == done
    assert max(logged.values(), default=1) == 1
