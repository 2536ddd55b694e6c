"""The servers that the tests here start or find."""

from __future__ import annotations

from tests.real.kafka_fixtures import cluster, kafka_address, kafka_server, own_kafka, topic_prefix

__all__ = ["cluster", "kafka_address", "kafka_server", "own_kafka", "topic_prefix"]
