"""`navswap rebuild`: make the shared live state in Redis anew from the records, also while hubs run.

Hubs do it themselves when Redis lost something. An embedded hub has live state in memory and makes it
anew at every start.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from typing import Any, Final

from hub.clock import utc_now
from hub.config import Settings, check
from hub.ids import SortableIds, nonce
from hub.lifespan import Resources, open_resources
from hub.signing import ItsDangerousSigner
from services.network import Services

TRIES: Final = 5  # a commit may be on its way to live state when it is compared
BETWEEN_S: Final = 0.2


def add_parser(commands: Any) -> None:
    parser = commands.add_parser("rebuild", help="make live state anew", description=__doc__)
    parser.set_defaults(run=run)


def run(_arguments: argparse.Namespace) -> int:
    settings = Settings()
    if settings.redis_host is None:
        print("live state is in memory: the hub makes it anew at every start; there is nothing to do")
        return 0
    check(settings)
    return asyncio.run(_rebuild(settings))


async def _rebuild(settings: Settings) -> int:
    async with open_resources(settings, clock=utc_now) as resources:
        services = services_of(settings, resources)
        await services.stations.rebuild_live()
        same = await _is_same(services)
        stations = len(await resources.live.boards()) if same else 0
    if not same:
        print("live state still differs from the records; see /readyz of the hubs", file=sys.stderr)
        return 1
    print(f"live state is as the records are: {stations} stations compared")
    return 0


def services_of(settings: Settings, resources: Resources) -> Services:
    """The services on open stores, for a command that needs no hub."""
    return Services.build(
        records=resources.records,
        live=resources.live,
        log=resources.log,
        clock=utc_now,
        ids=SortableIds(),
        secrets=nonce,
        signer=ItsDangerousSigner(settings.secret("qr")),
        rules=settings.rules(),
    )


async def _is_same(services: Services) -> bool:
    for _ in range(TRIES):
        if await services.stations.live_equals_records():
            return True
        await asyncio.sleep(BETWEEN_S)
    return False
