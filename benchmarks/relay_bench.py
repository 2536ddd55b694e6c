"""Events per second from the log to Kafka: `python -m benchmarks.relay_bench`.

A backlog in SQLite, as after hours without brokers; one relay, one broker (Apache Kafka 3.9.1, KRaft) on the
same machine. An event counts when the broker has acknowledged it. Seven of ten are positions.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import Final

from hub import logs
from hub.clock import utc_now
from hub.ids import SortableIds
from hub.metrics import Metrics
from hub.relay import Relay
from hub.stores.kafka import KafkaCluster
from hub.stores.sqlite import SqliteStore
from services.base import Location
from services.events import Fact, GpsMoved, SwapStarted, Topic
from tests.real.kafka_server import KafkaServer, NoKafka, running_kafka

EVENTS: Final = 60_000
PER_COMMIT: Final = 1000
RUNS: Final = 3
DEADLINE_S: Final = 120.0
GOAL: Final = 5000


def facts(ids: SortableIds, count: int) -> list[Fact]:
    """Of 300 riders and 24 stations in turn."""
    now = datetime.now(UTC)
    return [_moved(ids(), now, n) if n % 10 < 7 else _started(ids(), now, n) for n in range(count)]


def _moved(id: str, at: datetime, number: int) -> Fact:
    return GpsMoved(
        id=id,
        at=at,
        version=0,
        user_id=f"consumer_{number % 300:03}",
        location=Location(lat=12.97, lng=77.59),
        accuracy_m=5,
        speed_mps=11.2,
        heading=90,
        fix_at=at,
        trust=1.0,
        trust_reasons=(),
    )


def _started(id: str, at: datetime, number: int) -> Fact:
    return SwapStarted(
        id=id,
        at=at,
        version=1,
        station_id=f"station_{number % 24:03}",
        swap_id=id,
        entry_id=id,
        user_id=f"consumer_{number % 300:03}",
        staff_id="staff_001",
        battery_id="battery_00001",
    )


async def drained(relay: Relay) -> None:
    """Until every topic has passed the log's end; looks 50 times a second."""
    async with asyncio.timeout(DEADLINE_S):
        while True:
            lags = await relay.lags()
            if len(lags) == len(Topic) and not any(lag.records for lag in lags.values()):
                return
            await asyncio.sleep(0.02)


async def held_up(delays_s: list[float]) -> None:
    """How late a client of the same loop is served meanwhile."""
    while True:
        began = time.perf_counter()
        await asyncio.sleep(0)
        delays_s.append(time.perf_counter() - began)
        await asyncio.sleep(0.001)


async def one_run(server: KafkaServer, folder: Path, number: int) -> tuple[float, float, float]:
    """Events per second, CPU ms per 1,000 events, and the 99th percentile of `held_up` in ms."""
    cluster = KafkaCluster({"bootstrap_servers": server.address}, f"run{number}.", may_create=True)
    async with SqliteStore.open(folder / f"run{number}.sqlite", clock=utc_now) as store:
        every = facts(SortableIds(), EVENTS)
        for start in range(0, EVENTS, PER_COMMIT):
            async with store.records.transaction() as tx:
                tx.log(*every[start : start + PER_COMMIT])
        relay = Relay(store.log, cluster, Metrics(), clock=utc_now)
        began, cpu = time.perf_counter(), time.process_time()
        delays_s: list[float] = []
        tasks = [asyncio.create_task(relay.run()), asyncio.create_task(held_up(delays_s))]
        await drained(relay)
        took_s, cpu_s = time.perf_counter() - began, time.process_time() - cpu
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return EVENTS / took_s, cpu_s / EVENTS * 1e6, quantiles(delays_s, n=100)[-1] * 1000


def main() -> None:
    logs.configure("error", "text")
    with TemporaryDirectory() as folder:
        try:
            with running_kafka(Path(folder) / "kafka") as server:
                found = [asyncio.run(one_run(server, Path(folder), number)) for number in range(RUNS)]
        except NoKafka as why:
            print(f"relay from a backlog: not measured, {why}")
            return
    rates, cpus, delays = zip(*found, strict=True)
    print(
        f"relay from a backlog of {EVENTS:,}: {median(rates):,.0f} events/s "
        f"({min(rates):,.0f} to {max(rates):,.0f}; goal {GOAL:,}), {median(cpus):.0f} ms of CPU per 1,000 "
        f"events; others on its loop wait {median(delays):.1f} ms (p99)",
        flush=True,
    )


if __name__ == "__main__":
    main()
