"""The relay: what was committed goes to Kafka, each topic at its own pace."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Final

from hub.metrics import Metrics
from hub.stores.kafka import KafkaCluster
from hub.stores.kafka_publisher import TopicPublisher
from hub.stores.outbox import BATCH, Lag, OutboxReader
from hub.stores.page import SharedPage
from services.base import Clock
from services.events import Topic
from services.ports import Log, LogRecord

LINGER_S: Final = 0.05  # in step with the log, what is committed meanwhile goes in one batch
KEEP_EVERY_S: Final = 1.0


def reader_name(topic: str) -> str:
    """Under which a topic's place is kept in the log."""
    return f"kafka:{topic}"


class Relay:
    """Publishes the log's topics, at least once and in order per key.

    One process of an installation runs it; a second one would publish everything twice, nothing worse.
    """

    def __init__(self, log: Log, cluster: KafkaCluster, metrics: Metrics, *, clock: Clock) -> None:
        self._log = log
        self._cluster = cluster
        self._metrics = metrics
        self._clock = clock
        self._readers: dict[str, OutboxReader] = {}

    async def run(self) -> None:
        """Publish until cancelled. Kafka may come and go; the log waits for it."""
        page = SharedPage(self._log)
        async with AsyncExitStack() as stack:
            stack.callback(self._forget)
            for topic in Topic:
                await self._claim(reader_name(topic))
                self._readers[topic.value] = await self._follow(topic, page, stack)
            await asyncio.Event().wait()

    async def _claim(self, name: str) -> None:
        """Begin at the log's start, and keep the place: what is not published yet must not be pruned."""
        if await self._log.position(name) is None:
            await self._log.keep_position(name, 0)

    async def _follow(self, topic: Topic, log: Log, stack: AsyncExitStack) -> OutboxReader:
        publisher = TopicPublisher(self._cluster, topic)
        stack.push_async_callback(publisher.close)

        async def deliver(records: Sequence[LogRecord]) -> None:
            mine = [record for record in records if record.topic == topic]
            if mine:
                await publisher.send(mine)
                self._metrics.published(topic, len(mine))
            if len(records) < BATCH:
                await asyncio.sleep(LINGER_S)

        name = reader_name(topic)
        reader = OutboxReader(log, name, deliver, clock=self._clock, keep_every_s=KEEP_EVERY_S)
        return await stack.enter_async_context(reader)

    def _forget(self) -> None:
        self._readers.clear()
        self._metrics.relay_stopped()

    async def lags(self) -> dict[str, Lag]:
        """How far each topic is behind; empty where the relay does not run."""
        return {topic: await reader.lag() for topic, reader in list(self._readers.items())}
