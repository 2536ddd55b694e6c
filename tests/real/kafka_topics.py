"""What the tests write to topics and read from them."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

from aiokafka import ConsumerRecord

from hub.stores.kafka import KafkaCluster, started, stop

Message = ConsumerRecord[bytes | None, bytes | None]
WITHIN_S = 60.0


async def read_until(
    cluster: KafkaCluster, topic: str, enough: Callable[[list[Message]], bool], within_s: float = WITHIN_S
) -> list[Message]:
    """A topic from its start, each partition in its order, until there is enough of it."""
    found: list[Message] = []
    consumer = cluster.consumer(cluster.name(topic), group_id=None, auto_offset_reset="earliest")
    try:
        async with asyncio.timeout(within_s):
            await consumer.start()
            while not enough(found):
                for messages in (await consumer.getmany(timeout_ms=100)).values():
                    found += messages
    except TimeoutError:
        raise AssertionError(f"not enough in {topic} after {within_s} s: {len(found)} messages") from None
    finally:
        await stop(consumer)
    return found


async def end_of(cluster: KafkaCluster, topic: str) -> int:
    """How many messages a topic has."""
    consumer = cluster.consumer(cluster.name(topic), group_id=None)
    try:
        await consumer.start()
        return sum((await consumer.end_offsets(consumer.assignment())).values())
    finally:
        await stop(consumer)


async def write(cluster: KafkaCluster, topic: str, messages: Iterable[dict[str, Any]]) -> None:
    """Each with the fields of aiokafka's `send`: key, value, headers."""
    producer = await started(cluster.producer())
    try:
        sent = [await producer.send(cluster.name(topic), **message) for message in messages]
        await asyncio.gather(*sent)
    finally:
        await producer.stop()


async def until(so: Callable[[], Any] | Callable[[], Awaitable[Any]], within_s: float = WITHIN_S) -> None:
    """Kafka and the hub do their work elsewhere: nothing tells a test but what it asks for."""
    async with asyncio.timeout(within_s):
        while True:
            answer = so()
            if await answer if isinstance(answer, Awaitable) else answer:
                return
            await asyncio.sleep(0.02)


def by_key(messages: Sequence[Message]) -> dict[str, list[tuple[str, dict[str, Any]]]]:
    """(event id, data) of each key in the order of first arrival; a second copy must be the same."""
    seen: dict[str, bytes] = {}
    found: defaultdict[str, list[tuple[str, dict[str, Any]]]] = defaultdict(list)
    for message in messages:
        event_id, value = dict(message.headers)["ce_id"].decode(), message.value or b""
        if event_id in seen:
            assert seen[event_id] == value
            continue
        seen[event_id] = value
        found[(message.key or b"").decode()].append((event_id, json.loads(value)))
    return found


def event_ids(messages: Sequence[Message]) -> set[str]:
    return {dict(message.headers)["ce_id"].decode() for message in messages}
