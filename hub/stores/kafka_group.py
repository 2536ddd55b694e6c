"""A member of a consumer group: batches in order per key, committed when they are done."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final, TypeAlias

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError

from hub.logs import logger
from hub.stores.kafka import KafkaCluster, begin, stop

BATCH: Final = 500  # messages taken at once
LANES: Final = 32  # keys worked on at the same time
POLL_MS: Final = 500
COMMIT_S: Final = 15.0
HAND_OVER_S: Final = 10.0  # that a partition which moves waits for the batch in work

Message: TypeAlias = ConsumerRecord[bytes | None, bytes | None]
Take = Callable[[Message], Awaitable[None]]

_log = logger("hub.kafka")


class GroupMember:
    """Takes a topic's messages with the other members of a group, each at least once."""

    def __init__(self, cluster: KafkaCluster, group: str, topic: str, take: Take) -> None:
        """`take` returns when a message is done with: it is durable, or buried. What it raises ends `run`."""
        self._cluster = cluster
        self._group = group
        self._topic = topic
        self._take = take
        self._lanes = asyncio.Semaphore(LANES)
        self._at_work = asyncio.Lock()

    async def run(self, ended: asyncio.Event) -> None:
        """Take messages until told to stop; the batch in work is finished and committed.

        Raises one of AWAY, or an ExceptionGroup of what `take` has raised: then nothing after the last
        commit counts, and the next run, here or elsewhere, begins there.
        """
        async with self._consumer() as consumer:
            while not ended.is_set():
                batch = await consumer.getmany(timeout_ms=POLL_MS, max_records=BATCH)
                if batch:
                    async with self._at_work:
                        await self._take_all(batch.values())
                        await self._commit(consumer, {tp: last[-1].offset + 1 for tp, last in batch.items()})

    @asynccontextmanager
    async def _consumer(self) -> AsyncIterator[AIOKafkaConsumer]:
        consumer = self._cluster.consumer(group_id=self._group, auto_offset_reset="earliest")
        consumer.subscribe([self._topic], listener=_HandOver(self._at_work))
        try:
            await begin(consumer)
            yield consumer
        finally:
            await stop(consumer)

    async def _take_all(self, batch: Iterable[Sequence[Message]]) -> None:
        """Messages of one key one after the other, keys side by side."""
        lanes: defaultdict[tuple[int, bytes | None], list[Message]] = defaultdict(list)
        for messages in batch:
            for message in messages:
                lanes[message.partition, message.key].append(message)
        async with asyncio.TaskGroup() as tasks:
            for lane in lanes.values():
                tasks.create_task(self._take_in_order(lane))

    async def _take_in_order(self, lane: Sequence[Message]) -> None:
        async with self._lanes:
            for message in lane:
                await self._take(message)

    async def _commit(self, consumer: AIOKafkaConsumer, offsets: dict[TopicPartition, int]) -> None:
        """Tell the group how far we are. A partition that has moved meanwhile comes again elsewhere."""
        try:
            async with asyncio.timeout(COMMIT_S):
                await consumer.commit(offsets)
        except (CommitFailedError, IllegalStateError):
            _log.info("partitions have moved, their last messages come again elsewhere", topic=self._topic)


class _HandOver(ConsumerRebalanceListener):  # type: ignore[misc]  # it has no types
    """Lets partitions go when the batch in work is committed, so that the next owner need not repeat it."""

    def __init__(self, at_work: asyncio.Lock) -> None:
        self._at_work = at_work

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(HAND_OVER_S), self._at_work:
                return

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        _log.info("partitions taken", partitions=sorted(tp.partition for tp in assigned))
