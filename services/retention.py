"""How long it is kept where people were, and what was done with special powers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from services.base import rfc3339
from services.fixes import GpsFix
from services.ports import Range, Reads, Where, Writes
from services.upkeep_models import InstallationFact
from services.world import World

ROWS: Final = 200  # at a time: others get their turn between two transactions
THINNED: Final = "gps_thinned_until"  # the fact of the installation that says how far it has come
IN_ORDER: Final = ("at", "id")


class Retention:
    """Every fix for a while, then one a minute, then none; each step may be done twice, or by two nodes."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def run(self) -> dict[str, int]:
        """Do what is due; answers how many records went."""
        rules, now = self._world.rules, self._world.clock()
        reads = self._world.records.now
        return {
            "gps_dropped": await self._drop("gps_logs", reads.gps_logs, now - rules.gps_keep),
            "gps_thinned": await self._thin(_minute(now - rules.gps_full)),
            "audit_dropped": await self._drop("audit", reads.audit, now - rules.audit_keep),
        }

    async def _drop(self, name: str, collection: Reads[Any], before: datetime) -> int:
        dropped = 0
        while old := await collection.find({"at": Range(lt=before)}, order=IN_ORDER, limit=ROWS):
            await self._delete(name, [one.id for one in old])
            dropped += len(old)
        return dropped

    async def _thin(self, end: datetime) -> int:
        """Of each minute keep everybody's first fix, from where it ended last to `end`."""
        known = await self._world.records.now.installation.get(THINNED)
        part = await self._following(None, datetime.fromisoformat(known.value) if known else None, end)
        thinned, minute, seen = 0, None, set[str]()
        while part:
            going = []
            for fix in part:
                if _minute(fix.at) != minute:
                    minute, seen = _minute(fix.at), set()
                if fix.user_id in seen:
                    going.append(fix.id)
                seen.add(fix.user_id)
            await self._delete("gps_logs", going, thinned_until=minute)
            thinned += len(going)
            part = await self._following(part[-1], None, end)
        return thinned

    async def _following(self, last: GpsFix | None, start: datetime | None, end: datetime) -> list[GpsFix]:
        """The next fixes by time, then by id: many phones know whole seconds only."""
        first: Where = {"at": last.at, "id": Range(gt=last.id)} if last else {"at": Range(gte=start, lt=end)}
        found = await self._fixes(first, ROWS)
        if last is not None and len(found) < ROWS:
            found += await self._fixes({"at": Range(gt=last.at, lt=end)}, ROWS - len(found))
        return found

    async def _fixes(self, where: Where, most: int) -> list[GpsFix]:
        return await self._world.records.now.gps_logs.find(where, order=IN_ORDER, limit=most)

    async def _delete(self, name: str, ids: Iterable[str], *, thinned_until: datetime | None = None) -> None:
        async with self._world.records.transaction() as tx:
            collection: Writes[Any] = getattr(tx, name)
            for id in ids:
                await collection.delete(id)
            if thinned_until is not None:
                await self._note(tx.installation, thinned_until)

    async def _note(self, facts: Writes[InstallationFact], until: datetime) -> None:
        """The minute that is under way is looked at again by who goes on from here: its first ones stay."""
        known, value = await facts.get(THINNED), rfc3339(until)
        if known is None:
            await facts.insert(InstallationFact(id=THINNED, value=value, at=self._world.clock()))
        elif known.value < value:
            await facts.replace(known.changed(value=value, at=self._world.clock()))


def _minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)
