"""Confirms per second on MongoDB beside a bare Motor loop: `python -m benchmarks.mongo_bench`.

The hub's services confirm places at 24 stations, 8 at a time; the driver's monitoring notes what they
send. Then a loop with nothing but Motor sends each of these transactions again to an equal database, the
two taking turns. Beside them the same confirms on SQLite, for the rules' own CPU. The hub also gives the
log its numbers meanwhile, the loop does not. The server is that of the tests.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import Any, Final

from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import monitoring
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from hub.stores.mongo import MongoStore
from hub.stores.sqlite import SqliteStore
from services.again import insist
from services.ports import Log, Records
from tests.real.mongo_server import in_database, running_mongo
from tests.unit.services.cities import services_on
from tests.unit.services.city import City, HandClock

STATIONS: Final = 24
RIDERS: Final = 8  # of each station
AT_ONCE: Final = 8
ROUNDS: Final = 3
STATEMENTS: Final = frozenset(("find", "aggregate", "insert", "update", "delete", "bulkWrite"))
OF_THE_SESSION: Final = frozenset(
    ("lsid", "txnNumber", "startTransaction", "autocommit", "readConcern", "writeConcern", "maxTimeMS")
)

Statements = list[dict[str, Any]]


class Recorder(monitoring.CommandListener):  # type: ignore[misc]
    """The statements of each transaction, by session and number, once it was committed."""

    def __init__(self) -> None:
        self.committed: list[Statements] = []
        self._open: dict[tuple[Any, int], Statements] = defaultdict(list)
        self.on = False

    def started(self, event: Any) -> None:
        command = event.command
        if not self.on or "autocommit" not in command:
            return
        key = (bytes(command["lsid"]["id"]), command["txnNumber"])
        if event.command_name == "commitTransaction":
            self.committed.append(self._open.pop(key))
        elif event.command_name in STATEMENTS:
            self._open[key].append(_own(command))

    def succeeded(self, event: Any) -> None: ...

    def failed(self, event: Any) -> None: ...


def _own(command: Any) -> dict[str, Any]:
    return {key: value for key, value in command.items() if key not in OF_THE_SESSION and key[0] != "$"}


@dataclass
class Round:
    """What one way has cost."""

    seconds: float
    cpu_seconds: float
    latencies: list[float] = field(default_factory=list)

    @property
    def per_s(self) -> float:
        return len(self.latencies) / self.seconds

    @property
    def cpu_ms(self) -> float:
        return 1000 * self.cpu_seconds / len(self.latencies)

    @property
    def p99_ms(self) -> float:
        return 1000 * quantiles(self.latencies, n=100)[98]


async def timed(jobs: list[Callable[[], Awaitable[object]]]) -> Round:
    """Run jobs in their order, so many at once."""
    latencies: list[float] = []
    waiting = iter(jobs)

    async def worker() -> None:
        for job in waiting:
            began = time.perf_counter()
            await job()
            latencies.append(time.perf_counter() - began)

    began, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
    return Round(time.perf_counter() - began, time.process_time() - cpu, latencies)


async def filled(records: Records, log: Log) -> list[Callable[[], Awaitable[object]]]:
    """A city, always the same, and a confirm for each of its riders: one station after the other."""
    clock = HandClock()
    services = services_on(records, log, clock)
    city = City(services, clock, log)
    stations = [await city.station(places=RIDERS, charged=RIDERS + 4) for _ in range(STATIONS)]
    riders = [(await city.rider(), station.id) for _ in range(RIDERS) for station in stations]
    return [
        lambda rider=rider, station_id=station_id: insist(lambda: services.queue.confirm(rider, station_id))
        for rider, station_id in riders
    ]


async def by_hub(uri: str, recorder: Recorder) -> Round:
    async with MongoStore.open(uri, clock=HandClock()) as store:
        jobs = await filled(store.records, store.log)
        recorder.committed.clear()
        recorder.on = True
        done = await timed(jobs)
        recorder.on = False
        return done


async def by_motor(uri: str, transactions: list[Statements]) -> Round:
    async with MongoStore.open(uri, clock=HandClock()) as store:
        await filled(store.records, store.log)
    client: Any = AsyncIOMotorClient(uri, maxPoolSize=32)
    try:
        return await timed([lambda one=one: send(client, one) for one in transactions])
    finally:
        client.close()


async def send(client: Any, statements: Statements) -> None:
    """One transaction, as anybody would write it."""
    own, admin = client.get_default_database(), client.admin
    concerns = ReadConcern("snapshot"), WriteConcern("majority")
    async with await client.start_session() as session, session.start_transaction(*concerns):
        for statement in statements:
            target = admin if "bulkWrite" in statement else own
            await target.command(statement, session=session)


async def by_sqlite(folder: Path) -> Round:
    async with SqliteStore.open(folder / "hub.sqlite", clock=HandClock()) as store:
        return await timed(await filled(store.records, store.log))


async def measure(uri: str, folder: Path, recorder: Recorder) -> None:
    rounds: dict[str, list[Round]] = defaultdict(list)
    for number in range(ROUNDS):
        name = f"bench_{number}"
        rounds["hub"].append(await by_hub(in_database(uri, name), recorder))
        transactions = moved([*recorder.committed], name, f"{name}_bare")
        rounds["bare"].append(await by_motor(in_database(uri, f"{name}_bare"), transactions))
        rounds["sqlite"].append(await by_sqlite(folder / name))
    for name, said in (("hub", "the hub"), ("bare", "bare Motor loop"), ("sqlite", "the hub on SQLite")):
        of = rounds[name]
        print(
            f"  {said:<20} {median(r.per_s for r in of):>8.0f} confirms/s   "
            f"p99 {median(r.p99_ms for r in of):>6.1f} ms   CPU {median(r.cpu_ms for r in of):>5.2f} ms each",
            flush=True,
        )
    ratios = [hub.per_s / bare.per_s for hub, bare in zip(rounds["hub"], rounds["bare"], strict=True)]
    most = median(r.cpu_ms for r in rounds["bare"]) + 2 * median(r.cpu_ms for r in rounds["sqlite"])
    print(f"  rate beside the bare loop {median(ratios):.2f} (to reach: 0.8)")
    share = median(r.cpu_ms for r in rounds["hub"]) / most
    print(f"  CPU beside bare loop + 2 x SQLite {share:.2f} (to reach: 1)")


def moved(transactions: list[Statements], database: str, other: str) -> list[Statements]:
    """The same statements for another database: `bulkWrite` names its own."""
    of_confirms = [one for one in transactions if len(one) > 4]  # without the log's own transactions
    return [[_moved(statement, database, other) for statement in one] for one in of_confirms]


def _moved(statement: dict[str, Any], database: str, other: str) -> dict[str, Any]:
    if "nsInfo" not in statement:
        return statement
    spaces = [{**one, "ns": one["ns"].replace(f"{database}.", f"{other}.", 1)} for one in statement["nsInfo"]]
    return {**statement, "nsInfo": spaces}


def main() -> None:
    recorder = Recorder()
    monitoring.register(recorder)
    print(f"\nconfirms on MongoDB, {AT_ONCE} at once, medians of {ROUNDS}", flush=True)
    with TemporaryDirectory() as folder, running_mongo(Path(folder) / "mongo") as server:
        asyncio.run(measure(server.uri, Path(folder), recorder))


if __name__ == "__main__":
    main()
