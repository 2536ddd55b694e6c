"""One node is cut off from Redis and the other is not: the one stops in time, the other goes on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from hub.ids import nonce
from hub.leases import Lease
from hub.stores.redis_commands import DEADLINE_S
from hub.stores.redis_leases import LeaseTimes, RedisLeases
from hub.stores.redis_live import RedisLive
from services.errors import Unavailable
from tests.contract.documents import board
from tests.real.cut import Way
from tests.real.redis_server import RedisServer

QUICK = LeaseTimes(lasts_s=1.5, renew_every_s=0.3, margin_s=0.4, try_every_s=0.1, ask_s=0.5)
SLACK_S = 1.0  # of a busy machine


@pytest.fixture
async def way(redis_server: RedisServer) -> AsyncIterator[Way]:
    async with Way(redis_server.port).opened() as way:
        yield way


class Node:
    """Wants the lease, and says when it had it."""

    def __init__(self, url: str, name: str) -> None:
        self._url, self._name = url, name
        self.began, self.ended = asyncio.Event(), asyncio.Event()
        self.fence = 0
        self.lease: Lease | None = None

    async def run(self) -> None:
        async with RedisLeases.open(self._url, node=self._name, secrets=nonce, times=QUICK) as leases:
            await leases.run("work", self._work)

    async def _work(self, lease: Lease) -> None:
        self.lease, self.fence = lease, lease.fence
        self.ended.clear()
        self.began.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.began.clear()
            self.ended.set()


async def test_the_holder_that_is_cut_off_ends_before_the_other_begins(
    redis_server: RedisServer, way: Way
) -> None:
    cut_off = Node(f"127.0.0.1:{way.port}", "cut-off")
    other = Node(redis_server.url, "other")
    tasks = [asyncio.create_task(cut_off.run())]
    async with asyncio.timeout(30):
        await cut_off.began.wait()
        tasks.append(asyncio.create_task(other.run()))
        with way.cut():
            async with asyncio.timeout(QUICK.lasts_s - QUICK.margin_s + SLACK_S):
                await cut_off.ended.wait()
            assert not other.began.is_set()
            async with asyncio.timeout(QUICK.margin_s + QUICK.try_every_s + SLACK_S):
                await other.began.wait()
        assert cut_off.lease
        assert not cut_off.lease.held
        assert other.fence > cut_off.fence

        tasks[1].cancel()  # it gives the lease back, and who was cut off can be reached again
        await cut_off.began.wait()
        assert cut_off.fence > other.fence
    tasks[0].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_node_that_is_cut_off_says_so_and_reads_what_the_other_wrote(
    redis_server: RedisServer, way: Way
) -> None:
    async with (
        RedisLive.open(f"127.0.0.1:{way.port}") as cut_off,
        RedisLive.open(redis_server.url) as other,
    ):
        for live in (cut_off, other):
            await live.replace_all([board(version=1)], [], since=await live.mark())
        watch = asyncio.create_task(cut_off.wholeness.watch())
        with way.cut():
            async with asyncio.timeout(DEADLINE_S + SLACK_S):
                with pytest.raises(Unavailable):
                    await cut_off.boards()
            await other.put_board(board(version=2))

        async with asyncio.timeout(10):
            while True:
                try:
                    [read] = await cut_off.boards()
                    break
                except Unavailable:
                    await asyncio.sleep(0.05)
        assert read.version == 2  # nothing older was answered in between
        assert await cut_off.board("station_001") == read
        watch.cancel()
