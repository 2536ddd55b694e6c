"""The demo city lives: a seeded hub, and a fleet of real clients in a process of its own."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub.demo.client import DemoClient
from hub.demo.fleet import signs
from services.models import Role
from tests.e2e.fleets import DEADLINE_S, running_fleet, stopped, watching
from tests.e2e.process import HubProcess, running_hub
from tests.support.hub import running

SEQUENCE = [
    "queue:confirmed", "customer:arrived", "queue:called", "qr:scanned", "swap:completed", "credits:awarded",
]  # fmt: skip


@pytest.fixture
async def city(tmp_path: Path) -> AsyncIterator[HubProcess]:
    async with running_hub(tmp_path, "--seed", GPS_MAX_SPEED_MPS="0", DRAIN_SECONDS="0") as hub:
        yield hub


async def test_fleet_swaps_from_confirm_to_credits_and_stops_when_told(city: HubProcess) -> None:
    async with watching(city) as watcher, running_fleet(city) as fleet:
        entry = (await watcher.until("customer:arrived"))["entry_id"]  # so it is nobody who walked in
        swap = (await watcher.until("swap:completed", entry_id=entry))["swap_id"]
        await watcher.until("credits:awarded", source=swap)
        about = [name for name, told in watcher.heard if told.get("entry_id") == entry and name in SEQUENCE]
        assert list(dict.fromkeys(about)) == SEQUENCE[:-1]
        await watcher.until("battery:changed")
        await watcher.until("gps:positions")
        assert await stopped(fleet) == 0
    assert (city.data_dir.parent / "fleet.log").read_text() == ""


async def test_fleet_outlives_a_hub_that_is_killed(city: HubProcess) -> None:
    async with running_fleet(city) as fleet:
        async with watching(city) as watcher:
            await watcher.until("qr:scanned")  # somebody is at a bay
        await city.kill()
        await city.start()
        async with watching(city) as watcher:
            await watcher.until("swap:completed")
        assert fleet.returncode is None


async def test_fleet_ends_with_its_parent_when_asked_to(city: HubProcess) -> None:
    """The shell starts the fleet and waits; it dies without a word to it."""
    shell = (
        "import subprocess, sys; p = subprocess.Popen([sys.executable, '-m', 'hub.demo.fleet', "
        "'--with-parent', *sys.argv[1:]]); print(p.pid, flush=True); p.wait()"
    )
    script = city.data_dir.parent / "starts_a_fleet.py"
    script.write_text(shell)
    async with watching(city) as watcher:
        parent = await asyncio.create_subprocess_exec(
            *_python(city, script), stdout=asyncio.subprocess.PIPE, cwd=Path.cwd()
        )
        assert parent.stdout
        fleet = int(await parent.stdout.readline())
        await watcher.until("queue:confirmed")  # by then it has looked who its parent is
        descriptor = os.pidfd_open(fleet)
        try:
            parent.kill()
            await parent.wait()
            await _ended(descriptor)
        except TimeoutError:
            signal.pidfd_send_signal(descriptor, signal.SIGKILL)
            raise
        finally:
            os.close(descriptor)


def _python(city: HubProcess, script: Path) -> list[str]:
    where = ["--hub", city.hub_url, "--data-dir", str(city.data_dir)]
    return [sys.executable, str(script), *where, "--riders", "40", "--time-factor", "200"]


async def _ended(descriptor: int) -> None:
    """A process that is no child of ours has ended: its descriptor is readable."""
    ended, loop = asyncio.Event(), asyncio.get_running_loop()
    loop.add_reader(descriptor, ended.set)
    try:
        await asyncio.wait_for(ended.wait(), DEADLINE_S)
    finally:
        loop.remove_reader(descriptor)


async def test_client_comes_back_after_a_goodbye_of_the_hub(tmp_path: Path) -> None:
    """As when its token ends: the library itself would stay away."""
    async with running(tmp_path / "data") as hub:
        client = DemoClient(hub.socket_url, signs(hub.hub.settings)("consumer_001", Role.CONSUMER, None))
        sessions: asyncio.Queue[object] = asyncio.Queue()
        client.on("hub:session", sessions.put)
        task = asyncio.create_task(client.keep_connected())
        await asyncio.wait_for(sessions.get(), DEADLINE_S)
        (sid,) = [one[0] for one in hub.hub.server.manager.get_participants("/", None)]
        await hub.hub.server.disconnect(sid)
        await asyncio.wait_for(sessions.get(), DEADLINE_S)
        assert await client.call("queue:mine") == {"ok": True, "data": None}
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_navswap_demo_runs_it_too(city: HubProcess) -> None:
    async with watching(city) as watcher, running_fleet(city, "hub", "demo") as fleet:
        await watcher.until("queue:confirmed")
        assert await stopped(fleet) == 0
