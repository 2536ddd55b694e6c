"""A CSV file as forms: a column is a field of the operation that saves one, with dots for its parts."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TextIO

from pydantic import BaseModel, ValidationError

from hub.payloads import problems_of
from services.base import Model
from services.forms import BatteryForm, PartnerForm, StationForm, UserForm
from services.imports import Form

KINDS: Final[Mapping[str, tuple[type[Form], str]]] = {
    "stations": (StationForm, "station_id"),
    "partners": (PartnerForm, "partner_id"),
    "users": (UserForm, "user_id"),
    "batteries": (BatteryForm, "battery_id"),
}
"""What can be imported: the form of a line, and its id. Who is named by another comes first."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a line; lines count from 1, and the header is one."""

    line: int
    message: str


class FileRefused(Exception):
    """Every problem of a file."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(f"{len(problems)} problems")
        self.problems = problems


def columns_of(model: type[BaseModel], before: str = "") -> Iterator[str]:
    """The columns of a form, those of its parts with dots: `location.lat`."""
    for name, about in model.model_fields.items():
        part = _part(about.annotation)
        if part is None:
            yield before + name
        else:
            yield from columns_of(part, f"{before}{name}.")


def _part(annotation: Any) -> type[BaseModel] | None:
    """The model in `Model | None`."""
    options = getattr(annotation, "__args__", (annotation,))
    return next((kind for kind in options if isinstance(kind, type) and issubclass(kind, BaseModel)), None)


def read(kind: str, path: Path) -> list[tuple[int, Form]]:
    """The forms of a file, each with its line. Raises FileRefused with every problem."""
    form, id = KINDS[kind]
    with path.open(encoding="utf-8-sig", newline="") as file:
        try:
            return _Reader(form, id).read(file)
        except (UnicodeDecodeError, csv.Error) as error:
            raise FileRefused([Problem(1, f"is no CSV in UTF-8: {error}")]) from error


class _Reader:
    def __init__(self, form: type[Form], id: str) -> None:
        self._form = form
        self._id = id
        self._problems: list[Problem] = []
        self._first: dict[str, int] = {}

    def read(self, file: TextIO) -> list[tuple[int, Form]]:
        rows = csv.reader(file, strict=True)
        header = [column.strip() for column in next(rows, [])]
        self._check(header)
        found = [(rows.line_num, self._row(rows.line_num, header, row)) for row in rows if any(row)]
        if self._problems:
            raise FileRefused(self._problems)
        return [(line, form) for line, form in found if form is not None]

    def _check(self, header: list[str]) -> None:
        known = list(columns_of(self._form))
        unknown = [column for column in header if column not in known]
        if unknown or self._id not in header or len(set(header)) < len(header):
            wrong = (
                f"has no column {', '.join(unknown)}" if unknown else f"needs {self._id}, each column once"
            )
            raise FileRefused([Problem(1, f"{wrong}; there are {', '.join(known)}")])

    def _row(self, line: int, header: list[str], row: list[str]) -> Form | None:
        if len(row) != len(header):
            self._problems.append(Problem(line, f"has {len(row)} cells, the header {len(header)}"))
            return None
        try:
            form = self._form.model_validate_strings(_nested(dict(zip(header, row, strict=True))))
        except ValidationError as error:
            found = problems_of(error)
            self._problems += [Problem(line, f"{one['path']}: {one['message']}") for one in found]
            return None
        self._check_once(line, form)
        return form

    def _check_once(self, line: int, form: Model) -> None:
        id = str(getattr(form, self._id))
        first = self._first.setdefault(id, line)
        if first != line:
            self._problems.append(Problem(line, f"{self._id}: {id} is in line {first}, too"))


def _nested(cells: dict[str, str]) -> dict[str, Any]:
    """`{"location.lat": "1"}` as `{"location": {"lat": "1"}}`; an empty cell says nothing."""
    nested: dict[str, Any] = {}
    for column, cell in cells.items():
        if cell.strip():
            *parts, name = column.split(".")
            into = nested
            for part in parts:
                into = into.setdefault(part, {})
            into[name] = cell.strip()
    return nested
