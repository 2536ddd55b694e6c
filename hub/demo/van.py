"""A transporter of the demo: takes offers, fetches packs and brings them; not every time as promised."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Iterable
from typing import Any, Final

from hub.demo.client import Client
from hub.demo.roads import way
from hub.demo.staff import code
from hub.demo.vehicle import Vehicle
from services.base import Clock, Location

DECLINES: Final = 0.15  # shares of the offers
STALLS: Final = 0.05
FORGETS_ONE: Final = 0.02  # of the packs at the pickup
THINKS_S: Final = (5.0, 40.0)  # city time, before an offer is answered
LOADS_S: Final = (180.0, 600.0)  # city time
STALLED_S: Final = 1200.0  # the hub's time: it has given the job to somebody else by then
NO_ROOM_S: Final = 600.0  # city time until the next try to hand packs over
FIXES: Final = 2  # where packs change hands
AFTER_FAULT_S: Final = 5.0
LOOKED_THROUGH: Final = 20  # newest jobs, for one from before a restart

_log = logging.getLogger("hub.demo")


class Van:
    """One transporter and what they do all day."""

    def __init__(
        self,
        client: Client,
        vehicle: Vehicle,
        *,
        user_id: str,
        factor: float,
        rng: random.Random,
        now: Clock,
        look_every_s: float,
    ) -> None:
        self.vehicle = vehicle
        self._client = client
        self._user_id = user_id
        self._factor = factor
        self._rng = rng
        self._now = now
        self._look_every_s = look_every_s
        self._has_left_one = True  # perhaps: from before a restart
        self._offers: asyncio.Queue[str] = asyncio.Queue()
        client.on("job:offered", self._on_offer)

    async def _on_offer(self, offer: dict[str, Any]) -> None:
        self._offers.put_nowait(offer["job_id"])

    async def live(self) -> None:
        """Day after day, until cancelled."""
        while True:
            try:
                await self.step()
            except Exception:
                self._has_left_one = True
                _log.exception("demo: a transporter's day went wrong; the next step follows")
                await asyncio.sleep(AFTER_FAULT_S)

    async def step(self) -> None:
        """Carry what one has taken, or wait for the next offer."""
        job = await self._mine() if self._has_left_one else None
        self._has_left_one = job is not None
        if job is not None:
            await self._carry(job)
            return
        await self.vehicle.ping()  # who is near is asked first
        offer = await self._next_offer()
        if offer is not None:
            await self._answer(offer)

    async def _mine(self) -> dict[str, Any] | None:
        """The job that one has, perhaps from before a restart."""
        asked = {"transporter_id": self._user_id, "limit": LOOKED_THROUGH}
        told = await self._client.call("job:history", **asked)
        jobs: Iterable[dict[str, Any]] = (told.get("data") or {}).get("items", [])
        return next((job for job in jobs if job["state"] in ("assigned", "in_transit")), None)

    async def _next_offer(self) -> str | None:
        """Wait for a push; after a while look what is there."""
        try:
            async with asyncio.timeout(self._look_every_s):
                return await self._offers.get()
        except TimeoutError:
            told = await self._client.call("job:available", limit=1)
            items = (told.get("data") or {}).get("items", [])
            return items[0]["job_id"] if items else None

    async def _answer(self, job_id: str) -> None:
        await self._pause(*THINKS_S)
        if self._rng.random() < DECLINES:
            await self._client.call("job:decline", job_id=job_id, reason="on another errand")
            return
        taken = await self._client.call("job:accept", job_id=job_id)
        if taken["ok"]:
            self._has_left_one = True
            await self._carry(taken["data"])

    async def _pause(self, shortest_s: float, longest_s: float) -> None:
        await asyncio.sleep(self._rng.uniform(shortest_s, longest_s) / self._factor)

    async def _carry(self, job: dict[str, Any]) -> None:
        """From the offer to the handover; what is refused on the way ends it, and the next step looks."""
        if job["state"] == "assigned":
            if self._rng.random() < STALLS:
                await asyncio.sleep(STALLED_S)
                return
            await self._drive(job["from"])
            if not await self._pickup(job):
                return
        await self._drive(job["to"])
        await self._deliver(job)

    async def _drive(self, end: dict[str, Any]) -> None:
        there = Location(lat=end["location"]["lat"], lng=end["location"]["lng"])
        await self.vehicle.ride(way(self.vehicle.here, there, self._now()))
        await self._pause(*LOADS_S)
        await self._be_seen()

    async def _be_seen(self) -> None:
        for _ in range(FIXES):
            await asyncio.sleep(self.vehicle.ping_every_s)
            await self.vehicle.ping()

    async def _pickup(self, job: dict[str, Any]) -> bool:
        """Scan what is there; now and then one is overlooked."""
        scanned = list(job["battery_ids"])
        if len(scanned) > 1 and self._rng.random() < FORGETS_ONE:
            scanned.pop()
        told = await self._client.call("job:pickup", job_id=job["job_id"], battery_ids=scanned)
        if code(told) == "wrong_battery":  # none of them may be carried any more
            await self._client.call("job:release", job_id=job["job_id"], reason="no pack is fit")
        if told["ok"]:
            job.update(told["data"])
        return bool(told["ok"])

    async def _deliver(self, job: dict[str, Any]) -> None:
        """Hand over, again until there is room."""
        while True:
            told = await self._client.call(
                "job:complete", job_id=job["job_id"], battery_ids=list(job["loaded_ids"])
            )
            if code(told) not in ("conflict", "outside_geofence"):
                return
            _log.info("demo: job %s cannot be handed over yet: %s", job["job_id"], code(told))
            await asyncio.sleep(NO_ROOM_S / self._factor)
            await self._be_seen()
