"""Fixtures of Kafka. A broker that KAFKA_BOOTSTRAP_SERVERS names is used where none has to be killed."""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import Iterator

import pytest

from hub.stores.kafka import REQUEST_MS, KafkaCluster
from tests.real.kafka_server import KafkaServer, NoKafka, running_kafka


@pytest.fixture(scope="session")
def own_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaServer]:
    try:
        with running_kafka(tmp_path_factory.mktemp("kafka")) as server:
            yield server
    except NoKafka as why:
        pytest.skip(str(why))


@pytest.fixture
def kafka_server(own_kafka: KafkaServer) -> Iterator[KafkaServer]:
    """Our own broker, which a test may kill; it runs again afterwards."""
    yield own_kafka
    if not own_kafka.running:
        asyncio.run(own_kafka.start())


@pytest.fixture(scope="session")
def kafka_address(request: pytest.FixtureRequest) -> str:
    """Where a broker listens that nobody kills."""
    if given := os.environ.get("KAFKA_BOOTSTRAP_SERVERS"):
        return given
    server: KafkaServer = request.getfixturevalue("own_kafka")
    return server.address


@pytest.fixture
def topic_prefix() -> str:
    """Topics of the test's own."""
    return f"test-{uuid.uuid4().hex[:12]}."


@pytest.fixture
def cluster(request: pytest.FixtureRequest, topic_prefix: str) -> KafkaCluster:
    """The broker, our own where the test kills it, with topics of this test's own, made when needed."""
    if "kafka_server" in request.fixturenames:
        address = request.getfixturevalue("kafka_server").address
    else:
        address = request.getfixturevalue("kafka_address")
    options = {"bootstrap_servers": address, "request_timeout_ms": REQUEST_MS}
    return KafkaCluster(options, prefix=topic_prefix, may_create=True, partitions=4)
