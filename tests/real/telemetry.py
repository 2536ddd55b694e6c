"""Telemetry for the tests: what controllers would send by Kafka, and what the hub has heard of it."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from typing import Any

import pytest

from hub.clock import utc_now
from hub.intake import TOPIC, Intake, Run
from hub.metrics import Metrics
from hub.stores import kafka_topics, sqlite_writer
from hub.stores.kafka import KafkaCluster
from services.models import Station
from tests.support.hub import RunningHub

DEAD = TOPIC + kafka_topics.DEAD
PACKS = 4
LEVELS = [10 + step % 2 * 40 + step / 2 for step in range(30)]  # of charge, %: each far from the one before


@asynccontextmanager
async def taking(
    hub: RunningHub, cluster: KafkaCluster, run: Run | None = None
) -> AsyncIterator[tuple[Intake, Metrics]]:
    """A member of the test's group, which calls this hub."""
    metrics = Metrics()
    run = run or hub.hub.by_message("station:telemetry")
    intake = Intake(cluster, cluster.name("group"), run, metrics, clock=utc_now)
    task = asyncio.create_task(intake.run())
    try:
        yield intake, metrics
    finally:
        await intake.drain(10)
        task.cancel()
        (ended,) = await asyncio.gather(task, return_exceptions=True)
        assert ended is None or isinstance(ended, asyncio.CancelledError), repr(ended)


def taken(metrics: Metrics, answer: str = "ok") -> int:
    return int(metrics.registry.get_sample_value("hub_kafka_telemetry_total", {"answer": answer}) or 0)


def reading(station: str, packs: Iterable[str], soc: float, event_id: str | None = None) -> dict[str, Any]:
    slots = [{"battery_id": pack, "soc": soc} for pack in packs]
    headers = [("ce_id", event_id.encode())] if event_id else []
    value = json.dumps({"station_id": station, "slots": slots}).encode()
    return {"key": station.encode(), "value": value, "headers": headers}


def packs_of(number: int) -> list[str]:
    """The packs of the n-th station that a fresh `RunningHub` makes with PACKS that charge."""
    return [f"battery_{PACKS * number + pack + 1:05}" for pack in range(PACKS)]


async def stations(hub: RunningHub, count: int) -> list[Station]:
    return [await hub.station(charged=0, charging=PACKS) for _ in range(count)]


def readings(count: int) -> list[dict[str, Any]]:
    """Every pack of that many stations goes through the levels, stations in turn."""
    return [
        reading(f"station_{number + 1:03}", packs_of(number), soc)
        for soc in LEVELS
        for number in range(count)
    ]


async def heard(hub: RunningHub) -> dict[str, list[float]]:
    """What the log has of each pack's state of charge, in its order."""
    records = await hub.hub.resources.log.read(after=0, limit=100_000)
    return levels(record.payload for record in records if record.name == "battery:changed")


def levels(payloads: Iterable[bytes]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for payload in map(json.loads, payloads):
        found.setdefault(payload["battery_id"], []).append(payload["soc"])
    return found


def each_level_once(count: int) -> dict[str, list[float]]:
    return {pack: LEVELS for number in range(count) for pack in packs_of(number)}


@contextmanager
def store_away(hub: RunningHub, monkeypatch: pytest.MonkeyPatch) -> Iterator[sqlite3.Connection]:
    """Somebody else writes to the hub's file, until they roll back or the block ends."""
    monkeypatch.setattr(sqlite_writer, "BUSY_S", 0.05)
    with closing(sqlite3.connect(hub.hub.settings.data_dir / "navswap.sqlite")) as other:
        other.execute("BEGIN IMMEDIATE")
        yield other


def refused(hub: RunningHub) -> float:
    """How often telemetry was told that the store is away."""
    answer = {"operation": "station:telemetry", "answer": "unavailable"}
    return hub.hub.metrics.registry.get_sample_value("hub_operations_total", answer) or 0
