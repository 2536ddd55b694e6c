"""The command line: a hub in a process of its own."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path

import aiohttp
import pytest

from tests.e2e.process import HubProcess, running_hub


async def _navswap(hub: HubProcess, *arguments: str) -> str:
    made = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "hub", *arguments,
        env=hub._environment(), stdout=asyncio.subprocess.PIPE, cwd=hub.data_dir.parent,
    )  # fmt: skip
    printed, _ = await made.communicate()
    assert made.returncode == 0
    return printed.decode()


async def test_serve_prints_its_doors_and_a_link_that_opens(tmp_path: Path) -> None:
    async with running_hub(tmp_path) as hub, aiohttp.ClientSession() as http:
        printed = hub.log()
        assert str(hub.hub_port) in printed
        assert str(hub.rest_port) in printed
        for link in (printed, await _navswap(hub, "link")):
            code = link.partition("#link=")[2].split()[0]
            async with http.post(f"{hub.rest_url}/auth/link", json={"link": code}) as answer:
                assert answer.status == 200


async def test_a_printed_token_opens_both_doors(tmp_path: Path) -> None:
    async with running_hub(tmp_path) as hub, aiohttp.ClientSession() as http:
        token = await hub.token("consumer", "consumer_001")
        async with http.get(
            f"{hub.rest_url}/station/list?limit=200", headers={"Authorization": f"Bearer {token}"}
        ) as answer:
            stations = (await answer.json())["items"]
    assert len(stations) == 24
    assert token not in hub.log()


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
async def test_serve_stops_when_told(tmp_path: Path, sign: signal.Signals) -> None:
    hub = HubProcess(tmp_path / "data", args=())
    await hub.start()

    assert await hub.kill(sign) == 0
    assert "Traceback" not in hub.log()


async def test_the_specs_are_printed(tmp_path: Path) -> None:
    hub = HubProcess(tmp_path / "data")
    tmp_path.joinpath("data").mkdir()

    assert json.loads(await _navswap(hub, "openapi"))["openapi"].startswith("3.1")
    assert json.loads(await _navswap(hub, "asyncapi"))["asyncapi"] == "3.0.0"


@pytest.mark.embedded
async def test_a_second_hub_is_refused_with_a_sentence(tmp_path: Path) -> None:
    said: list[tuple[int | None, str]] = []
    async with running_hub(tmp_path, "") as hub:
        for clash in (
            HubProcess(tmp_path / "data", args=()),
            HubProcess(tmp_path / "other", args=(), hub_port=hub.hub_port),
            HubProcess(tmp_path / "other", args=(), rest_port=hub.rest_port),
        ):
            ended = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "hub", "serve",
                env=clash._environment(), stderr=asyncio.subprocess.PIPE, cwd=tmp_path,
            )  # fmt: skip
            try:
                _, printed = await asyncio.wait_for(ended.communicate(), 30)
            finally:
                if ended.returncode is None:
                    ended.kill()
            said.append((ended.returncode, printed.decode()))
    assert [code for code, _ in said] == [2, 1, 1]
    assert "DATA_DIR: another hub uses" in said[0][1]
    assert "in use" in said[1][1]
    assert "in use" in said[2][1]
    assert "Traceback" not in str(said)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_the_fleet_ends_with_its_hub_even_when_that_is_killed(tmp_path: Path) -> None:
    async with running_hub(tmp_path, "--demo", "--riders", "2") as hub:
        assert hub.process
        pid = hub.process.pid
        async with asyncio.timeout(20):
            while not (children := _children(pid)):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        await hub.kill(signal.SIGKILL)

        async with asyncio.timeout(20):
            while any(_runs(child) for child in children):  # noqa: ASYNC110
                await asyncio.sleep(0.05)


def _children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def _runs(pid: str) -> bool:
    try:
        return "hub.demo.fleet" in Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return False
