"""The audits of the records, asked of a store that runs."""

from __future__ import annotations

from services.audits import CreditsAudit, CustodyAudit
from services.ports import Records


async def faults(records: Records) -> list[str]:
    """What `navswap audit custody` and `navswap audit credits` would say."""
    now, custody, credits = records.now, CustodyAudit(), CreditsAudit()
    for record in await now.custody.find({}):
        custody.record(record)
    for pack in await now.batteries.find({}):
        custody.pack(pack)
    for posting in await now.credits.find({}):
        credits.posting(posting)
    for swap in await now.swaps.find({}):
        credits.swap(swap)
    for job in await now.transport_jobs.find({}):
        credits.job(job)
    return [*custody.close(), *credits.close()]
