"""Topics: made when they are missing and that is allowed, else said to be missing."""

from __future__ import annotations

import asyncio
from typing import Final

from aiokafka.admin import NewTopic
from aiokafka.errors import KafkaError, NoError, TopicAlreadyExistsError, for_code

from hub.logs import logger
from hub.stores.kafka import CONNECT_S, LARGEST_MESSAGE_BYTES, KafkaCluster, begin

DEAD: Final = ".dlq"  # ends the name of a topic of dead letters
MOST_REPLICAS: Final = 3

_log = logger("hub.kafka")


class TopicsMissing(KafkaError):  # type: ignore[misc]  # it has no types
    """Somebody has to make them, or to let the hub do it."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(f"create {', '.join(names)}, or set KAFKA_CREATE_TOPICS=1")


async def missing(cluster: KafkaCluster, *names: str) -> list[str]:
    """Which of these topics the cluster does not have. Raises one of AWAY."""
    admin = cluster.admin()
    try:
        await begin(admin)
        async with asyncio.timeout(CONNECT_S):
            present = set(await admin.list_topics())
    finally:
        await admin.close()
    return [name for name in names if name not in present]


async def ensure(cluster: KafkaCluster, *names: str) -> None:
    """Make topics that are missing. Raises one of AWAY, and TopicsMissing where the hub may not make them."""
    absent = await missing(cluster, *names)
    if absent and cluster.may_create:
        await _create(cluster, absent)
    elif absent:
        raise TopicsMissing(absent)


def _settings(name: str) -> dict[str, str]:
    """Dead letters are what came, with its reason besides: more than a broker takes by default."""
    return {"max.message.bytes": str(LARGEST_MESSAGE_BYTES)} if name.endswith(DEAD) else {}


async def _create(cluster: KafkaCluster, names: list[str]) -> None:
    admin = cluster.admin()
    try:
        await begin(admin)
        async with asyncio.timeout(CONNECT_S):
            replicas = min(MOST_REPLICAS, len((await admin.describe_cluster())["brokers"]))
            answer = await admin.create_topics(
                [
                    NewTopic(name, cluster.partitions, replicas, topic_configs=_settings(name))
                    for name in names
                ]
            )
    finally:
        await admin.close()
    for name, code, *_ in answer.topic_errors:
        if (error := for_code(code)) not in (NoError, TopicAlreadyExistsError):  # another node was first
            raise error(f"topic {name} cannot be made")
    _log.info("topics made", topics=names, partitions=cluster.partitions, replicas=replicas)
