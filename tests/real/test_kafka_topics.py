"""Topics are made when that is allowed, and a broker that asks who comes, over TLS, is reached."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiokafka.errors import KafkaError

from hub.config import ConfigError, Settings
from hub.stores.kafka import AWAY, KafkaCluster, started
from hub.stores.kafka_topics import TopicsMissing, ensure, missing
from tests.real.kafka_server import KafkaServer, NoKafka
from tests.support.certificate import write_certificate


async def test_topics_are_made_once_however_many_nodes_try(cluster: KafkaCluster) -> None:
    names = [cluster.name(name) for name in ("one", "two")]
    assert await missing(cluster, *names) == names

    await asyncio.gather(*(ensure(cluster, *names) for _ in range(4)))

    producer = await started(cluster.producer())
    try:
        assert await producer.partitions_for(names[0]) == set(range(4))
    finally:
        await producer.stop()


async def test_topics_are_left_to_others_where_that_is_set(cluster: KafkaCluster) -> None:
    name = cluster.name("one")

    with pytest.raises(TopicsMissing, match=f"create {name}, or set KAFKA_CREATE_TOPICS=1"):
        await ensure(replace(cluster, may_create=False), name)

    assert await missing(cluster, name) == [name]


def _certificate(folder: Path) -> tuple[Path, Path]:
    """As Kafka reads a key store, and as the hub reads an authority."""
    key, certificate = write_certificate(folder)
    store = folder / "keystore.pem"
    store.write_bytes(key.read_bytes() + certificate.read_bytes())
    return store, certificate


@asynccontextmanager
async def _guarded(folder: Path) -> AsyncIterator[tuple[KafkaServer, Path]]:
    """A broker of its own that speaks SASL_SSL alone."""
    keystore, authority = _certificate(folder)
    plain = "org.apache.kafka.common.security.plain.PlainLoginModule required"
    settings = {
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(keystore),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(authority),
        "sasl.enabled.mechanisms": "PLAIN",
        "sasl.mechanism.inter.broker.protocol": "PLAIN",
        "listener.name.guarded.plain.sasl.jaas.config": (
            f'{plain} username="broker" password="of broker" user_broker="of broker" user_hub="swordfish";'
        ),
    }
    server = KafkaServer(folder / "broker", settings, listeners={"GUARDED": "SASL_SSL"})
    try:
        await server.start()
    except NoKafka as why:
        pytest.skip(str(why))
    try:
        yield server, authority
    finally:
        server.kill()


async def test_hub_signs_in_over_tls(tmp_path: Path) -> None:
    async with _guarded(tmp_path) as (server, authority):
        known: dict[str, Any] = {
            "kafka_bootstrap_servers": server.address,
            "kafka_security_protocol": "SASL_SSL",
            "kafka_sasl_username": "hub",
            "kafka_sasl_password": "swordfish",
            "kafka_ssl_cafile": authority,
        }
        cluster = KafkaCluster.of(Settings(_env_file=None, **known))
        await ensure(cluster, "guarded")
        assert await missing(cluster, "guarded") == []
        producer = await started(cluster.producer())
        await producer.send_and_wait("guarded", b"value", b"key")
        await producer.stop()

        wrong = Settings(_env_file=None, **{**known, "kafka_sasl_password": "perch"})
        with pytest.raises(KafkaError):
            await started(KafkaCluster.of(wrong).producer())
        stranger = Settings(_env_file=None, **{**known, "kafka_ssl_cafile": None})
        with pytest.raises(AWAY):
            await started(KafkaCluster.of(stranger).producer())


def test_certificates_that_cannot_be_read_are_a_sentence(tmp_path: Path) -> None:
    settings = Settings(
        _env_file=None,
        kafka_bootstrap_servers="127.0.0.1:1",
        kafka_security_protocol="SSL",
        kafka_ssl_cafile=tmp_path / "nothing",
    )
    with pytest.raises(ConfigError, match="KAFKA_SSL_CAFILE"):
        KafkaCluster.of(settings)
