"""The queries that every command makes go by an index, and none is compiled anew each time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub.stores.sqlite import SqliteStore
from hub.stores.sqlite_sql import TABLES
from services.models import HolderKind, PostingState, Role
from services.ports import Range, Where
from services.states import OPEN, BatteryState, SwapState
from tests.contract.documents import NOON, HandClock

HERE: Where = {"holder.kind": HolderKind.SLOT, "holder.id": "station_001"}
FREE: Where = {**HERE, "state": BatteryState.CHARGED, "held_for": None, "battery_type": "standard"}

QUERIES: list[tuple[str, Where, tuple[str, ...]]] = [
    ("batteries", HERE, ()),
    ("batteries", FREE, ("-soc", "cycles", "id")),
    ("batteries", {**HERE, "state": BatteryState.CHARGING}, ("-soc",)),
    ("batteries", {"holder.kind": HolderKind.RIDER, "holder.id": "consumer_001"}, ("id",)),
    ("batteries", {"held_for": "entry"}, ("id",)),
    ("queues", {"user_id": "u", "state": OPEN}, ("id",)),
    ("queues", {"station_id": "s", "state": OPEN}, ("order",)),
    ("swaps", {"user_id": "u", "id": Range(lt="x")}, ("-id",)),
    ("swaps", {"state": SwapState.COMPLETED, "completed_at": Range(gte=NOON)}, ()),
    ("qr_tokens", {"entry_id": "e", "used_at": None, "replaced_at": None}, ("id",)),
    ("credits", {"account": "u", "state": PostingState.POSTED}, ()),
    ("credits", {"source": "s", "rule": "r", "state": PostingState.PENDING}, ("id",)),
    ("gps_logs", {"user_id": "u"}, ("-at",)),
    ("staff_assignments", {"station_id": "s", "ends_at": None}, ("id",)),
    ("staff_assignments", {"staff_id": "s"}, ("-starts_at",)),
    ("tickets", {"station_id": "s", "status": "open"}, ()),
    ("timers", {"due_at": Range(lte=NOON)}, ("due_at", "id")),
    ("users", {"role": Role.STAFF, "station_id": "s"}, ("id",)),
    ("kept_answers", {"expires_at": Range(lte=NOON)}, ()),
]


@pytest.fixture
async def sqlite(tmp_path: Path, clock: HandClock) -> AsyncIterator[SqliteStore]:
    async with SqliteStore.open(tmp_path / "hub.sqlite", clock=clock) as store:
        yield store


@pytest.mark.parametrize(("name", "where", "order"), QUERIES)
async def test_query_goes_by_an_index(
    sqlite: SqliteStore, name: str, where: Where, order: tuple[str, ...]
) -> None:
    table = TABLES[name]
    clause, parameters = table.where(where)
    statement = f"EXPLAIN QUERY PLAN {table.select}{clause}{table.order(order)}"

    plan = [row[3] for row in sqlite.writer.connection.execute(statement, parameters)]

    assert any(step.startswith(f"SEARCH {name} USING") for step in plan), plan
    assert not any(step.startswith("SCAN") for step in plan), plan


def test_enums_stand_in_the_statement() -> None:
    """A parameter that decides whether a partial index can be used costs a compilation per execution."""
    clause, parameters = TABLES["batteries"].where(FREE)

    assert "\"holder.kind\" = 'slot'" in clause
    assert parameters == ["station_001", "standard"]
