"""A relay in a process of its own, to be killed; its arguments are a file, a broker, a prefix of topics."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from hub.clock import utc_now
from hub.metrics import Metrics
from hub.relay import Relay
from hub.stores.kafka import KafkaCluster
from hub.stores.sqlite import SqliteStore


async def main(path: Path, broker: str, prefix: str) -> None:
    cluster = KafkaCluster({"bootstrap_servers": broker}, prefix=prefix, may_create=True, partitions=4)
    async with SqliteStore.open(path, clock=utc_now) as store:
        await Relay(store.log, cluster, Metrics(), clock=utc_now).run()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3]))
