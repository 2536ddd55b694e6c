"""A station's chargers: packs fill up and warm up, and the station's controller reports what it reads."""

from __future__ import annotations

import asyncio
import logging
import random
from dataclasses import dataclass
from typing import Any, Final

from hub.demo.client import Client

REPORT_EVERY_S: Final = 5.0  # wall time between two telemetry reports
CHARGE_PER_MINUTE: Final = 1.2  # state of charge, %: a 2 kWh pack at 1.5 kW
TAPER_FROM_SOC: Final = 80.0  # from here on the current falls, as constant voltage follows constant current
TAPERED_RATIO: Final = 0.35  # of the rate, when full
AMBIENT_C: Final = 26.0
WARMTH_C: Final = 9.0  # above ambient, at the full rate
SETTLES_IN_MINUTES: Final = 10.0
FULL: Final = 100.0
STEP_MINUTES: Final = 1.0  # longest step of the simulation
VANISHES: Final = 0.001  # share of the packs that never get into the slot which the records give them

_log = logging.getLogger("hub.demo")


@dataclass(slots=True)
class Pack:
    """One pack in a slot, as its charger reads it."""

    slot: int | None
    soc: float
    soh: float | None
    is_charging: bool
    temperature_c: float = AMBIENT_C

    def charge(self, minutes: float) -> None:
        """Let city time pass."""
        while minutes > 0:
            rate = rate_at(self.soc) if self.is_charging else 0.0
            step = min(minutes, STEP_MINUTES) if rate else minutes
            minutes -= step
            self.soc = min(FULL, self.soc + rate * step)
            wanted = AMBIENT_C + WARMTH_C * rate / CHARGE_PER_MINUTE
            self.temperature_c += (wanted - self.temperature_c) * min(1.0, step / SETTLES_IN_MINUTES)

    def reading(self, battery_id: str) -> dict[str, Any]:
        return {
            "slot": self.slot,
            "battery_id": battery_id,
            "soc": round(self.soc, 1),
            "soh": self.soh,
            "temperature_c": round(self.temperature_c, 1),
        }


def rate_at(soc: float) -> float:
    """The state of charge gained in a minute, %."""
    if soc >= FULL:
        return 0.0
    over = max(0.0, (soc - TAPER_FROM_SOC) / (FULL - TAPER_FROM_SOC))
    return CHARGE_PER_MINUTE * (1 - (1 - TAPERED_RATIO) * over)


class Chargers:
    """The packs in one station's slots: learnt in its staff's room, told by its controller."""

    def __init__(
        self,
        device: Client,
        staff: Client,
        *,
        station_id: str,
        factor: float,
        rng: random.Random,
        report_every_s: float = REPORT_EVERY_S,
    ) -> None:
        self._report_every_s = report_every_s
        self.station_id = station_id
        self.packs: dict[str, Pack] = {}
        self._device = device
        self._staff = staff
        self._factor = factor
        self._rng = rng
        self._vanished: set[str] = set()
        self._first_pause_s = rng.uniform(0, report_every_s)  # stations do not report in step
        staff.on("hub:session", self._on_session)
        staff.on("battery:changed", self._on_battery)

    async def _on_session(self, _: dict[str, Any]) -> None:
        """A new connection: the room's snapshot is the truth."""
        answer = await self._staff.call("room:join", room=f"station:{self.station_id}:staff")
        if answer["ok"]:
            packs = answer["data"]["snapshot"]["batteries"]
            known = ((pack["battery_id"], _pack(pack)) for pack in packs)
            self.packs = {id: pack for id, pack in known if id not in self._vanished}

    async def _on_battery(self, event: dict[str, Any]) -> None:
        id, holder = event["battery_id"], event["holder"]
        if holder["kind"] != "slot" or holder["id"] != self.station_id:
            self.packs.pop(id, None)
            self._vanished.discard(id)
        elif id in self._vanished:
            return
        elif id not in self.packs:
            self._take_in(id, _pack(event))
        else:
            self.packs[id].slot = event["slot"]
            self.packs[id].is_charging = _is_charging(event)

    def _take_in(self, id: str, pack: Pack) -> None:
        """Somebody has put it into its slot, or says so."""
        if self._rng.random() < VANISHES:
            self._vanished.add(id)
        else:
            self.packs[id] = pack

    async def report(self) -> None:
        """Charge, and say so every few seconds, until cancelled."""
        await asyncio.sleep(self._first_pause_s)
        while True:
            await asyncio.sleep(self._report_every_s)
            try:
                await self.tick(self._report_every_s * self._factor / 60)
            except Exception:
                _log.exception("demo: a report of %s went wrong; the next one follows", self.station_id)

    async def tick(self, minutes: float) -> None:
        """Let city time pass for every pack, and report them all."""
        for pack in self.packs.values():
            pack.charge(minutes)
        slots = [pack.reading(id) for id, pack in self.packs.items()]
        if slots:
            await self._device.call("station:telemetry", station_id=self.station_id, slots=slots)


def _pack(told: dict[str, Any]) -> Pack:
    return Pack(told["slot"], float(told["soc"]), told.get("soh"), _is_charging(told))


def _is_charging(told: dict[str, Any]) -> bool:
    return told["state"] in ("charging", "charged")
