"""One topic of the log on its way to Kafka: in order per key, at least once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import DefaultPartitioner
from aiokafka.producer.message_accumulator import BatchBuilder

from hub.cloudevents import headers
from hub.stores.kafka import KafkaCluster, give_up, started
from hub.stores.kafka_topics import ensure
from services.ports import LogRecord

PIECE: Final = 125  # records made into batches at once: more would hold up the loop that serves clients
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
                for start in range(0, len(records), PIECE):
                    piece = records[start : start + PIECE]
                    for batches in rounds(piece, partitions, producer.create_batch):
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
    records: Iterable[LogRecord], partitions: Sequence[int], create: Callable[[], BatchBuilder]
) -> list[Round]:
    """Batches to send one round after the other: the records of a partition keep their order."""
    lines: dict[int, list[BatchBuilder]] = {}
    for record in records:
        line = lines.setdefault(_partition_of(record.key.encode(), partitions, partitions), [])
        if not line or not _append(line[-1], record):
            line.append(create())
            _append(line[-1], record)
    longest = max(map(len, lines.values()), default=0)
    return [
        {partition: line[number] for partition, line in lines.items() if number < len(line)}
        for number in range(longest)
    ]


def _append(batch: BatchBuilder, record: LogRecord) -> bool:
    """False when the batch is full; an empty one takes a record of any size."""
    taken = batch.append(
        timestamp=int(record.at.timestamp() * 1000),
        key=record.key.encode(),
        value=record.payload,
        headers=headers(record),
    )
    return taken is not None
