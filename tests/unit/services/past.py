"""A past for stations: swaps and incidents as the records would have them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import count

from services.fault_models import Incident, Severity, cause_of
from services.models import Station, Swap
from services.states import IncidentState, SwapState
from tests.unit.services.city import City

WEEK = timedelta(days=7)
_numbers = count(1)


async def swapped_at(city: City, station: Station, times: Iterable[datetime], stay: float = 12) -> None:
    """Completed swaps, each after so many minutes at the station, four of them at the bay."""
    async with city.services.world.records.transaction() as tx:
        for at in times:
            id = f"past_{next(_numbers):06}"
            await tx.swaps.insert(
                Swap(
                    id=id,
                    entry_id=f"entry_of_{id}",
                    user_id="somebody",
                    station_id=station.id,
                    state=SwapState.COMPLETED,
                    assigned_battery_id=None,
                    created_at=at - timedelta(minutes=stay),
                    started_at=at - timedelta(minutes=4),
                    completed_at=at,
                )
            )


async def busy_weeks(city: City, station: Station, per_hour: int, *, weeks: int = 4, hours: int = 3) -> None:
    """The same hours of the last weeks, from an hour before this one on, and a first day before them."""
    now = city.clock()
    starts = [now - WEEK * back - timedelta(hours=1) for back in range(1, weeks + 1)]
    steps = range(hours * per_hour)
    times = [start + timedelta(minutes=60 / per_hour * (step + 0.5)) for start in starts for step in steps]
    await swapped_at(city, station, [now - WEEK * weeks - timedelta(days=1), *times])


async def failed_at(
    city: City,
    station: Station,
    at: datetime,
    *,
    severity: Severity = Severity.HIGH,
    hours: float = 5,
    kind: str = "grid_voltage",
) -> Incident:
    """An incident that lasted so long."""
    incident = Incident(
        id=f"incident_{next(_numbers):06}",
        station_id=station.id,
        kind=kind,
        cause=cause_of(kind, None),
        severity=severity,
        state=IncidentState.RECOVERED,
        level=2,
        reported_by="device",
        raised_at=at,
        last_reported_at=at,
        ended_at=at + timedelta(hours=hours),
    )
    async with city.services.world.records.transaction() as tx:
        await tx.incidents.insert(incident)
    return incident
