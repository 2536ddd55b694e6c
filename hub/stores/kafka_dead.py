"""Dead letters: messages that cannot be read, kept as they were with the reason."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self

import orjson
from aiokafka import AIOKafkaProducer, ConsumerRecord
from aiokafka.errors import MessageSizeTooLargeError

from hub.cloudevents import Header
from hub.outcome import Refusal
from hub.stores.kafka import KafkaCluster, give_up, started
from hub.stores.kafka_topics import DEAD
from services.base import Clock, rfc3339

SEND_S: Final = 30.0


class DeadLetters:
    """Sends to a topic's dead-letter topic while its `async with` block runs; connects when it must."""

    def __init__(self, cluster: KafkaCluster, topic: str, *, clock: Clock) -> None:
        self._cluster = cluster
        self._topic = topic + DEAD
        self._clock = clock
        self._turn = asyncio.Lock()
        self._producer: AIOKafkaProducer | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._producer is not None:
            await give_up(self._producer)

    async def bury(self, message: ConsumerRecord[bytes | None, bytes | None], why: Refusal) -> None:
        """Keep a message for a person to look at: key, value and headers as they were, and why.

        Returns when the brokers have it. Raises one of AWAY.
        """
        # A message without both is none to aiokafka; an empty value stands for it.
        value = b"" if message.key is None and message.value is None else message.value
        headers = [*message.headers, *self._reason(message, why)]
        try:
            await self._send(value, message.key, headers)
        except MessageSizeTooLargeError:
            # The broker's limit for this topic is too low. Its place is known, and nobody behind it waits.
            await self._send(b"", message.key, [*headers, ("dlq-value", b"left where it was: too large")])

    async def _send(self, value: bytes | None, key: bytes | None, headers: Sequence[Header]) -> None:
        async with asyncio.timeout(SEND_S), self._turn:
            if self._producer is None:
                self._producer = await started(self._cluster.producer())
            await self._producer.send_and_wait(self._topic, value=value, key=key, headers=list(headers))

    def _reason(self, message: ConsumerRecord[bytes | None, bytes | None], why: Refusal) -> list[Header]:
        found = {
            "dlq-reason": why.code.value,
            "dlq-message": why.message,
            "dlq-topic": message.topic,
            "dlq-partition": str(message.partition),
            "dlq-offset": str(message.offset),
            "dlq-at": rfc3339(self._clock()),
        }
        headers = [(name, text.encode()) for name, text in found.items()]
        return headers if why.details is None else [*headers, ("dlq-details", orjson.dumps(why.details))]
