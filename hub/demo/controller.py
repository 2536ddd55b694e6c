"""A station's controller beside its chargers: it reports faults, and does what runbooks ask of it."""

from __future__ import annotations

import asyncio
import logging
import random
from typing import Any, Final

from hub.demo.client import Client

BETWEEN_FAULTS_S: Final = 6 * 3600.0  # city time, mean
OBEYS_AFTER_S: Final = (5.0, 60.0)  # city time
HELPS: Final = 0.75  # share of the commands after which the fault is gone
KINDS: Final = (
    "charger_fault",
    "slot_jam",
    "grid_voltage",
    "controller_fault",
    "door_fault",
    "charging_stopped",
)
SEVERITIES: Final = {"low": 0.4, "medium": 0.42, "high": 0.17, "critical": 0.01}
AFTER_FAULT_S: Final = 5.0

_log = logging.getLogger("hub.demo")


class Controller:
    """What goes wrong at one station, and what its controller can put right."""

    def __init__(self, client: Client, *, station_id: str, factor: float, rng: random.Random) -> None:
        self._client = client
        self._station_id = station_id
        self._factor = factor
        self._rng = rng
        self._reported: dict[str, dict[str, Any]] = {}  # by incident: what was said of it
        client.on("device:command", self._on_command)

    async def live(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(self._rng.expovariate(1 / BETWEEN_FAULTS_S) / self._factor)
            try:
                await self.fail()
            except Exception:
                _log.exception("demo: a fault of %s was not reported; the next one follows", self._station_id)
                await asyncio.sleep(AFTER_FAULT_S)

    async def fail(self) -> None:
        """Something is wrong from now on."""
        severity = self._rng.choices(list(SEVERITIES), list(SEVERITIES.values()))[0]
        fault = {"station_id": self._station_id, "kind": self._rng.choice(KINDS), "severity": severity}
        told = await self._client.call("fault:report", **fault)
        if told["ok"]:
            self._reported[told["data"]["incident_id"]] = fault

    async def _on_command(self, command: dict[str, Any]) -> None:
        """Do it, and say so when it has helped; of other people's reports we do not know whether it has."""
        await asyncio.sleep(self._rng.uniform(*OBEYS_AFTER_S) / self._factor)
        fault = self._reported.get(command["incident_id"])
        if fault is not None and self._rng.random() < HELPS:
            await self._client.call("fault:report", **fault, cleared=True)
            self._reported.pop(command["incident_id"], None)
