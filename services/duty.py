"""Who is on duty at a station."""

from __future__ import annotations

from services.models import Role
from services.ports import Snapshot, Transaction


async def count_on_duty(reads: Snapshot | Transaction, station_id: str) -> int:
    """Staff on duty at a station: open records there, and staff of the station without any record."""
    on_duty = {
        record.staff_id
        for record in await reads.staff_assignments.find({"station_id": station_id, "ends_at": None})
    }
    for user in await reads.users.find({"role": Role.STAFF, "station_id": station_id}):
        if user.id not in on_duty and await reads.staff_assignments.count({"staff_id": user.id}) == 0:
            on_duty.add(user.id)
    return len(on_duty)
