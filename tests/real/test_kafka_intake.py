"""Telemetry by Kafka: each message once, in order per station, and what cannot be read is kept apart."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aiokafka.admin import NewTopic

from hub.dispatch import Request
from hub.intake import TOPIC
from hub.metrics import Metrics
from hub.outcome import Outcome
from hub.stores import kafka, kafka_group
from hub.stores.kafka import KafkaCluster
from hub.stores.kafka_topics import ensure
from tests.e2e.process import HubProcess
from tests.real.kafka_server import KafkaServer
from tests.real.kafka_topics import end_of, read_until, until, write
from tests.real.telemetry import (
    DEAD,
    LEVELS,
    PACKS,
    each_level_once,
    heard,
    levels,
    packs_of,
    reading,
    readings,
    refused,
    stations,
    store_away,
    taken,
    taking,
)
from tests.support.hub import RunningHub, running


@pytest.fixture
async def topics(cluster: KafkaCluster) -> None:
    await ensure(cluster, cluster.name(TOPIC), cluster.name(DEAD))


@pytest.mark.usefixtures("topics")
async def test_each_message_is_taken_once_and_in_order(hub: RunningHub, cluster: KafkaCluster) -> None:
    await stations(hub, 6)
    await write(cluster, TOPIC, readings(6))

    async with taking(hub, cluster) as (_, metrics):
        await until(lambda: taken(metrics) == 6 * len(LEVELS))

    assert await heard(hub) == each_level_once(6)
    assert await end_of(cluster, DEAD) == 0


@pytest.mark.usefixtures("topics")
async def test_same_event_twice_changes_nothing(hub: RunningHub, cluster: KafkaCluster) -> None:
    """Also when a newer one came between: the old level does not come back."""
    await stations(hub, 1)
    first, second = (reading("station_001", packs_of(0), soc, str(soc)) for soc in (50, 60))
    await write(cluster, TOPIC, [first, second, first, second])

    async with taking(hub, cluster) as (_, metrics):
        await until(lambda: taken(metrics) + taken(metrics, "replayed") == 4)

    assert taken(metrics, "replayed") == 2
    assert await heard(hub) == {pack: [50.0, 60.0] for pack in packs_of(0)}


@pytest.mark.usefixtures("topics")
async def test_what_cannot_be_read_is_kept_with_its_reason(hub: RunningHub, cluster: KafkaCluster) -> None:
    await stations(hub, 1)
    good = reading("station_001", packs_of(0), 50)
    of_nobody = reading("station_999", packs_of(0), 50)
    poison = {
        "is not JSON": {**good, "value": b"\xff{not json"},
        "is no object": {**good, "value": b"[1]"},
        "has a level above 100 %": reading("station_001", packs_of(0), 101),
        "is of no station we know": of_nobody,
        "is another station's than its key says": {**good, "key": b"station_002"},
        "has no key": {**good, "key": None},
        "has a key that is no text": {**good, "key": b"\xff"},
        "has no value": {**good, "value": None},
        "is as large as Kafka takes": {**good, "value": b'{"x": "' + b"x" * 1_048_450 + b'"}'},
        "is too large": {
            **good,
            "value": json.dumps({"station_id": "station_001", "x": "x" * 10**6}).encode(),
        },
    }
    for one in poison.values():
        one["headers"] = [("trace", b"abc")]
    await write(cluster, TOPIC, [*poison.values(), reading("station_001", packs_of(0), 77)])

    async with taking(hub, cluster):
        dead = await read_until(cluster, DEAD, lambda found: len(found) == len(poison))
        await until(lambda: _all_at(hub, 77.0, packs_of(0)))  # the good one behind them was taken

    sent = {(one["key"], one["value"]): what for what, one in poison.items()}
    reasons = {sent[letter.key, letter.value]: dict(letter.headers) for letter in dead}
    assert {what: headers["dlq-reason"] for what, headers in reasons.items()} == {
        "is not JSON": b"validation_failed",
        "is no object": b"validation_failed",
        "has a level above 100 %": b"validation_failed",
        "is of no station we know": b"not_found",
        "is another station's than its key says": b"forbidden",
        "has no key": b"validation_failed",
        "has a key that is no text": b"validation_failed",
        "has no value": b"validation_failed",
        "is as large as Kafka takes": b"payload_too_large",
        "is too large": b"payload_too_large",
    }
    told = reasons["has a level above 100 %"]
    assert told["trace"] == b"abc"
    assert told["dlq-topic"].decode() == cluster.name(TOPIC)
    assert json.loads(told["dlq-details"])[0]["path"] == "slots.0.soc"
    assert len(dead) == len(poison)


@pytest.mark.usefixtures("topics")
async def test_dead_letter_is_taken_when_it_is_sent_again(hub: RunningHub, cluster: KafkaCluster) -> None:
    """As it was, with its event id, once its station is known; and put right, with the same id."""
    early = reading("station_001", packs_of(0), 50, "early")
    wrong = reading("station_001", packs_of(0), 101, "wrong")
    async with taking(hub, cluster) as (_, metrics):
        await write(cluster, TOPIC, [early, wrong])
        await read_until(cluster, DEAD, lambda found: len(found) == 2)
        await stations(hub, 1)
        await write(cluster, TOPIC, [early, reading("station_001", packs_of(0), 60, "wrong")])
        await until(lambda: taken(metrics) == 2)

    assert await heard(hub) == {pack: [50.0, 60.0] for pack in packs_of(0)}


async def test_dead_letter_that_the_broker_refuses_leaves_its_value_behind(
    hub: RunningHub, cluster: KafkaCluster
) -> None:
    """Somebody has made the topic with the broker's limit: nothing waits behind the letter for ever."""
    await ensure(cluster, cluster.name(TOPIC))
    await _make_as_brokers_do(cluster, cluster.name(DEAD))
    large = {"key": b"station_001", "value": b'{"x": "' + b"x" * 1_048_450 + b'"}'}
    await write(cluster, TOPIC, [large, {"key": b"station_001", "value": b"["}])

    async with taking(hub, cluster):
        first, second = await read_until(cluster, DEAD, lambda found: len(found) == 2)

    headers = dict(first.headers)
    assert (first.value, headers["dlq-reason"]) == (b"", b"payload_too_large")
    assert headers["dlq-value"].startswith(b"left where it was")
    assert second.value == b"["


async def _make_as_brokers_do(cluster: KafkaCluster, name: str) -> None:
    admin = cluster.admin()
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, 1, 1)])
    finally:
        await admin.close()


async def _all_at(hub: RunningHub, soc: float, packs: list[str]) -> bool:
    found = await heard(hub)
    return all(found.get(pack, [0.0])[-1] == soc for pack in packs)


@pytest.mark.usefixtures("topics")
async def test_store_that_is_away_is_waited_for(
    hub: RunningHub, cluster: KafkaCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody can write to the file; when it is free again, everything is taken, nothing was buried."""
    await stations(hub, 2)
    await write(cluster, TOPIC, readings(2))

    with store_away(hub, monkeypatch) as away:
        async with taking(hub, cluster) as (_, metrics):
            await until(lambda: refused(hub) >= 4)
            assert taken(metrics) == 0
            away.rollback()
            await until(lambda: taken(metrics) == 2 * len(LEVELS))

    assert await heard(hub) == each_level_once(2)
    assert await end_of(cluster, DEAD) == 0


@pytest.mark.usefixtures("topics")
async def test_stop_while_the_store_is_away_leaves_the_messages_with_kafka(
    hub: RunningHub, cluster: KafkaCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stations(hub, 1)
    await write(cluster, TOPIC, readings(1))
    with store_away(hub, monkeypatch):
        async with taking(hub, cluster) as (intake, metrics):
            await until(lambda: refused(hub) >= 1)
            began = asyncio.get_running_loop().time()
            await intake.drain(10)
            assert asyncio.get_running_loop().time() - began < 5
            assert taken(metrics) == 0

    async with taking(hub, cluster) as (_, metrics):
        await until(lambda: taken(metrics) == len(LEVELS))
    assert await heard(hub) == each_level_once(1)


@pytest.mark.usefixtures("topics")
async def test_drained_member_leaves_nothing_to_repeat(hub: RunningHub, cluster: KafkaCluster) -> None:
    await stations(hub, 4)
    await write(cluster, TOPIC, readings(4))
    async with taking(hub, cluster) as (_, first):
        await until(lambda: taken(first) > 0)
    async with taking(hub, cluster) as (_, second):
        await until(lambda: taken(first) + taken(second) >= 4 * len(LEVELS))

    assert taken(second, "replayed") == 0
    assert await heard(hub) == each_level_once(4)


@pytest.mark.usefixtures("topics")
async def test_second_member_joins_and_leaves_and_nothing_is_lost(
    hub: RunningHub, cluster: KafkaCluster
) -> None:
    """Partitions move twice while messages come; each is taken once, in the order of its station."""
    count = 12
    await stations(hub, count)
    messages = readings(count)
    third = len(messages) // 3
    async with taking(hub, cluster) as (_, first):
        await write(cluster, TOPIC, messages[:third])
        await until(lambda: taken(first) > 0)
        async with taking(hub, cluster) as (_, second):
            await write(cluster, TOPIC, messages[third : 2 * third])
            await until(lambda: taken(first) + taken(second) >= 2 * third)
            empty = [reading(f"station_{number + 1:03}", [], 0) for number in range(count)]
            await until(partial(_takes_its_share, cluster, second, empty))
            await write(cluster, TOPIC, messages[2 * third :])
        expected = each_level_once(count)
        await until(partial(_heard_is, hub, expected))


async def _takes_its_share(cluster: KafkaCluster, metrics: Metrics, empty: list[dict[str, Any]]) -> bool:
    """Has this member partitions of its own? Readings of no pack show it, and change nothing."""
    await write(cluster, TOPIC, empty)
    return taken(metrics) > 0


async def _heard_is(hub: RunningHub, expected: dict[str, list[float]]) -> bool:
    found = await heard(hub)
    assert all(levels == expected[pack][: len(levels)] for pack, levels in found.items())
    return found == expected


async def test_hub_killed_in_mid_batch_takes_each_message_once(tmp_path: Path, cluster: KafkaCluster) -> None:
    """The whole hub as a process, killed -9 with messages in work, and started again."""
    count = 30
    async with running(tmp_path / "data") as hub:
        await stations(hub, count)
    await ensure(cluster, cluster.name(TOPIC), cluster.name(DEAD))
    await write(cluster, TOPIC, readings(count))
    process = HubProcess(tmp_path / "data", args=(), settings=_kafka_settings(cluster))
    total = count * PACKS * len(LEVELS)

    await process.start()
    await until(lambda: _rows(tmp_path) > 0)
    await process.kill()
    done = _rows(tmp_path)
    assert 0 < done < total  # it was in the middle
    await process.start()
    await until(lambda: _rows(tmp_path) >= total)
    assert await process.kill() < 0

    with closing(sqlite3.connect(tmp_path / "data" / "navswap.sqlite")) as file:
        rows = file.execute("SELECT payload FROM outbox WHERE name = 'battery:changed' ORDER BY seq")
        assert levels(payload for (payload,) in rows) == each_level_once(count)
    assert await end_of(cluster, DEAD) == 0


def _rows(folder: Path) -> int:
    with closing(sqlite3.connect(folder / "data" / "navswap.sqlite")) as file:
        return int(file.execute("SELECT COUNT(*) FROM outbox WHERE name = 'battery:changed'").fetchone()[0])


def _kafka_settings(cluster: KafkaCluster) -> dict[str, str]:
    return {
        "KAFKA_BOOTSTRAP_SERVERS": cluster.options["bootstrap_servers"],
        "KAFKA_TOPIC_PREFIX": cluster.prefix,
        "KAFKA_GROUP_ID": cluster.name("group"),
        "KAFKA_TOPIC_PARTITIONS": str(cluster.partitions),
    }


async def test_broker_killed_while_telemetry_comes(
    hub: RunningHub, kafka_server: KafkaServer, cluster: KafkaCluster
) -> None:
    await ensure(cluster, cluster.name(TOPIC), cluster.name(DEAD))
    count = 12
    await stations(hub, count)
    messages = readings(count)
    half = len(messages) // 2
    async with taking(hub, cluster) as (_, metrics):
        await write(cluster, TOPIC, messages[:half])
        await until(lambda: taken(metrics) > 0)
        kafka_server.kill()
        await kafka_server.start()
        await write(cluster, TOPIC, messages[half:])
        await until(partial(_heard_is, hub, each_level_once(count)))

    assert await end_of(cluster, DEAD) == 0


async def test_broker_that_is_away_when_a_batch_is_done(
    hub: RunningHub, kafka_server: KafkaServer, cluster: KafkaCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is done cannot be committed for longer than is waited for: it comes again, and changes nothing."""
    monkeypatch.setattr(kafka_group, "COMMIT_S", 1.0)
    monkeypatch.setattr(kafka, "STOP_S", 1.0)
    await ensure(cluster, cluster.name(TOPIC), cluster.name(DEAD))
    await stations(hub, 4)
    await write(cluster, TOPIC, readings(4))
    run = hub.hub.by_message("station:telemetry")

    async def run_and_kill(request: Request) -> Outcome:
        outcome = await run(request)
        if kafka_server.running and not killed.is_set():
            kafka_server.kill()
            killed.set()
        return outcome

    killed = asyncio.Event()
    async with taking(hub, cluster, run_and_kill):
        async with asyncio.timeout(30):
            await killed.wait()
        await asyncio.sleep(5)  # the absence itself: time has to pass, nothing is waited for
        await kafka_server.start()
        await until(partial(_heard_is, hub, each_level_once(4)))
        await write(cluster, TOPIC, [reading("station_001", packs_of(0), 5, "last")])
        await until(lambda: _all_at(hub, 5.0, packs_of(0)))
