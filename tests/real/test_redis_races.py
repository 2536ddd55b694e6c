"""Three processes write the same keys at once: every step is atomic, whatever the order."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE
from datetime import timedelta
from pathlib import Path

import pytest

from hub.stores.redis_live import RedisLive
from tests.contract.documents import NOON, board, fix

ROOT = Path(__file__).parents[2]
NODES = 3
STEPS = 200


async def node(url: str, seed: int) -> int:
    """A process of its own; answers how many of its calls were allowed."""
    script = str(ROOT / "tests" / "real" / "live_process.py")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        script,
        url,
        str(seed),
        str(STEPS),
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        stdout=PIPE,
    )
    printed, _ = await process.communicate()
    return int(printed)


async def rebuild(live: RedisLive) -> None:
    """From the records as they are after the mark."""
    mark = await live.mark()
    committed = int(await live._commands.one("ZSCORE", "truth", "version"))
    made = board(version=committed, name=f"Version {committed}")
    newest = fix(at=NOON + timedelta(seconds=committed), lat=committed / 100)
    await live.replace_all([made], [newest], since=mark)


@pytest.mark.parametrize("server", ["redis_url", "redis_cluster_url"])
async def test_nothing_goes_backwards_and_no_call_is_counted_twice_or_lost(
    request: pytest.FixtureRequest, server: str
) -> None:
    async with RedisLive.open(url := request.getfixturevalue(server)) as live, asyncio.timeout(90):
        await live._commands.one("ZADD", "truth", 0, "version")
        await rebuild(live)
        nodes = [asyncio.create_task(node(url, seed)) for seed in range(NODES)]
        seen, rebuilds = [0], 0
        while not all(one.done() for one in nodes):
            await rebuild(live)
            rebuilds += 1
            seen.append((await live.boards())[0].version)

        assert seen == sorted(seen)
        assert rebuilds > 10
        assert (await live.boards())[0].name == f"Version {STEPS}"
        assert await live.positions() == [fix(at=NOON + timedelta(seconds=STEPS), lat=STEPS / 100)]
        assert sum(one.result() for one in nodes) == STEPS
        assert not (await live.allow("shared", per_minute=STEPS, per_hour=0)).allowed
