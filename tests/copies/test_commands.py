"""doctor, rebuild and migrate as an operator runs them, beside hubs and on real servers."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.copies.test_files import fill
from tests.e2e.commands import navswap, started
from tests.e2e.prepare import prepare
from tests.e2e.process import HubProcess, running_hub
from tests.real.mongo_server import client_of, in_database
from tests.support.processes import free_port

SQLITE_TO_MONGODB = ("migrate", "--from", "sqlite", "--to", "mongodb")
ENDED_S = 30
FIXES = 4000


async def doctor(hub: HubProcess, **settings: str) -> tuple[int, dict[str, dict[str, Any]]]:
    """The exit code, and the findings by check."""
    ports = {"HUB_PORT": str(hub.hub_port), "REST_PORT": str(hub.rest_port)}
    said = await navswap(hub.data_dir, "doctor", "--json", **{**ports, **hub.settings, **settings})
    return said.code, {finding["check"]: finding for finding in json.loads(said.out)}


async def test_the_doctor_finds_a_running_hub_well(tmp_path: Path) -> None:
    async with running_hub(tmp_path) as hub:
        code, found = await doctor(hub)
        assert code == 0, found
        assert "running hub" in found["port HUB_PORT"]["found"]
        assert "running hub" in found["port REST_PORT"]["found"]
        assert found["records write"]["state"] in ("ok", "warn")
        assert found["secrets on all nodes"]["state"] == "ok"
        assert found["live state"]["found"].startswith("in memory")

        code, found = await doctor(hub, QR_SECRET="x" * 40)
        assert code == 1
        assert found["secret qr"]["state"] == "fail"
        assert found["secrets on all nodes"]["state"] == "fail"


async def test_the_doctor_says_which_setting_cannot_be_read(tmp_path: Path) -> None:
    said = await navswap(tmp_path, "doctor", QUEUE_MAX_CAPACITY="many")
    assert said.code == 1
    assert said.out.startswith("FAIL settings  QUEUE_MAX_CAPACITY: ")
    assert "-> correct QUEUE_MAX_CAPACITY" in said.out


async def test_the_doctor_looks_at_every_server(tmp_path: Path, mongo_uri: str, redis_url: str) -> None:
    hub = HubProcess(tmp_path / "data", settings={"MONGODB_URI": mongo_uri, "REDIS_HOST": redis_url})
    _, found = await doctor(hub, MONGODB_URI=in_database(mongo_uri, "navswap_that_nobody_made"))
    assert "new" in found["records"]["found"]
    assert found["clock of mongodb"]["state"] == found["clock of redis"]["state"] == "ok"
    assert found["redis"]["state"] in ("ok", "warn")
    await hub.start()
    try:
        code, found = await doctor(hub)
    finally:
        await hub.kill(signal.SIGTERM)
    assert code == 0, found
    assert "schema" in found["records"]["found"]
    assert "durable" in found["records write"]["found"]


async def test_the_doctor_says_which_server_is_away(tmp_path: Path) -> None:
    nowhere = f"127.0.0.1:{free_port()}"
    hub = HubProcess(tmp_path / "data")
    away = {"MONGODB_URI": f"mongodb://{nowhere}/", "REDIS_HOST": nowhere, "KAFKA_BOOTSTRAP_SERVERS": nowhere}
    code, found = await doctor(hub, **away)
    assert code == 1
    assert {found[check]["state"] for check in ("records", "redis", "kafka")} == {"fail"}
    assert "MONGODB_URI" in found["records"]["found"]
    assert all(found[check]["advice"] for check in ("records", "redis", "kafka"))


async def test_rebuild_makes_an_emptied_redis_as_the_records_are(
    tmp_path: Path, mongo_uri: str, redis_url: str
) -> None:
    settings = {"MONGODB_URI": mongo_uri, "REDIS_HOST": redis_url}
    async with running_hub(tmp_path, "--seed", **settings):
        beside = await navswap(tmp_path / "data", "rebuild", **settings)
        assert beside.code == 0, beside.err
    await asyncio.to_thread(_empty, redis_url)
    done = await navswap(tmp_path / "data", "rebuild", **settings)
    assert done.code == 0, done.err
    assert "24 stations" in done.out


def _empty(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.flushdb()


async def test_an_embedded_hub_has_nothing_to_rebuild(tmp_path: Path) -> None:
    said = await navswap(tmp_path / "data", "rebuild")
    assert (said.code, said.err) == (0, "")
    assert "at every start" in said.out


async def test_an_embedded_installation_moves_and_goes_on(tmp_path: Path, mongo_uri: str) -> None:
    data, settings = tmp_path / "data", {"MONGODB_URI": mongo_uri}
    await prepare(data, stations=2, places=5, charged=4, riders=10)
    dry = await navswap(data, *SQLITE_TO_MONGODB, "--dry-run", **settings)
    assert dry.code == 0, dry.err
    assert "would be in mongodb" in dry.out
    moved = await navswap(data, *SQLITE_TO_MONGODB, **settings)
    assert moved.code == 0, moved.err
    assert moved.out.splitlines()[:-1] == dry.out.splitlines()[:-1]  # the same counts and digests
    again = await navswap(data, *SQLITE_TO_MONGODB, **settings)
    assert again.code == 1
    assert "is not empty" in again.err
    hub = HubProcess(data, args=(), settings=settings)
    await hub.start()
    await hub.kill(signal.SIGTERM)
    back = await navswap(tmp_path / "back", "migrate", "--from", "mongodb", "--to", "sqlite", **settings)
    assert back.code == 0, back.err
    assert (tmp_path / "back" / "navswap.sqlite").exists()


@pytest.mark.parametrize("shared", [False, True])
async def test_a_running_hub_on_the_target_is_not_written_over(
    tmp_path: Path, mongo_uri: str, redis_url: str, shared: bool
) -> None:
    await prepare(tmp_path / "old", stations=1, places=5, charged=4, riders=1)
    settings = {"MONGODB_URI": mongo_uri} | ({"REDIS_HOST": redis_url} if shared else {})
    async with running_hub(tmp_path, "", **settings):
        refused = await navswap(tmp_path / "old", *SQLITE_TO_MONGODB, "--replace", **settings)
    assert refused.code == 1
    assert "stop" in refused.err
    moved = await navswap(tmp_path / "old", *SQLITE_TO_MONGODB, "--replace", **settings)
    assert moved.code == 0, moved.err


async def test_a_migration_that_is_killed_is_refused_by_hubs_and_can_be_begun_anew(
    tmp_path: Path, mongo_uri: str
) -> None:
    data, settings = tmp_path / "data", {"MONGODB_URI": mongo_uri}
    await fill(data, FIXES)
    process = await started(data, *SQLITE_TO_MONGODB, **settings)
    await asyncio.to_thread(_wait_for_documents, mongo_uri)
    process.send_signal(signal.SIGKILL)
    await process.communicate()
    assert process.returncode == -signal.SIGKILL

    for command in (("serve",), ("backup", str(tmp_path / "b.zip"))):
        refused = await navswap(data, *command, **settings)
        assert refused.code in (1, 2)
        assert "was not finished" in refused.err
        assert "Traceback" not in refused.err
    _, found = await doctor(HubProcess(data, settings=settings))
    assert "not finished" in found["records"]["found"]

    done = await navswap(data, *SQLITE_TO_MONGODB, **settings)
    assert done.code == 0, done.err
    with client_of(mongo_uri) as client:
        assert client.get_default_database()["gps_logs"].count_documents({}) == FIXES


def _wait_for_documents(mongo_uri: str) -> None:
    until = time.monotonic() + ENDED_S
    with client_of(mongo_uri) as client:
        while client.get_default_database()["gps_logs"].estimated_document_count() == 0:
            assert time.monotonic() < until
            time.sleep(0.01)
