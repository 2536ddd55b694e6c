"""The audits of the records, asked of a store that runs."""

from __future__ import annotations

from services.audits import faults_in
from services.ports import Records


async def faults(records: Records) -> list[str]:
    """What `navswap audit custody` and `navswap audit credits` would say."""
    return await faults_in(records.now, "custody", "credits")
