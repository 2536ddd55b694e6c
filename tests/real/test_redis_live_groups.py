"""`RedisLive` on several servers: a cluster that loses a part of itself, a master that is replaced."""

from __future__ import annotations

import pytest

from hub.stores.redis_live import RedisLive
from tests.contract.documents import board, fix
from tests.real.live_support import is_back, opened, watched
from tests.real.redis_groups import RedisClusterServers, pair


@pytest.mark.parametrize("emptied", [0, 1, 2])
async def test_one_emptied_master_of_a_cluster_is_noticed(
    redis_cluster: RedisClusterServers, redis_cluster_url: str, emptied: int
) -> None:
    async with opened(redis_cluster_url) as live, watched(live):
        redis_cluster.nodes[emptied].ask("FLUSHALL")

        await is_back(live)
        assert await live.position("consumer_001") == fix()


async def test_one_restarted_master_of_a_cluster_is_noticed(
    redis_cluster: RedisClusterServers, redis_cluster_url: str
) -> None:
    async with opened(redis_cluster_url) as live, watched(live):
        for node in redis_cluster.nodes:
            node.kill()
            node.start()
            await is_back(live, within_s=20)


async def test_many_stations_are_read_from_all_masters(redis_cluster_url: str) -> None:
    async with RedisLive.open(redis_cluster_url) as live:
        made = [board(f"station_{number:03}") for number in range(700)]
        await live.replace_all(made, [fix(f"u{number}") for number in range(700)], since=await live.mark())

        assert await live.boards() == made
        assert len(await live.positions()) == 700


async def test_a_promoted_replica_is_followed_and_made_again(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with pair(tmp_path_factory.mktemp("pair")) as servers:
        async with opened(servers.url) as live, watched(live):
            servers.master.kill()

            await is_back(live, within_s=20)
            await live.put_board(board("station_002"))
            assert servers.replica.ask("HGET", "queue:station_002", "version") == b"1"
