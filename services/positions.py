"""Positions: which fixes count, and what they change."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from services.answers import PingsTaken, RejectedPing, ZoneCrossing
from services.arrivals import Arrivals
from services.base import Instant, Location, rfc3339
from services.events import GpsMoved
from services.fixes import GpsFix
from services.ports import Transaction
from services.trust import judged, pace_mps
from services.world import World

FUTURE_LEEWAY: Final = timedelta(seconds=60)  # a phone's clock may be this much ahead
OLDEST: Final = timedelta(hours=24)  # a buffered fix older than this helps nobody
WORST_ACCURACY_M: Final = 1000.0


class Ping(Location):
    """One fix as a phone sends it: metres, m/s, degrees."""

    accuracy: float | None = None
    speed: float | None = None
    heading: float | None = None
    at: Instant | None = None
    seq: int | None = None
    mock: bool | None = None


class PositionService:
    """Takes fixes. Late ones are stored and never move the map backwards."""

    def __init__(self, world: World, arrivals: Arrivals) -> None:
        self._world = world
        self._arrivals = arrivals

    async def take(self, user_id: str, pings: Sequence[Ping]) -> PingsTaken:
        """Store the fixes that can be true, in the order of their time; say of the others why not."""
        now = self._world.clock()
        rejected: list[RejectedPing] = []
        accepted: list[GpsFix] = []
        before = newest = await self._world.live.position(user_id)
        entered: list[ZoneCrossing] = []
        left: list[ZoneCrossing] = []
        async with self._world.records.transaction() as tx:
            for index, ping in sorted(enumerate(pings), key=lambda item: item[1].at or now):
                fix = _fix(user_id, ping, now)
                reason = await self._fault(tx, fix, newest)
                if reason:
                    rejected.append(RejectedPing(index=index, reason=reason))
                    continue
                most_mps = self._world.rules.gps_max_speed_mps
                fix = judged(fix, newest, is_mock=bool(ping.mock), most_mps=most_mps)
                await self._store(tx, fix)
                accepted.append(fix)
                newest = fix if newest is None or fix.at > newest.at else newest
            for crossing, is_in in await self._arrivals.follow(tx, user_id, accepted, before):
                (entered if is_in else left).append(crossing)
            tx.after_commit(lambda: self._show(newest, accepted))
        rejected.sort(key=lambda ping: ping.index)
        return PingsTaken(accepted=len(accepted), rejected=rejected, entered=entered, left=left)

    async def _fault(self, tx: Transaction, fix: GpsFix, newest: GpsFix | None) -> str | None:
        """Why a fix does not count; none when it does."""
        if fix.at > fix.received_at + FUTURE_LEEWAY:
            return "future"
        if fix.at < fix.received_at - OLDEST:
            return "too_old"
        if fix.lat == fix.lng == 0:
            return "no_fix"
        if fix.accuracy_m is not None and fix.accuracy_m > WORST_ACCURACY_M:
            return "inaccurate"
        if await tx.gps_logs.get(fix.id) is not None:
            return "duplicate"
        most_mps = self._world.rules.gps_max_speed_mps
        is_jump = most_mps and newest is not None and pace_mps(newest, fix) > most_mps
        return "jump" if is_jump else None

    async def _store(self, tx: Transaction, fix: GpsFix) -> None:
        await tx.gps_logs.insert(fix)
        tx.log(
            GpsMoved(
                **self._world.stamp(),
                version=0,
                user_id=fix.user_id,
                location=fix.location,
                accuracy_m=fix.accuracy_m,
                speed_mps=fix.speed_mps,
                heading=fix.heading,
                fix_at=fix.at,
                trust=fix.trust,
                trust_reasons=fix.trust_reasons,
            )
        )

    async def _show(self, newest: GpsFix | None, accepted: list[GpsFix]) -> None:
        if newest is not None and newest in accepted:
            await self._world.live.put_position(newest)


def _fix(user_id: str, ping: Ping, now: datetime) -> GpsFix:
    at = ping.at or now
    return GpsFix(
        id=f"{user_id}:{rfc3339(at)}",  # the same fix sent twice is one fix
        user_id=user_id,
        lat=ping.lat,
        lng=ping.lng,
        accuracy_m=ping.accuracy,
        speed_mps=ping.speed,
        heading=ping.heading,
        at=at,
        received_at=now,
        seq=ping.seq,
    )
