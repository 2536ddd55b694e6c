"""Two hubs on one MongoDB, one Redis and one Kafka: one of them relays, and another when it is dead."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from hub.stores.kafka import KafkaCluster
from services.events import Topic
from tests.e2e.process import HubProcess
from tests.real.kafka_topics import Message, by_key, read_until, until

RIDERS = [f"rider_{number}" for number in range(4)]
STEP = 1e-5  # degrees, a metre


@pytest.fixture
async def hubs(
    mongo_uri: str, redis_url: str, cluster: KafkaCluster, tmp_path: Path
) -> AsyncIterator[list[HubProcess]]:
    settings = {
        "MONGODB_URI": mongo_uri,
        "REDIS_HOST": redis_url,
        "KAFKA_BOOTSTRAP_SERVERS": cluster.options["bootstrap_servers"],
        "KAFKA_TOPIC_PREFIX": cluster.prefix,
        "KAFKA_GROUP_ID": cluster.name("group"),
        "KAFKA_TOPIC_PARTITIONS": "4",
    }
    async with AsyncExitStack() as stack:
        made = [HubProcess(tmp_path / "data", args=(), settings=settings) for _ in range(2)]
        (tmp_path / "data").mkdir()
        for hub in made:
            await hub.start()
            stack.push_async_callback(hub.kill)
        yield made


async def relays(http: aiohttp.ClientSession, hub: HubProcess) -> bool:
    async with http.get(f"{hub.rest_url}/readyz") as answer:
        return bool((await answer.json())["kafka_behind"])


async def drive(
    http: aiohttp.ClientSession, hub: HubProcess, rider: str, token: str, done: list[float]
) -> None:
    """Go north, a metre with each acknowledged fix, for ever."""
    for step in count(1):
        fix = {"lat": 12.9 + step * STEP, "lng": 77.5, "accuracy": 5}
        headers = {"Authorization": f"Bearer {token}"}
        async with http.post(f"{hub.rest_url}/location/update", json=fix, headers=headers) as answer:
            said: dict[str, Any] = await answer.json()
        if answer.status == 200 and said["accepted"]:
            done.append(fix["lat"])


async def test_relay_goes_on_elsewhere_when_its_hub_is_killed(
    hubs: list[HubProcess], cluster: KafkaCluster
) -> None:
    """Fixes come by one hub while the other one, which relays, is killed -9."""
    tokens = dict(zip(RIDERS, hubs[0].tokens("consumer", RIDERS), strict=True))
    fixes: dict[str, list[float]] = {rider: [] for rider in RIDERS}
    async with aiohttp.ClientSession() as http, asyncio.timeout(100):
        await until(partial(relays, http, hubs[0]))
        assert not await relays(http, hubs[1])
        driving = [
            asyncio.create_task(drive(http, hubs[1], rider, tokens[rider], fixes[rider])) for rider in RIDERS
        ]
        await read_until(cluster, Topic.LOCATION, lambda found: len(found) > 20)
        await hubs[0].kill()
        before = sum(map(len, fixes.values()))
        await until(partial(relays, http, hubs[1]))
        await until(lambda: sum(map(len, fixes.values())) > before + 20)
        for task in driving:
            task.cancel()
        await asyncio.gather(*driving, return_exceptions=True)
    messages = await read_until(cluster, Topic.LOCATION, partial(_has_all, fixes))

    for rider, moves in _moves(messages).items():
        assert moves == sorted(moves)
        assert set(fixes[rider]) <= set(moves)
        assert len(moves) <= len(fixes[rider]) + 1  # the last one's answer may not have been waited for


def _moves(messages: list[Message]) -> dict[str, list[float]]:
    return {
        rider: [data["location"]["lat"] for _, data in events if "location" in data]
        for rider, events in by_key(messages).items()
    }


def _has_all(fixes: dict[str, list[float]], messages: list[Message]) -> bool:
    found = _moves(messages)
    return all(set(fixes[rider]) <= set(found.get(rider, [])) for rider in fixes)
