"""One topic of the log on its way to Kafka: in order per key, at least once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Final

from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import DefaultPartitioner
from aiokafka.producer.message_accumulator import BatchBuilder

from hub.cloudevents import headers
from hub.stores.kafka import KafkaCluster, give_up, started
from hub.stores.kafka_topics import ensure
from services.ports import LogRecord

SEND_S: Final = 30.0  # a broker's restart fits in; after it the producer is given up and made anew

_partition_of = DefaultPartitioner()  # as Java's clients do it

Round = dict[int, BatchBuilder]
"""At most one batch for each partition."""


class TopicPublisher:
    """Sends records to one topic. It connects with the first record, not before.

    A partition gets its next batch only after the brokers have acknowledged the one before, so that
    a batch that fails is never overtaken. After any failure the producer is given up: what it might
    still have sent would come after what the next one sends.
    """

    def __init__(self, cluster: KafkaCluster, topic: str) -> None:
        self._cluster = cluster
        self._topic = cluster.name(topic)
        self._producer: AIOKafkaProducer | None = None

    async def send(self, records: Sequence[LogRecord]) -> None:
        """Send records, in order per key; returns when every broker that must has them.

        Raises one of AWAY, and then any part of them may have arrived.
        """
        try:
            async with asyncio.timeout(SEND_S):
                producer = await self._connected()
                partitions = sorted(await producer.partitions_for(self._topic))
                for batches in rounds(producer, records, partitions):
                    await self._send(producer, batches)
        except BaseException:
            await self.close()
            raise

    async def _connected(self) -> AIOKafkaProducer:
        if self._producer is None:
            await ensure(self._cluster, self._topic)
            self._producer = await started(self._cluster.producer())
        return self._producer

    async def _send(self, producer: AIOKafkaProducer, batches: Round) -> None:
        acknowledged = [
            await producer.send_batch(batch, self._topic, partition=partition)
            for partition, batch in batches.items()
        ]
        await asyncio.gather(*acknowledged)

    async def close(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            await give_up(producer)


def rounds(
    producer: AIOKafkaProducer, records: Iterable[LogRecord], partitions: Sequence[int]
) -> list[Round]:
    """Batches to send one round after the other: the records of a partition keep their order."""
    made: list[Round] = []
    newest: dict[int, int] = {}  # partition: the round of its newest batch
    for record in records:
        partition = _partition_of(record.key.encode(), partitions, partitions)
        number = newest.setdefault(partition, 0)
        if not _append(producer, made, number, partition, record):
            newest[partition] = number + 1
            _append(producer, made, number + 1, partition, record)
    return made


def _append(
    producer: AIOKafkaProducer, made: list[Round], number: int, partition: int, record: LogRecord
) -> bool:
    """Into that round's batch; false when it is full. An empty batch takes a record of any size."""
    if number == len(made):
        made.append({})
    batch = made[number].get(partition)
    if batch is None:
        batch = made[number][partition] = producer.create_batch()
    taken = batch.append(
        timestamp=int(record.at.timestamp() * 1000),
        key=record.key.encode(),
        value=record.payload,
        headers=headers(record),
    )
    return taken is not None
