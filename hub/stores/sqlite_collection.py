"""One collection in SQLite, read and written."""

from __future__ import annotations

from functools import cache
from typing import Final, Generic, TypeVar

from hub.stores.sqlite_session import Session, WriteSession
from hub.stores.sqlite_sql import TableSql
from services.base import Document
from services.errors import WriteConflict
from services.ports import Scalar, Where

D = TypeVar("D", bound=Document)

KNOWN: Final = 4096  # documents of a kind that are kept


class Documents(Generic[D]):
    """Texts of documents of a kind and what they say: the same text is the same immutable document."""

    def __init__(self, model: type[D]) -> None:
        self._parse = model.model_validate_json
        self._known: dict[str, D] = {}  # the last ones read or written, oldest first

    def read(self, text: str) -> D:
        """The document of a text; parsed once."""
        known = self._known.get(text)
        return self._keep(text, self._parse(text)) if known is None else known

    def write(self, document: D) -> str:
        """The text of a document, which is not parsed when it is read again."""
        text = document.model_dump_json()
        self._keep(text, document)
        return text

    def _keep(self, text: str, document: D) -> D:
        if len(self._known) >= KNOWN:
            del self._known[next(iter(self._known))]
        self._known[text] = document
        return document


@cache
def documents_of(model: type[D]) -> Documents[D]:
    """One for each kind."""
    return Documents(model)


class SqliteReads(Generic[D]):
    """Implements `services.ports.Reads`; nothing here ever waits."""

    def __init__(self, session: Session, sql: TableSql) -> None:
        self._session = session
        self._sql = sql
        self._documents: Documents[D] = documents_of(sql.collection.model)  # type: ignore[arg-type]

    async def get(self, id: str, /) -> D | None:
        rows = self._session.rows(self._sql.get, (id,))
        return self._documents.read(rows[0][0]) if rows else None

    async def find(
        self, where: Where, /, *, order: tuple[str, ...] = ("id",), limit: int | None = None
    ) -> list[D]:
        clause, parameters = self._sql.where(where)
        statement = f"{self._sql.select}{clause}{self._sql.order(order)}"
        if limit is not None:
            statement += " LIMIT ?"
            parameters.append(limit)
        return [self._documents.read(row[0]) for row in self._session.rows(statement, parameters)]

    async def first(self, where: Where, /, *, order: tuple[str, ...] = ("id",)) -> D | None:
        found = await self.find(where, order=order, limit=1)
        return found[0] if found else None

    async def count(self, where: Where, /) -> int:
        return self._number("COUNT(*)", where)

    async def sum(self, field: str, where: Where, /) -> int:
        return self._number(f"COALESCE(SUM({self._sql.column(field)}), 0)", where)

    def _number(self, expression: str, where: Where) -> int:
        clause, parameters = self._sql.where(where)
        rows = self._session.rows(f"SELECT {expression} FROM {self._sql.name}{clause}", parameters)
        return int(rows[0][0])

    async def tally(self, by: tuple[str, ...], where: Where, /) -> dict[tuple[Scalar, ...], int]:
        clause, parameters = self._sql.where(where)
        keys = ", ".join(self._sql.column(field) for field in by)
        statement = f"SELECT {keys}, COUNT(*) FROM {self._sql.name}{clause} GROUP BY {keys}"
        return {tuple(row[:-1]): row[-1] for row in self._session.rows(statement, parameters)}


class SqliteWrites(SqliteReads[D]):
    """Implements `services.ports.Writes`."""

    def __init__(self, session: WriteSession, sql: TableSql) -> None:
        super().__init__(session, sql)
        self._writing = session

    async def insert(self, *documents: D) -> None:
        rows = [(one.id, one.version, self._documents.write(one)) for one in documents]
        if len(rows) == 1:
            self._writing.run(self._sql.insert, rows[0])
        else:
            self._writing.run_all(self._sql.insert, rows)

    async def replace(self, document: D, /) -> None:
        done = self._writing.run(
            self._sql.replace,
            (document.version, self._documents.write(document), document.id, document.version - 1),
        )
        if done.rowcount != 1:
            raise WriteConflict(f"{self._sql.name} {document.id}")

    async def delete(self, id: str, /) -> bool:
        return self._writing.run(self._sql.delete, (id,)).rowcount == 1
