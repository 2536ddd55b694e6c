"""The owners of forecasts and of the plan: while they hold their lease, and no longer."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from hub.foresight import ForesightOwner, RebalancingOwner
from hub.leases import AloneLeases, Lease
from services.rules import RebalancingMode, Rules
from tests.unit.services.cities import embedded_city
from tests.unit.services.test_rebalancing import jobs, two_stations

DEADLINE_S = 10.0


async def test_the_owners_keep_forecasts_and_make_jobs(tmp_path: Path) -> None:
    rules = Rules(rebalancing=RebalancingMode.CREATE)
    async with embedded_city(tmp_path, rules=rules) as city:
        rich, _ = await two_stations(city)
        city.clock.forward(minutes=6)  # what the test's own pass has kept is none any more
        leases = AloneLeases(clock=city.clock)
        owners = [
            asyncio.create_task(leases.run("foresight", ForesightOwner(city.services, every_s=0.01).run)),
            asyncio.create_task(leases.run("rebalancing", RebalancingOwner(city.services, every_s=0.01).run)),
        ]
        seen = await city.log.last()
        while not await jobs(city):
            assert await city.log.wait(after=seen, timeout_s=DEADLINE_S)
            seen = await city.log.last()

        assert await city.services.world.live.forecast("load_prediction", rich.id)
        assert leases.held() == {"foresight": True, "rebalancing": True}
        for owner in owners:
            owner.cancel()
        await asyncio.gather(*owners, return_exceptions=True)


class Spy:
    """A foresight that notes what it is asked, and takes the lease away after the first station."""

    def __init__(self, lease: Lease) -> None:
        self.looked: list[str] = []
        self.foresight = self
        self._lease = lease

    async def begin(self) -> Any:
        return type("Pass", (), {"station_ids": ["a", "b", "c"]})

    async def look(self, begun: Any, station_id: str) -> None:
        self.looked.append(station_id)
        self._lease.until_s = 0.0


async def test_who_has_lost_the_lease_looks_at_no_more_stations() -> None:
    lease = Lease("foresight", 1, time=lambda: 1.0, until_s=2.0)
    spy: Any = Spy(lease)

    await ForesightOwner(spy, every_s=0).run(lease)

    assert spy.looked == ["a"]
