"""What a hub does with Kafka: it publishes its log, and takes telemetry."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any, Final

from hub.config import Settings
from hub.intake import Intake, Run
from hub.leases import Leases
from hub.metrics import Metrics
from hub.relay import Relay
from hub.stores.kafka import KafkaCluster
from hub.supervisor import Supervisor
from services.base import Clock
from services.errors import Unavailable
from services.ports import Log

LAG_EVERY_S: Final = 1.0


class KafkaSide:
    """The relay, which one node runs at a time, and the intake, which every node runs."""

    def __init__(
        self, settings: Settings, log: Log, leases: Leases, telemetry: Run, metrics: Metrics, *, clock: Clock
    ) -> None:
        cluster = KafkaCluster.of(settings)
        self.relay = Relay(log, cluster, metrics, clock=clock)
        self.intake = Intake(cluster, settings.kafka_group_id, telemetry, metrics, clock=clock)
        self._leases = leases
        self._metrics = metrics

    def own(self, supervisor: Supervisor) -> None:
        """Begin the background work."""
        supervisor.own_on_one_node("relay", self._leases, lambda _lease: self.relay.run())
        supervisor.own("telemetry", self.intake.run)
        supervisor.own("relay lag", self._measure)

    async def _measure(self) -> None:
        while True:
            with suppress(Unavailable):
                for topic, lag in (await self.relay.lags()).items():
                    self._metrics.relay_lagging(topic, lag.records, lag.age_s)
            await asyncio.sleep(LAG_EVERY_S)

    async def behind(self) -> dict[str, Any]:
        """How far the relay is behind, by topic, for a person who asks; empty where nobody can tell."""
        try:
            lags = await self.relay.lags()
        except Unavailable:
            return {}
        return {
            topic: {"records": lag.records, "seconds": round(lag.age_s, 3)} for topic, lag in lags.items()
        }
