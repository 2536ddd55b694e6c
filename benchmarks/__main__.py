"""`make bench`: every figure of the README, measured here and now."""

from __future__ import annotations

import argparse
import asyncio

from benchmarks.hub import bench as hub_bench


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.parse_args()
    asyncio.run(hub_bench.main())


if __name__ == "__main__":
    main()
