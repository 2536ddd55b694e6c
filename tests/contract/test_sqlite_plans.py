"""The queries that every command makes go by an index, and none is compiled anew each time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub.stores.sqlite import SqliteStore
from hub.stores.sqlite_sql import TABLES
from services.job_models import EndKind
from services.models import HolderKind, PostingState, Role
from services.ports import Range, Where
from services.states import (
    DIVERSION_OPEN,
    DIVERSION_UNSETTLED,
    INCIDENT_OPEN,
    OPEN,
    OPEN_JOB,
    TICKET_OPEN,
    UNDERWAY,
    WAITLISTED,
    BatteryState,
    DiversionState,
    JobState,
    SwapState,
    WaitingState,
)
from tests.contract.documents import NOON, HandClock

HERE: Where = {"holder.kind": HolderKind.SLOT, "holder.id": "station_001"}
FREE: Where = {**HERE, "state": BatteryState.CHARGED, "held_for": None, "battery_type": "standard"}

QUERIES: list[tuple[str, Where, tuple[str, ...]]] = [
    ("batteries", HERE, ()),
    ("batteries", FREE, ("id",)),
    ("batteries", FREE, ("-soc", "cycles", "id")),
    ("batteries", {**HERE, "state": BatteryState.CHARGING, "held_for": None}, ("id",)),
    ("batteries", {**HERE, "state": BatteryState.CHARGING}, ("-soc",)),
    ("batteries", {"holder.kind": HolderKind.RIDER, "holder.id": "consumer_001"}, ("id",)),
    ("batteries", {**HERE, "holder.slot": 7}, ("id",)),
    ("batteries", {"held_for": "entry"}, ("id",)),
    ("queues", {"user_id": "u", "state": OPEN}, ("id",)),
    ("queues", {"station_id": "s", "state": OPEN}, ("order",)),
    ("waitlist", {"user_id": "u", "state": WAITLISTED}, ("id",)),
    ("waitlist", {"station_id": "s", "state": WAITLISTED}, ("id",)),
    ("waitlist", {"station_id": "s", "state": WaitingState.OFFERED}, ()),
    ("waitlist", {"state": WAITLISTED}, ("id",)),
    ("swaps", {"user_id": "u", "id": Range(lt="x")}, ("-id",)),
    ("swaps", {"state": SwapState.COMPLETED, "completed_at": Range(gte=NOON)}, ()),
    ("swaps", {"state": SwapState.COMPLETED, "completed_at": Range(gte=NOON, lt=NOON)}, ()),
    ("swaps", {"station_id": "s", "state": SwapState.COMPLETED, "completed_at": Range(gte=NOON)}, ()),
    ("swaps", {"station_id": "s", "state": SwapState.COMPLETED}, ("-completed_at",)),
    ("swaps", {"station_id": "s", "state": SwapState.COMPLETED}, ("completed_at",)),
    ("qr_tokens", {"entry_id": "e", "used_at": None, "replaced_at": None}, ("id",)),
    ("credits", {"account": "u", "state": PostingState.POSTED}, ()),
    ("credits", {"account": "u", "state": PostingState.POSTED}, ("-at", "-id")),
    ("credits", {"account": "u", "state": PostingState.POSTED, "at": Range(lt=NOON)}, ("-at", "-id")),
    ("custody", {"battery_id": "b"}, ("-number",)),
    ("custody", {"battery_id": "b", "number": Range(lt=9)}, ("-number",)),
    ("credits", {"source": "s", "rule": "r", "state": PostingState.PENDING}, ("id",)),
    ("gps_logs", {"user_id": "u"}, ("-at",)),
    ("gps_logs", {"user_id": "u", "at": Range(gt=NOON)}, ("-at",)),
    ("gps_logs", {"at": Range(lt=NOON)}, ("at", "id")),
    ("gps_logs", {"at": NOON, "id": Range(gt="x")}, ("at", "id")),
    ("audit", {"at": Range(lt=NOON)}, ("at", "id")),
    ("transport_jobs", {"state": JobState.PENDING}, ("id",)),
    ("transport_jobs", {"state": OPEN_JOB}, ("id",)),
    ("transport_jobs", {"assignee_id": "t", "id": Range(lt="x")}, ("-id",)),
    ("transport_jobs", {"assignee_id": ("t", "u"), "state": UNDERWAY}, ("id",)),
    ("transport_jobs", {"source.id": "s", "source.kind": EndKind.STATION, "state": UNDERWAY}, ("id",)),
    ("transport_jobs", {"target.id": "s", "state": OPEN_JOB}, ("id",)),
    ("staff_assignments", {"station_id": "s", "ends_at": None}, ("id",)),
    ("staff_assignments", {"station_id": ("s", "t"), "ends_at": None}, ("id",)),
    ("staff_assignments", {"staff_id": "s"}, ("-starts_at",)),
    ("staff_assignments", {"staff_id": "s", "ends_at": None}, ("id",)),
    ("diversions", {"staff_id": "s", "state": DIVERSION_UNSETTLED}, ("id",)),
    ("diversions", {"staff_id": "s", "state": DiversionState.OFFERED}, ("id",)),
    ("diversions", {"staff_id": "s", "state": DIVERSION_OPEN}, ("id",)),
    ("diversions", {"state": DIVERSION_OPEN}, ("id",)),
    ("diversions", {"diversion_id": "d"}, ("staff_id",)),
    ("diversions", {"staff_id": "s", "offered_at": Range(lt=NOON)}, ("-offered_at", "-id")),
    ("tickets", {"station_id": "s", "status": TICKET_OPEN}, ()),
    ("tickets", {"status": TICKET_OPEN}, ("id",)),
    ("tickets", {"station_id": "s", "id": Range(lt="x")}, ("-id",)),
    ("incidents", {"station_id": "s", "cause": "slot_jam:", "state": INCIDENT_OPEN}, ("id",)),
    ("incidents", {"state": INCIDENT_OPEN}, ("station_id", "id")),
    ("incidents", {"station_id": "s", "state": INCIDENT_OPEN}, ("id",)),
    ("incidents", {"station_id": "s", "id": Range(lt="x")}, ("-id",)),
    ("incidents", {"station_id": "s", "raised_at": Range(gte=NOON)}, ("id",)),
    ("incidents", {"station_id": "s", "raised_at": Range(gte=NOON)}, ("raised_at",)),
    ("incidents", {"station_id": "s", "last_run_at": Range(gt=NOON)}, ("id",)),
    ("incidents", {"battery_id": "b", "state": INCIDENT_OPEN}, ("id",)),
    ("timers", {"due_at": Range(lte=NOON)}, ("due_at", "id")),
    ("batteries", {"holder.kind": tuple(HolderKind)}, ()),
    ("batteries", {"holder.kind": HolderKind.PARTNER, "holder.id": ("a", "b")}, ()),
    ("checkpoints", {"id": Range(gt="")}, ("-id",)),
    ("checkpoint_parts", {"checkpoint_id": "c", "last_key": Range(gt="k")}, ("last_key",)),
    ("checkpoint_parts", {"id": Range(lt="c")}, ("id",)),
    ("gps_logs", {"at": Range(gte=NOON, lt=NOON)}, ("at",)),
    ("incidents", {"state": INCIDENT_OPEN, "station_id": ("a", "b")}, ()),
    ("queues", {"state": OPEN}, ()),
    ("stations", {"id": Range(gt="s")}, ("id",)),
    ("swaps", {"state": SwapState.COMPLETED, "completed_at": Range(gte=NOON), "station_id": ("a", "b")}, ()),
    ("traffic", {"until": Range(lte=NOON)}, ("-until",)),
    ("traffic", {"until": Range(lt=NOON)}, ("until",)),
    ("traffic", {"until": NOON, "rank": Range(gt="0.5")}, ("rank",)),
    ("transport_jobs", {"ended_at": Range(gte=NOON)}, ()),
    ("transport_jobs", {"ended_at": Range(gte=NOON), "state": JobState.DELIVERED}, ("-ended_at",)),
    (
        "transport_jobs",
        {"source.id": ("a", "b"), "source.kind": EndKind.STATION, "state": (JobState.ASSIGNED,)},
        (),
    ),
    ("users", {"role": Role.STAFF, "station_id": "s"}, ("id",)),
    ("users", {"role": Role.STAFF, "station_id": ("s", "t")}, ("id",)),
    ("users", {"id": ("u", "v")}, ("id",)),
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
