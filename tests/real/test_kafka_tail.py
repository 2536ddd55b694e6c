"""`navswap tail` on a real Kafka."""

from __future__ import annotations

import asyncio
import json
import signal
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from pathlib import Path
from typing import Any

from hub.cloudevents import headers
from hub.intake import TOPIC
from hub.stores.kafka import KafkaCluster
from hub.stores.kafka_topics import ensure
from services.base import rfc3339
from services.events import Topic
from services.ports import LogRecord
from tests.contract.documents import NOON
from tests.real.kafka_topics import write
from tests.support.processes import navswap_running

ROOT = Path(__file__).parents[2]
WITHIN_S = 30


def tail(cluster: KafkaCluster, *arguments: str) -> AbstractAsyncContextManager[asyncio.subprocess.Process]:
    settings = {
        "KAFKA_BOOTSTRAP_SERVERS": cluster.options["bootstrap_servers"],
        "KAFKA_TOPIC_PREFIX": cluster.prefix,
    }
    return navswap_running("tail", *arguments, environment=settings)


async def events(process: asyncio.subprocess.Process, count: int) -> list[dict[str, Any]]:
    assert process.stdout
    async with asyncio.timeout(WITHIN_S):
        return [json.loads(await process.stdout.readline()) for _ in range(count)]


def published(number: int) -> dict[str, Any]:
    """As the relay would have done, a minute after the one before."""
    at = NOON + timedelta(minutes=number)
    record = LogRecord(
        number, str(number), None, (), "swap.started", Topic.SWAP, f"station_{number % 3}", at, b'{"a": 1}'
    )
    return {
        "key": record.key.encode(),
        "value": record.payload,
        "headers": headers(record),
        "timestamp_ms": int(at.timestamp() * 1000),
    }


async def test_history_and_news_of_every_partition(cluster: KafkaCluster) -> None:
    await ensure(cluster, cluster.name(Topic.SWAP))
    await write(cluster, Topic.SWAP, map(published, range(9)))

    async with tail(cluster, "swap_events", "--from", rfc3339(NOON + timedelta(minutes=3)), "--json") as it:
        old = await events(it, 6)
        await write(cluster, Topic.SWAP, [published(9)])
        (new,) = await events(it, 1)
        it.send_signal(signal.SIGINT)
        async with asyncio.timeout(WITHIN_S):
            assert it.stderr
            assert await it.stderr.read() == b""
            assert await it.wait() == 0

    assert sorted(event["id"] for event in old) == [str(number) for number in range(3, 9)]
    assert new == {
        "specversion": "1.0",
        "id": "9",
        "source": "/navswap/hub",
        "type": "swap.started",
        "subject": "station_0",
        "time": "2026-11-24T12:09:00.000000Z",
        "datacontenttype": "application/json",
        "data": {"a": 1},
    }


async def test_message_that_is_no_event_is_shown_as_it_is(cluster: KafkaCluster) -> None:
    await ensure(cluster, cluster.name(TOPIC))
    odd = {"key": b"station_001", "value": b"\xff", "headers": [("dlq-reason", b"validation_failed")]}
    await write(cluster, TOPIC, [odd, {"key": b"station_001", "value": b"{}"}])

    async with tail(cluster, TOPIC, "--from", "start", "--json") as process:
        first, second = await events(process, 2)

    assert (first["data_base64"], first["dlqreason"]) == ("/w==", "validation_failed")
    assert (second["data"], second["subject"]) == ({}, "station_001")


async def test_topic_that_is_not_there_is_said(cluster: KafkaCluster) -> None:
    async with tail(cluster, "nothing") as process, asyncio.timeout(WITHIN_S):
        assert process.stderr
        said = (await process.stderr.read()).decode()
        assert await process.wait() == 2

    assert said == f"navswap: topic: Kafka has no {cluster.prefix}nothing\n"
