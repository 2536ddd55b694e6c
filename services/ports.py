"""What the rules ask of the world. Adapters pass the suites in `tests/contract`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from services import (
    admin_models,
    fault_models,
    fixes,
    job_models,
    models,
    staff_models,
    upkeep_models,
    waiting_models,
)
from services.base import Document
from services.board import StationBoard
from services.events import Fact
from services.fences import FenceTrack
from services.kept_forecasts import KeptForecast

D = TypeVar("D", bound=Document)

Scalar = str | int | float | bool | datetime | None


@dataclass(frozen=True, slots=True)
class Range:
    """A half-open or closed interval of a field; give at least one side."""

    gt: Scalar = None
    gte: Scalar = None
    lt: Scalar = None
    lte: Scalar = None


Where = Mapping[str, "Scalar | tuple[Scalar, ...] | Range"]
"""Conditions that must all hold: a value, one of a tuple of values, or a range. Fields of a part are
named with a dot: `holder.id`."""


class Reads(Protocol[D]):
    """One collection, read."""

    async def get(self, id: str, /) -> D | None: ...

    async def find(
        self, where: Where, /, *, order: tuple[str, ...] = ("id",), limit: int | None = None
    ) -> list[D]:
        """The documents for which all conditions hold. `-field` in `order` is descending."""
        ...

    async def first(self, where: Where, /, *, order: tuple[str, ...] = ("id",)) -> D | None: ...

    async def count(self, where: Where, /) -> int: ...

    async def sum(self, field: str, where: Where, /) -> int:
        """The sum of an integer field; 0 when nothing matches."""
        ...

    async def tally(self, by: tuple[str, ...], where: Where, /) -> dict[tuple[Scalar, ...], int]:
        """How many documents there are for each combination of the values of the fields `by`."""
        ...


class Writes(Reads[D], Protocol[D]):
    """One collection inside a transaction: reads see the transaction's own writes."""

    async def insert(self, *documents: D) -> None:
        """Add documents. Raises DuplicateKey, naming the index, when a unique index refuses one."""
        ...

    async def replace(self, document: D, /) -> None:
        """Store the next version of a document (see `Document.changed`).

        Raises WriteConflict unless the stored version is exactly one less, DuplicateKey as `insert`.
        """
        ...

    async def delete(self, id: str, /) -> bool:
        """Remove a document; false when there was none."""
        ...


class Snapshot(Protocol):
    """Every collection as committed now."""

    @property
    def users(self) -> Reads[models.User]: ...
    @property
    def stations(self) -> Reads[models.Station]: ...
    @property
    def queues(self) -> Reads[models.Entry]: ...
    @property
    def waitlist(self) -> Reads[waiting_models.Waiting]: ...
    @property
    def swaps(self) -> Reads[models.Swap]: ...
    @property
    def batteries(self) -> Reads[models.Battery]: ...
    @property
    def custody(self) -> Reads[models.Custody]: ...
    @property
    def qr_tokens(self) -> Reads[models.QrToken]: ...
    @property
    def credits(self) -> Reads[models.Posting]: ...
    @property
    def gps_logs(self) -> Reads[fixes.GpsFix]: ...
    @property
    def staff_assignments(self) -> Reads[models.Assignment]: ...
    @property
    def diversions(self) -> Reads[staff_models.Diversion]: ...
    @property
    def tickets(self) -> Reads[fault_models.Ticket]: ...
    @property
    def incidents(self) -> Reads[fault_models.Incident]: ...
    @property
    def partner_shops(self) -> Reads[models.Partner]: ...
    @property
    def transport_jobs(self) -> Reads[job_models.Job]: ...
    @property
    def kept_answers(self) -> Reads[upkeep_models.KeptAnswer]: ...
    @property
    def timers(self) -> Reads[upkeep_models.Timer]: ...
    @property
    def audit(self) -> Reads[upkeep_models.AuditRecord]: ...
    @property
    def checkpoints(self) -> Reads[admin_models.Checkpoint]: ...
    @property
    def checkpoint_parts(self) -> Reads[admin_models.CheckpointPart]: ...
    @property
    def traffic(self) -> Reads[admin_models.CellTraffic]: ...
    @property
    def used_links(self) -> Reads[upkeep_models.UsedLink]: ...
    @property
    def installation(self) -> Reads[upkeep_models.InstallationFact]: ...


class Transaction(Protocol):
    """All or nothing. Everything read in it is as of its start, plus its own writes."""

    @property
    def users(self) -> Writes[models.User]: ...
    @property
    def stations(self) -> Writes[models.Station]: ...
    @property
    def queues(self) -> Writes[models.Entry]: ...
    @property
    def waitlist(self) -> Writes[waiting_models.Waiting]: ...
    @property
    def swaps(self) -> Writes[models.Swap]: ...
    @property
    def batteries(self) -> Writes[models.Battery]: ...
    @property
    def custody(self) -> Writes[models.Custody]: ...
    @property
    def qr_tokens(self) -> Writes[models.QrToken]: ...
    @property
    def credits(self) -> Writes[models.Posting]: ...
    @property
    def gps_logs(self) -> Writes[fixes.GpsFix]: ...
    @property
    def staff_assignments(self) -> Writes[models.Assignment]: ...
    @property
    def diversions(self) -> Writes[staff_models.Diversion]: ...
    @property
    def tickets(self) -> Writes[fault_models.Ticket]: ...
    @property
    def incidents(self) -> Writes[fault_models.Incident]: ...
    @property
    def partner_shops(self) -> Writes[models.Partner]: ...
    @property
    def transport_jobs(self) -> Writes[job_models.Job]: ...
    @property
    def kept_answers(self) -> Writes[upkeep_models.KeptAnswer]: ...
    @property
    def timers(self) -> Writes[upkeep_models.Timer]: ...
    @property
    def audit(self) -> Writes[upkeep_models.AuditRecord]: ...
    @property
    def checkpoints(self) -> Writes[admin_models.Checkpoint]: ...
    @property
    def checkpoint_parts(self) -> Writes[admin_models.CheckpointPart]: ...
    @property
    def traffic(self) -> Writes[admin_models.CellTraffic]: ...
    @property
    def used_links(self) -> Writes[upkeep_models.UsedLink]: ...
    @property
    def installation(self) -> Writes[upkeep_models.InstallationFact]: ...

    def log(self, *facts: Fact) -> None:
        """Append facts to the event log, in this transaction and in this order."""
        ...

    def after_commit(self, step: Callable[[], Awaitable[None]], /) -> None:
        """Run `step` once the transaction is durable and before anybody is answered; never if it is not.

        For live state only: a step that fails is logged and marks live state as stale, nothing more.
        """
        ...


class Records(Protocol):
    """The truth. Nothing is acknowledged before its transaction is durable.

    Adapters pass tests/contract/test_records.py.
    """

    @property
    def now(self) -> Snapshot:
        """Reads outside a transaction: they see what is committed, and every commit before their start."""
        ...

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """Begin, and commit at the end of the block; any exception undoes it all.

        Inside another transaction of the same task it joins that one: commit and undoing are the
        outermost block's. Raises WriteConflict when another transaction won (the caller of the
        outermost block starts again), Unavailable when the store fails: then nothing was changed.
        """
        ...


@dataclass(frozen=True, slots=True)
class LogRecord:
    """One fact in the log. `seq` grows without end; `payload` is the fact as JSON text."""

    seq: int
    id: str
    name: str | None
    rooms: tuple[str, ...]
    type: str | None
    topic: str | None
    key: str
    at: datetime
    payload: bytes


class Log(Protocol):
    """The event log, written by transactions and read by readers that keep their place.

    Adapters pass tests/contract/test_log.py.
    """

    async def read(self, *, after: int, limit: int) -> list[LogRecord]:
        """Committed records with a greater `seq`, in order; no smaller one can appear later."""
        ...

    async def last(self) -> int:
        """The newest committed `seq`; 0 for an empty log."""
        ...

    async def position(self, reader: str) -> int | None:
        """Where the reader is; none for one that has never kept its place."""
        ...

    async def keep_position(self, reader: str, seq: int) -> None: ...

    async def wait(self, *, after: int, timeout_s: float) -> bool:
        """Until there is a record after that one; false when the time is up first."""
        ...


@dataclass(frozen=True, slots=True)
class Allowance:
    """May the call go on, and if not, in how many seconds."""

    allowed: bool
    retry_after_s: float = 0.0


@dataclass(frozen=True, slots=True)
class LiveMark:
    """What live state held at a moment: each board's version, and when each user's newest fix was."""

    boards: Mapping[str, int]
    positions: Mapping[str, datetime]
    store: str = ""  # what the adapter itself has to remember


class Live(Protocol):
    """State of the moment: fast, shared by the nodes, rebuilt from Records when lost.

    Adapters pass tests/contract/test_live.py.
    """

    async def put_board(self, board: StationBoard) -> None:
        """Keep a station's board, unless a newer version is there already."""
        ...

    async def board(self, station_id: str) -> StationBoard | None: ...

    async def boards(self) -> list[StationBoard]:
        """Every station's board, by id."""
        ...

    async def boards_in(self, cells: Iterable[str]) -> list[StationBoard]:
        """The boards of the stations whose finest cells belong to these (see `services.cells`), by id.

        Cells are of any resolution. What it costs goes by the cells and the stations in them alone.
        """
        ...

    async def count_boards(self) -> int:
        """How many stations have a board."""
        ...

    async def put_position(self, fix: fixes.GpsFix) -> bool:
        """Keep a user's newest fix; false, and nothing changed, for one that is not newer."""
        ...

    async def position(self, user_id: str) -> fixes.GpsFix | None: ...

    async def positions(self) -> list[fixes.GpsFix]: ...

    async def put_fences(self, user_id: str, track: FenceTrack) -> None: ...

    async def fences(self, user_id: str) -> FenceTrack | None: ...

    async def put_forecast(self, forecast: KeptForecast, *, for_s: float) -> None:
        """Keep a model's newest forecast of one thing for so long."""
        ...

    async def forecast(self, model: str, id: str) -> KeptForecast | None: ...

    async def allow(self, key: str, *, per_minute: int, per_hour: int) -> Allowance:
        """Count one call in both windows, in one atomic step; a refused call is not counted. 0 is no limit.

        Raises Unavailable when the store does not answer within its deadline.
        """
        ...

    async def mark(self) -> LiveMark:
        """Begin a rebuild, before the records are read for it."""
        ...

    async def replace_all(
        self, boards: Iterable[StationBoard], positions: Iterable[fixes.GpsFix], *, since: LiveMark
    ) -> None:
        """Forget boards, positions and fences and take these: the rebuild.

        What is newer than what it takes, and what it does not know, stays if it came after the mark: it was
        committed after the records were read. What is as it was at the mark goes, however new it looks.
        """
        ...
