"""A whole hub with Kafka: its commands arrive as events, and it serves on while Kafka is away."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from hub import intake
from hub.stores import kafka, kafka_publisher, outbox
from hub.stores.kafka import KafkaCluster
from hub.stores.kafka_topics import ensure, missing
from services.events import Topic
from tests.conftest import MakeHub
from tests.real.kafka_server import KafkaServer
from tests.real.kafka_topics import Message, read_until, until, write
from tests.support.hub import RunningHub, running


def settings(cluster: KafkaCluster) -> dict[str, Any]:
    return {
        "kafka_bootstrap_servers": cluster.options["bootstrap_servers"],
        "kafka_topic_prefix": cluster.prefix,
        "kafka_group_id": cluster.name("group"),
        "kafka_topic_partitions": 4,
    }


def types(messages: list[Message]) -> list[str]:
    return [dict(message.headers)["ce_type"].decode() for message in messages]


async def ready(hub: RunningHub) -> tuple[int, dict[str, Any]]:
    async with hub.http.get(f"{hub.rest_url}/readyz") as answer:
        return answer.status, await answer.json()


async def figure(hub: RunningHub, name: str) -> float:
    """The sum over topics of a figure of `/metrics`."""
    async with hub.http.get(f"{hub.rest_url}/metrics") as answer:
        lines = (await answer.text()).splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith(name + "{"))


async def test_a_ride_arrives_as_events(make_hub: MakeHub, cluster: KafkaCluster) -> None:
    hub: RunningHub = await make_hub(**settings(cluster))  # type: ignore[misc]
    station = await hub.station()
    rider = await hub.rider().ready()

    await rider.call("gps:ping", hub.near(station, 300))
    await rider.call("queue:confirm", {"station_id": station.id})
    await rider.call("queue:leave", {"reason": "rain"})

    swaps = await read_until(cluster, Topic.SWAP, lambda found: "queue.left" in types(found))
    places = await read_until(cluster, Topic.LOCATION, lambda found: "gps.moved" in types(found))
    assert {message.key for message in swaps} == {station.id.encode()}
    assert types(swaps).index("queue.confirmed") < types(swaps).index("queue.left")
    assert {message.key for message in places} == {rider.id.encode()}


async def test_hub_serves_on_while_kafka_is_away_and_says_so(
    make_hub: MakeHub, kafka_server: KafkaServer, cluster: KafkaCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "LONGEST_PAUSE_S", 0.5)
    monkeypatch.setattr(kafka_publisher, "SEND_S", 2.0)
    hub: RunningHub = await make_hub(**settings(cluster))  # type: ignore[misc]
    station = await hub.station(places=20, charged=12)
    await (await hub.rider().ready()).call("queue:confirm", {"station_id": station.id})
    await read_until(cluster, Topic.SWAP, lambda found: "queue.confirmed" in types(found))

    kafka_server.kill()
    for _ in range(5):
        answer = await (await hub.rider().ready()).call("queue:confirm", {"station_id": station.id})
        assert answer.ok
    await until(partial(_behind, hub))
    await until(partial(figure, hub, "hub_kafka_lag_records"))
    assert (await ready(hub))[0] == 200

    await kafka_server.start()
    found = await read_until(cluster, Topic.SWAP, lambda found: types(found).count("queue.confirmed") >= 6)
    assert (
        len({message.value for message in found if dict(message.headers)["ce_type"] == b"queue.confirmed"})
        == 6
    )
    await until(partial(_in_step, hub))
    assert await figure(hub, "hub_kafka_published_total") >= 6


async def _behind(hub: RunningHub) -> bool:
    return bool((await ready(hub))[1]["kafka_behind"]["swap_events"]["records"])


async def _in_step(hub: RunningHub) -> bool:
    return not await _behind(hub)


async def test_topics_that_others_make_are_waited_for(
    make_hub: MakeHub, cluster: KafkaCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "LONGEST_PAUSE_S", 0.5)
    monkeypatch.setattr(intake, "LONGEST_PAUSE_S", 0.5)
    monkeypatch.setattr(kafka, "REQUEST_MS", 1000)
    hub: RunningHub = await make_hub(**settings(cluster), kafka_create_topics=False)  # type: ignore[misc]
    station = await hub.station(charged=1, charging=1)
    await (await hub.rider().ready()).call("queue:confirm", {"station_id": station.id})
    await until(partial(_behind, hub))
    names = [cluster.name(name) for name in (*Topic, intake.TOPIC, intake.TOPIC + ".dlq")]
    assert await missing(cluster, *names) == names

    await ensure(cluster, *names)

    await until(partial(_in_step, hub))
    slots = [{"battery_id": "battery_00002", "soc": 95}]
    value = json.dumps({"station_id": station.id, "slots": slots}).encode()
    await write(cluster, intake.TOPIC, [{"key": station.id.encode(), "value": value}])
    await read_until(cluster, Topic.SWAP, lambda found: "battery.moved" in types(found))


async def test_hub_starts_and_stops_without_kafka(tmp_path: Path) -> None:
    """Nobody listens there: commands are served, and the end comes at once."""
    began = asyncio.get_running_loop().time()
    async with running(tmp_path / "data", kafka_bootstrap_servers="127.0.0.1:1") as hub:
        station = await hub.station()
        answer = await (await hub.rider().ready()).call("queue:confirm", {"station_id": station.id})
        assert answer.ok
        assert (await ready(hub))[0] == 200
    assert asyncio.get_running_loop().time() - began < 10
