"""How the hub reaches Kafka: one place for addresses, security, deadlines and the names of topics."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from aiokafka.helpers import create_ssl_context

from hub.config import ConfigError, Settings

REQUEST_MS: Final = 10_000  # of one request to a broker
CONNECT_S: Final = 15.0  # until a client that cannot begin its work is given up
LARGEST_BATCH_BYTES: Final = 512 * 1024  # half of what a broker takes by default
LARGEST_MESSAGE_BYTES: Final = 2 * 1024 * 1024  # a dead letter is larger than what it was
FETCH_BYTES: Final = 8 * 1024 * 1024  # of one answer to a consumer
GIVE_UP_S: Final = 1.0
LET_START_S: Final = 3.0  # for a start that nobody waits for any more
STOP_S: Final = 10.0

AWAY: Final = (KafkaError, OSError, TimeoutError)
"""What says that Kafka cannot be used now."""


@dataclass(frozen=True, slots=True)
class KafkaCluster:
    """One cluster, as the settings name it; makes clients that are not started yet."""

    options: Mapping[str, Any]
    prefix: str = ""
    may_create: bool = False
    partitions: int = 12

    @classmethod
    def of(cls, settings: Settings) -> KafkaCluster:
        """Raises ConfigError for certificates that cannot be read."""
        return cls(
            options={
                "bootstrap_servers": settings.kafka_bootstrap_servers or "",
                "request_timeout_ms": REQUEST_MS,
                **_security(settings),
            },
            prefix=settings.kafka_topic_prefix,
            may_create=settings.kafka_create_topics,
            partitions=settings.kafka_topic_partitions,
        )

    def name(self, topic: str) -> str:
        """A topic of the contract as this cluster calls it."""
        return self.prefix + topic

    def producer(self) -> AIOKafkaProducer:
        """One that the brokers keep from doubling or swapping batches when it sends one again."""
        return AIOKafkaProducer(
            **self.options,
            acks="all",
            enable_idempotence=True,
            max_batch_size=LARGEST_BATCH_BYTES,
            max_request_size=LARGEST_MESSAGE_BYTES,
        )

    def consumer(self, *topics: str, **options: Any) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            *topics, **self.options, enable_auto_commit=False, fetch_max_bytes=FETCH_BYTES, **options
        )

    def admin(self) -> AIOKafkaAdminClient:
        return AIOKafkaAdminClient(**self.options)


def _security(settings: Settings) -> dict[str, Any]:
    found: dict[str, Any] = {"security_protocol": settings.kafka_security_protocol}
    if settings.kafka_security_protocol.endswith("SSL"):
        found["ssl_context"] = _ssl_context(settings)
    if settings.kafka_security_protocol.startswith("SASL") and settings.kafka_sasl_password:
        found["sasl_mechanism"] = settings.kafka_sasl_mechanism
        found["sasl_plain_username"] = settings.kafka_sasl_username
        found["sasl_plain_password"] = settings.kafka_sasl_password.get_secret_value()
    return found


def _ssl_context(settings: Settings) -> Any:
    try:
        return create_ssl_context(
            cafile=settings.kafka_ssl_cafile,
            certfile=settings.kafka_ssl_certfile,
            keyfile=settings.kafka_ssl_keyfile,
        )
    except OSError as error:  # ssl.SSLError is one
        raise ConfigError("KAFKA_SSL_CAFILE", f"the certificates cannot be read: {error}") from error


async def begin(client: AIOKafkaProducer | AIOKafkaConsumer | AIOKafkaAdminClient) -> None:
    """Start a client in time, or raise one of AWAY.

    In a task of its own: a start that is cancelled leaves its first connection open, so it may end first.
    """
    starting = asyncio.create_task(client.start())
    try:
        async with asyncio.timeout(CONNECT_S):
            await asyncio.shield(starting)
    finally:
        await _over(starting, within_s=LET_START_S)


async def started(producer: AIOKafkaProducer) -> AIOKafkaProducer:
    """Start a producer in time, or raise one of AWAY and leave nothing of it behind."""
    try:
        await begin(producer)
    except BaseException:
        await give_up(producer)
        raise
    return producer


async def stop(consumer: AIOKafkaConsumer) -> None:
    """Leave the group if the brokers can be told in time, and close every connection in any case.

    In a task of its own: what aiokafka cancels of its own while it stops must not reach ours.
    """
    leaving = asyncio.create_task(consumer.stop())
    try:
        await _over(leaving, within_s=STOP_S)
    finally:
        await consumer._client.close()


async def _over(task: asyncio.Task[None], *, within_s: float) -> None:
    """Let a task end by itself for so long, then cancel it; what it raises is nobody's concern."""
    try:
        await asyncio.wait([task], timeout=within_s)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def give_up(producer: AIOKafkaProducer) -> None:
    """Stop a producer at once, with what it has not delivered; nothing of it is sent afterwards.

    aiokafka's own `stop` waits for the brokers until they have taken everything, for ever if need be.
    """
    producer._closed = True
    try:
        async with asyncio.timeout(GIVE_UP_S):
            await producer._sender.close()
    except TimeoutError:
        logging.getLogger(__name__).debug("a request to Kafka was cut off")
    await producer.client.close()
