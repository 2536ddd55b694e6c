"""Is Kafka there, and has it the topics? Its protocol tells no time, so its clock cannot be compared."""

from __future__ import annotations

from hub.config import Settings
from hub.doctor.finding import Finding, fail, ok, warn
from hub.intake import TOPIC as TELEMETRY
from hub.stores.kafka import AWAY, KafkaCluster
from hub.stores.kafka_topics import DEAD, missing
from services.events import Topic


async def kafka_works(settings: Settings) -> list[Finding]:
    """Reached, signed in, topics there."""
    if settings.kafka_bootstrap_servers is None:
        return [ok("kafka", "not used; the event log stays in the records")]
    cluster = KafkaCluster.of(settings)
    try:
        absent = await missing(cluster, *map(cluster.name, (*Topic, TELEMETRY, TELEMETRY + DEAD)))
    except AWAY as error:
        found = f"not reached: {type(error).__name__}"
        return [
            fail("kafka", found, "start it, or correct KAFKA_BOOTSTRAP_SERVERS and its security settings")
        ]
    if absent and not cluster.may_create:
        return [warn("kafka", f"without {', '.join(absent)}", "create them, or set KAFKA_CREATE_TOPICS=1")]
    if absent:
        return [ok("kafka", f"reached; the hub makes {', '.join(absent)} when it needs them")]
    return [ok("kafka", "reached, with every topic")]
