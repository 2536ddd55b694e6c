"""The servers that the tests here start or find."""

from __future__ import annotations

from tests.real.kafka_fixtures import cluster, kafka_server, topic_prefix

__all__ = ["cluster", "kafka_server", "topic_prefix"]
