"""Confirms over sockets with MongoDB, Redis and Kafka: `python -m benchmarks.three_servers_bench`.

One hub process and two (`--workers 2`) take turns with the bare Motor loop of `mongo_bench` on the same
server of the tests. The clients are a process of their own. Everything shares this machine's cores.
"""

from __future__ import annotations

import asyncio
import sys
import uuid
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from signal import SIGTERM
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

import orjson
from pymongo import monitoring

from benchmarks.hub.city import fill_records, rider_id, station_id
from benchmarks.mongo_bench import AT_ONCE, ROUNDS, STATIONS, Recorder, Statements, by_hub, by_motor, moved
from hub.clock import utc_now
from hub.stores.mongo import MongoStore
from tests.e2e.process import HubProcess
from tests.real.kafka_server import NoKafka, running_kafka
from tests.real.mongo_server import in_database, running_mongo
from tests.real.redis_server import single
from tests.support.processes import cpu_s

PLACES: Final = 12  # of each of as many stations as the bare loop has
RIDERS: Final = 192
PROCESSES: Final = (1, 2)
LOOP: Final = "bare Motor loop"
RECORDED: Final = "recorded"
LOAD_S: Final = 120.0  # longest time for all confirms


@dataclass(frozen=True, slots=True)
class Servers:
    """Where they are, and a folder for what a hub keeps itself."""

    mongo: str
    redis: str
    kafka: str
    folder: Path

    def settings(self, name: str, number: int) -> dict[str, str]:
        """For a hub of a name and number of its own."""
        topics = f"bench-{uuid.uuid4().hex[:12]}."
        return {
            "MONGODB_URI": in_database(self.mongo, name),
            "REDIS_HOST": f"{self.redis}/{number}",
            "KAFKA_BOOTSTRAP_SERVERS": self.kafka,
            "KAFKA_TOPIC_PREFIX": topics,
            "KAFKA_GROUP_ID": topics + "hub",
            "KAFKA_TOPIC_PARTITIONS": "1",
        }


@dataclass(frozen=True, slots=True)
class Figures:
    """What one run has shown; `cpu_ms` is that of all hub processes for each confirm."""

    per_s: float
    p99_ms: float
    cpu_ms: float


async def by_sockets(servers: Servers, processes: int, number: int) -> Figures:
    """Confirms of a hub of so many processes, which is started for them and ended."""
    name = f"sockets_{processes}_{number}"
    settings = servers.settings(name, 2 * number + processes)
    (servers.folder / name / "data").mkdir(parents=True)
    async with MongoStore.open(settings["MONGODB_URI"], clock=utc_now) as store:
        await fill_records(store.records, stations=STATIONS, places=PLACES, riders=RIDERS)
    args = ("--workers", str(processes)) if processes > 1 else ()
    hub = HubProcess(servers.folder / name / "data", args=args, settings=settings)
    try:
        await hub.start()
        return await _load(hub)
    finally:
        if hub.process:
            await hub.kill(SIGTERM)


async def _load(hub: HubProcess) -> Figures:
    assert hub.process
    tokens = {
        "riders": hub.tokens("consumer", [rider_id(n) for n in range(RIDERS)]),
        "stations": [station_id(n) for n in range(STATIONS)],
    }
    before = _cpu_s(hub.process.pid)
    clients = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.hub.load", "confirms_few", str(hub.hub_port),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        async with asyncio.timeout(LOAD_S):
            printed, _ = await clients.communicate(orjson.dumps(tokens) + b"\n")
    finally:
        if clients.returncode is None:
            clients.kill()
            await clients.wait()
    if not printed:
        raise RuntimeError(f"the clients failed; the hub said: {hub.log()}")
    found = orjson.loads(printed)
    cpu_ms = (_cpu_s(hub.process.pid) - before) * 1000 / RIDERS
    return Figures(found["per_s"], found["p99_ms"], cpu_ms)


def _cpu_s(pid: int) -> float:
    """Of a process and its children, the workers."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return sum(map(cpu_s, (pid, *map(int, children.split()))))


async def by_loop(servers: Servers, recorded: list[Statements], number: int) -> Figures:
    """As many confirms, their transactions sent by a bare Motor loop."""
    name = f"loop_{number}"
    done = await by_motor(in_database(servers.mongo, name), moved(recorded, RECORDED, name))
    return Figures(done.per_s, done.p99_ms, done.cpu_ms)


async def measure(servers: Servers, recorder: Recorder) -> None:
    await by_hub(in_database(servers.mongo, RECORDED), recorder)
    recorded = [*recorder.committed]
    found: dict[str, list[Figures]] = defaultdict(list)
    for number in range(ROUNDS):
        found[LOOP].append(await by_loop(servers, recorded, number))
        for processes in PROCESSES:
            title = f"{processes} hub process{'es' if processes > 1 else ''}"
            found[title].append(await by_sockets(servers, processes, number))
    for title, runs in found.items():
        _report(title, runs, beside=found[LOOP])


def _report(title: str, runs: list[Figures], *, beside: list[Figures]) -> None:
    share = median(one.per_s / bare.per_s for one, bare in zip(runs, beside, strict=True))
    print(
        f"  {title:<18} {median(one.per_s for one in runs):>7.1f} confirms/s ({share:.2f} of the loop)   "
        f"p99 {median(one.p99_ms for one in runs):>6.0f} ms   "
        f"CPU {median(one.cpu_ms for one in runs):>6.2f} ms each",
        flush=True,
    )


def main() -> None:
    monitoring.register(recorder := Recorder())
    print(f"\nconfirms on MongoDB, Redis and Kafka, {AT_ONCE} at once, medians of {ROUNDS}", flush=True)
    with TemporaryDirectory() as folder, ExitStack() as stack:
        own = Path(folder)
        try:
            kafka = stack.enter_context(running_kafka(own / "kafka"))
        except NoKafka as why:
            print(f"  not measured, {why}")
            return
        mongo = stack.enter_context(running_mongo(own / "mongo"))
        redis = stack.enter_context(single(own / "redis"))
        asyncio.run(measure(Servers(mongo.uri, redis.url, kafka.address, own), recorder))


if __name__ == "__main__":
    main()
