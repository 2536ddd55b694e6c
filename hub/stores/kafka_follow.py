"""A topic of Kafka as it grows, each message as a CloudEvent."""

from __future__ import annotations

import base64
import heapq
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from aiokafka import AIOKafkaConsumer, ConsumerRecord

from hub.cloudevents import DATA_TYPE, PREFIX
from hub.stores.kafka import KafkaCluster, begin, stop
from services.base import rfc3339

_NO_ATTRIBUTE: Final = re.compile(r"[^a-z0-9]")  # what a CloudEvents attribute's name may not have


@asynccontextmanager
async def _reading(cluster: KafkaCluster, topic: str) -> AsyncIterator[AIOKafkaConsumer]:
    """All partitions, in no group: nobody else gets fewer messages for it."""
    consumer = cluster.consumer(topic, group_id=None, auto_offset_reset="earliest")
    try:
        await begin(consumer)
        yield consumer
    finally:
        await stop(consumer)


async def follow(
    cluster: KafkaCluster, topic: str, *, since: datetime | None, tick_s: float
) -> AsyncIterator[list[dict[str, Any]]]:
    """Events as they come, oldest first; an empty list when there was none for `tick_s`.

    `since`: with those of that time and later; none: only new ones. Raises one of AWAY.
    """
    async with _reading(cluster, topic) as consumer:
        await _place(consumer, since)
        while True:
            batch = await consumer.getmany(timeout_ms=int(tick_s * 1000))
            # Each partition keeps its own order; among them the times decide.
            yield [document(one) for one in heapq.merge(*batch.values(), key=lambda one: one.timestamp)]


async def _place(consumer: AIOKafkaConsumer, since: datetime | None) -> None:
    """Where to begin. No message of the time that is asked for: at the end."""
    await consumer.seek_to_end()
    if since is None:
        return
    since_ms = max(0, int(since.timestamp() * 1000))
    found = await consumer.offsets_for_times(dict.fromkeys(consumer.assignment(), since_ms))
    for partition, first in found.items():
        if first is not None:
            consumer.seek(partition, first.offset)


def document(message: ConsumerRecord[bytes | None, bytes | None]) -> dict[str, Any]:
    """A message as one JSON object; one that is no CloudEvent is described as far as it can be."""
    at = datetime.fromtimestamp(message.timestamp / 1000, UTC)
    said: dict[str, Any] = {
        "specversion": "1.0",
        "id": f"{message.partition}/{message.offset}",
        "source": f"/kafka/{message.topic}",
        "type": message.topic,
        "subject": (message.key or b"").decode(errors="replace"),
        "time": rfc3339(at),
    }
    for name, value in message.headers:
        if name != "content-type":
            said[_NO_ATTRIBUTE.sub("", name.removeprefix(PREFIX).lower())] = value.decode(errors="replace")
    return {**said, **_data(message.value)}


def _data(value: bytes | None) -> dict[str, Any]:
    try:
        return {"datacontenttype": DATA_TYPE, "data": orjson.loads(value or b"null")}
    except ValueError:
        return {"data_base64": base64.b64encode(value or b"").decode()}
