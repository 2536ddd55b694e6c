"""The relay on a real broker: everything arrives, in order per key, whatever dies meanwhile."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from hub.cloudevents import SOURCE
from hub.metrics import Metrics
from hub.relay import Relay, reader_name
from hub.stores import kafka_publisher, outbox
from hub.stores.kafka import KafkaCluster
from hub.stores.sqlite import SqliteStore
from services.events import Topic
from tests.contract.documents import NOON, HandClock, heard, moved
from tests.real.kafka_server import KafkaServer
from tests.real.kafka_topics import Message, by_key, end_of, event_ids, read_until

STATIONS = [f"station_{number:03}" for number in range(20)]
SWAPS, PLACES = Topic.SWAP, Topic.LOCATION


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[SqliteStore]:
    async with SqliteStore.open(folder / "navswap.sqlite", clock=HandClock()) as store:
        yield store


@asynccontextmanager
async def relaying(store: SqliteStore, cluster: KafkaCluster) -> AsyncIterator[Relay]:
    relay = Relay(store.log, cluster, Metrics(), clock=HandClock())
    task = asyncio.create_task(relay.run())
    try:
        yield relay
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def commit(store: SqliteStore, numbers: Iterable[int]) -> None:
    """Facts of twenty stations in turn; a fact's version is its number."""
    async with store.records.transaction() as tx:
        tx.log(*(heard(number, station_id=STATIONS[number % len(STATIONS)]) for number in numbers))


def assert_all_in_order(messages: list[Message], count: int) -> None:
    """Every fact once or more, and the first copies of each station in the order of their commits."""
    found = by_key(messages)
    assert sum(map(len, found.values())) == count
    for station, events in found.items():
        versions = [data["version"] for _, data in events]
        assert versions == list(range(STATIONS.index(station), count, len(STATIONS)))


async def until(relay: Relay, so: Callable[[int], bool], within_s: float = 60) -> None:
    """Until every topic is that far behind the log's end."""
    async with asyncio.timeout(within_s):
        while True:
            lags = await relay.lags()
            if len(lags) == len(Topic) and so(max(lag.records for lag in lags.values())):
                return
            # Kafka takes records elsewhere: nothing tells this task but the relay's own figure.
            await asyncio.sleep(0.01)


def nothing(behind: int) -> bool:
    return behind == 0


async def test_facts_arrive_as_cloudevents_with_their_keys(tmp_path: Path, cluster: KafkaCluster) -> None:
    async with opened(tmp_path) as store, relaying(store, cluster):
        async with store.records.transaction() as tx:
            tx.log(heard(1), moved(2))
        (swap,) = await read_until(cluster, SWAPS, lambda found: len(found) == 1)
        (place,) = await read_until(cluster, PLACES, lambda found: len(found) == 1)
        (record, _) = await store.log.read(after=0, limit=2)

    assert (swap.key, place.key) == (b"station_001", b"consumer_001")
    assert swap.value == record.payload
    assert swap.timestamp == int(NOON.timestamp() * 1000)
    assert dict(swap.headers) == {
        "ce_specversion": b"1.0",
        "ce_id": b"000001",
        "ce_source": SOURCE.encode(),
        "ce_type": b"swap.started",
        "ce_subject": b"station_001",
        "ce_time": b"2026-11-24T12:00:00.000000Z",
        "content-type": b"application/json",
    }
    assert dict(place.headers)["ce_type"] == b"gps.moved"


async def test_relay_goes_on_where_it_was(tmp_path: Path, cluster: KafkaCluster) -> None:
    async with opened(tmp_path) as store:
        for numbers in (range(100), range(100, 200)):
            await commit(store, numbers)
            async with relaying(store, cluster) as relay:
                await until(relay, nothing)
        assert {await store.log.position(reader_name(topic)) for topic in Topic} == {await store.log.last()}

    assert await end_of(cluster, SWAPS) == 200


async def test_log_is_not_pruned_before_kafka_has_it(
    tmp_path: Path, cluster: KafkaCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka_publisher.TopicPublisher, "send", lambda *_: asyncio.Event().wait())
    clock = HandClock()
    async with SqliteStore.open(tmp_path / "navswap.sqlite", clock=clock) as store:
        await commit(store, range(10))
        async with relaying(store, cluster) as relay:
            await until(relay, lambda behind: behind == 10)
            clock.now += timedelta(days=8)
            await store.log.keep_position("rooms", await store.log.last())
            assert (await store.prune())["outbox"] == 0


async def test_broker_killed_in_a_backlog_loses_and_swaps_nothing(
    tmp_path: Path, kafka_server: KafkaServer, cluster: KafkaCluster
) -> None:
    count = 30_000
    async with opened(tmp_path) as store:
        for start in range(0, count, 1000):
            await commit(store, range(start, start + 1000))
        async with relaying(store, cluster) as relay:
            await until(relay, lambda behind: behind < count - 2000)
            kafka_server.kill()
            left = (await relay.lags())[SWAPS].records
            assert left > 1000  # it was in the middle
            await kafka_server.start()
            await until(relay, nothing)
    messages = await read_until(cluster, SWAPS, lambda found: len(event_ids(found)) == count)

    assert_all_in_order(messages, count)
    assert await end_of(cluster, SWAPS) == count  # and doubles nothing: it was back in time


async def test_long_absence_ends_with_everything_in_order(
    tmp_path: Path, kafka_server: KafkaServer, cluster: KafkaCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Longer than every deadline of the publisher: producers are given up and made anew meanwhile."""
    monkeypatch.setattr(kafka_publisher, "SEND_S", 1.0)
    monkeypatch.setattr(outbox, "LONGEST_PAUSE_S", 0.5)
    async with opened(tmp_path) as store, relaying(store, cluster) as relay:
        await commit(store, range(500))
        await until(relay, nothing)
        kafka_server.kill()
        for start in range(500, 5000, 500):
            await commit(store, range(start, start + 500))
            await asyncio.sleep(0.5)  # the absence itself: time has to pass, nothing is waited for
        assert (await relay.lags())[SWAPS].records == 4500
        assert await store.log.position(reader_name(SWAPS)) == 500
        await kafka_server.start()
        await until(relay, nothing)
    messages = await read_until(cluster, SWAPS, lambda found: len(event_ids(found)) == 5000)

    assert_all_in_order(messages, 5000)


async def test_silent_broker_is_waited_for(
    tmp_path: Path, kafka_server: KafkaServer, cluster: KafkaCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes connections and requests, and answers none until later, when others have taken their place."""
    monkeypatch.setattr(kafka_publisher, "SEND_S", 1.0)
    monkeypatch.setattr(outbox, "LONGEST_PAUSE_S", 0.5)
    hasty = replace(cluster, options={**cluster.options, "request_timeout_ms": 700})
    async with opened(tmp_path) as store, relaying(store, hasty) as relay:
        await commit(store, range(500))
        await until(relay, nothing)
        kafka_server.signal(signal.SIGSTOP)
        try:
            for start in range(500, 3000, 500):
                await commit(store, range(start, start + 500))
                await asyncio.sleep(1)  # the silence itself: time has to pass, nothing is waited for
            assert (await relay.lags())[SWAPS].records == 2500
        finally:
            kafka_server.signal(signal.SIGCONT)
        await until(relay, nothing)
    messages = await read_until(cluster, SWAPS, lambda found: len(event_ids(found)) == 3000)

    assert_all_in_order(messages, 3000)


async def test_broker_that_is_away_at_the_start_is_waited_for(
    tmp_path: Path, kafka_server: KafkaServer, cluster: KafkaCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "LONGEST_PAUSE_S", 0.5)
    kafka_server.kill()
    async with opened(tmp_path) as store, relaying(store, cluster) as relay:
        await commit(store, range(100))
        await until(relay, lambda behind: behind == 100)
        await kafka_server.start()
        await until(relay, nothing)

    assert await end_of(cluster, SWAPS) == 100


async def test_relay_killed_repeats_what_it_had_not_noted_and_loses_nothing(
    tmp_path: Path, cluster: KafkaCluster
) -> None:
    """A process of its own, killed -9 three times in the middle of a backlog."""
    count, file = 60_000, tmp_path / "navswap.sqlite"
    async with opened(tmp_path) as store:
        for start in range(0, count, 1000):
            await commit(store, range(start, start + 1000))
    place = 0
    for _ in range(3):
        process = await _relay_process(file, cluster)
        place = await _place_past(file, place)
        process.kill()
        await process.wait()
        assert place < count  # it was in the middle
    process = await _relay_process(file, cluster)
    messages = await read_until(cluster, SWAPS, lambda found: len(event_ids(found)) == count)
    process.kill()
    await process.wait()

    assert_all_in_order(messages, count)


async def _place_past(file: Path, place: int) -> int:
    """The relay's stored place, once it has moved."""
    with closing(sqlite3.connect(file)) as connection:
        async with asyncio.timeout(30):
            while True:
                asked = "SELECT COALESCE(MAX(seq), 0) FROM log_positions WHERE reader = ?"
                (found,) = connection.execute(asked, (reader_name(SWAPS),)).fetchone()
                if found > place:
                    return int(found)
                # Nothing tells a process what another has committed: ask again.
                await asyncio.sleep(0.01)


async def _relay_process(file: Path, cluster: KafkaCluster) -> asyncio.subprocess.Process:
    arguments = (str(file), cluster.options["bootstrap_servers"], cluster.prefix)
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.real.kafka_relay_process", *arguments, cwd=Path(__file__).parents[2]
    )


async def test_relay_stops_at_once_while_kafka_is_away(
    tmp_path: Path, kafka_server: KafkaServer, cluster: KafkaCluster
) -> None:
    async with opened(tmp_path) as store:
        async with relaying(store, cluster) as relay:
            await commit(store, range(100))
            await until(relay, nothing)
            kafka_server.kill()
            await commit(store, range(100, 200))
            await until(relay, lambda behind: behind == 100)
            began = asyncio.get_running_loop().time()
        assert asyncio.get_running_loop().time() - began < 5
        assert await store.log.position(reader_name(SWAPS)) == 100
