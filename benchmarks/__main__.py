"""`make bench`: every figure of the README, measured here and now.

Arguments go to the engine's part: `--quick`, `--only echo,fan,...` (see `benchmarks.engine`).
"""

from __future__ import annotations

import asyncio

from benchmarks import mongo_bench, near_bench, nodes_bench, relay_bench, three_servers_bench
from benchmarks.engine import __main__ as engine_bench
from benchmarks.hub import bench as hub_bench


def main() -> None:
    asyncio.run(hub_bench.main())
    mongo_bench.main()
    three_servers_bench.main()
    relay_bench.main()
    nodes_bench.main()
    near_bench.main()
    print(f"\n{'the engine beside its peers, servers taking turns':<62}", flush=True)
    engine_bench.main()


if __name__ == "__main__":
    main()
