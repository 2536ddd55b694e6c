"""`navswap tail` on the embedded log, beside a running hub and without one."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.cli.tail import EPOCH, instant
from hub.config import ConfigError
from hub.stores.follow import before
from hub.stores.sqlite import SqliteStore
from hub.stores.sqlite_look import look_at
from hub.stores.sqlite_migrations import SchemaError
from tests.contract.documents import NOON, HandClock, heard, moved
from tests.support.hub import RunningHub
from tests.support.processes import navswap_running
from tests.support.stores import STORES

pytestmark = pytest.mark.embedded
ROOT = Path(__file__).parents[2]
WITHIN_S = 20


def _stores(data_dir: Path) -> dict[str, str]:
    return {name.upper(): value for name, value in STORES.settings(data_dir).items()}


def tail(data_dir: Path, *arguments: str) -> AbstractAsyncContextManager[asyncio.subprocess.Process]:
    environment = {**_stores(data_dir), "DATA_DIR": str(data_dir)}
    return navswap_running("tail", *arguments, environment=environment)


async def lines(process: asyncio.subprocess.Process, count: int) -> list[str]:
    assert process.stdout
    async with asyncio.timeout(WITHIN_S):
        return [(await process.stdout.readline()).decode() for _ in range(count)]


async def ended(process: asyncio.subprocess.Process) -> tuple[int, str]:
    """Its exit code and what it complained of."""
    async with asyncio.timeout(WITHIN_S):
        assert process.stderr
        complaint = (await process.stderr.read()).decode()
        return await process.wait(), complaint


async def _swaps(data_dir: Path, *numbers: int) -> None:
    async with STORES.open(data_dir) as store, store.records.transaction() as tx:
        tx.log(moved(0), *(heard(number) for number in numbers))


async def test_history_is_printed_oldest_first(tmp_path: Path) -> None:
    await _swaps(tmp_path, 1, 2, 3)

    async with tail(tmp_path, "swap_events", "--from", "start", "--json") as process:
        events = [json.loads(line) for line in await lines(process, 3)]

    assert [event["id"] for event in events] == ["000001", "000002", "000003"]
    assert {key: events[0][key] for key in ("specversion", "type", "subject", "time", "datacontenttype")} == {
        "specversion": "1.0",
        "type": "swap.started",
        "subject": "station_001",
        "time": "2026-11-24T12:00:00.000000Z",
        "datacontenttype": "application/json",
    }
    assert events[0]["data"]["swap_id"] == "swap"


async def test_a_line_for_a_person(tmp_path: Path) -> None:
    await _swaps(tmp_path, 1)

    async with tail(tmp_path, "swap_events", "--from", "2026-11-24T12:00:00Z") as process:
        (line,) = await lines(process, 1)

    assert line.startswith('2026-11-24T12:00:00.000000Z  swap.started  station_001  {"id":"000001"')


async def test_new_events_come_while_a_hub_runs(hub: RunningHub) -> None:
    """Without --from nothing of before; the hub holds its directory and goes on."""
    station = await hub.station()
    await (await hub.rider().ready()).call("queue:confirm", {"station_id": station.id})
    data_dir = hub.hub.settings.data_dir

    async with tail(data_dir, "swap_events", "--from", "-1m", "--json") as old:
        [line] = await lines(old, 1)
        assert json.loads(line)["type"] == "queue.confirmed"
    async with tail(data_dir, "swap_events", "--json") as process:
        rider = await hub.rider().ready()
        found: list[dict[str, Any]] = []
        # It says nothing when it is ready: confirm until it has seen one.
        while not found:
            await rider.call("queue:confirm", {"station_id": station.id})
            await rider.call("queue:leave", {})
            try:
                async with asyncio.timeout(1):
                    found = [json.loads((await process.stdout.readline()).decode())]  # type: ignore[union-attr]
            except TimeoutError:
                continue
        assert found[0]["data"]["at"] > (datetime.now(UTC) - timedelta(seconds=30)).isoformat()


async def test_ctrl_c_ends_it_without_a_word(tmp_path: Path) -> None:
    await _swaps(tmp_path, 1)

    async with tail(tmp_path, "swap_events", "--from", "start") as process:
        await lines(process, 1)
        process.send_signal(signal.SIGINT)
        assert await ended(process) == (0, "")


@pytest.mark.parametrize("count", [1, 5000])
async def test_closed_pipe_ends_it_without_a_word(tmp_path: Path, count: int) -> None:
    """While it waits for news, and in the middle of a long history."""
    await _swaps(tmp_path, *range(count))
    made = f"exec 3>&1; ({sys.executable} -m hub tail swap_events --from start; echo ended $? >&3) | head -1"
    shell = await asyncio.create_subprocess_shell(
        made,
        env={**os.environ, **_stores(tmp_path), "DATA_DIR": str(tmp_path)},
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(WITHIN_S):
        printed, complaint = await shell.communicate()

    assert complaint == b""
    assert printed.decode().splitlines()[1:] == ["ended 0"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nothing",), "there is no nothing; there are location_updates, swap_events"),
        (("swap_events", "--from", "yesterday"), "yesterday is no time"),
    ],
)
async def test_what_cannot_be_is_said_in_a_sentence(
    tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    async with tail(tmp_path, *arguments) as process:
        code, complaint = await ended(process)

    assert code == 2
    assert said in complaint
    assert "Traceback" not in complaint


def test_directory_without_records_is_said(tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match="no log that can be read"), look_at(tmp_path / "navswap.sqlite"):
        pass


async def test_hub_is_not_held_up_by_a_look(tmp_path: Path) -> None:
    """A file that is looked at can be written, and what is written is seen."""
    path = tmp_path / "navswap.sqlite"
    async with SqliteStore.open(path, clock=HandClock()) as store:
        with look_at(path) as log:
            assert await log.wait(after=0, timeout_s=0) is False
            async with store.records.transaction() as tx:
                tx.log(heard(1))
            assert await log.wait(after=0, timeout_s=5) is True
            assert await log.read(after=0, limit=10) == await store.log.read(after=0, limit=10)


async def test_place_of_a_time_is_found(tmp_path: Path) -> None:
    clock = HandClock()
    async with SqliteStore.open(tmp_path / "navswap.sqlite", clock=clock) as store:
        for number in range(40):
            async with store.records.transaction() as tx:
                fact = heard(number).model_copy(update={"at": NOON + timedelta(minutes=number // 2)})
                tx.log(fact)
        for minute in range(-1, 22):
            since = NOON + timedelta(minutes=minute)
            at = await before(store.log, since)
            expected = [r.seq for r in await store.log.read(after=0, limit=100) if r.at >= since]
            assert [r.seq for r in await store.log.read(after=at, limit=100)] == expected


def test_times_as_people_give_them() -> None:
    clock = HandClock()

    assert instant("start", clock=clock) == EPOCH
    assert instant("-15m", clock=clock) == NOON - timedelta(minutes=15)
    assert instant("-1.5h", clock=clock) == NOON - timedelta(minutes=90)
    assert instant("2026-11-24T10:00:00Z", clock=clock) == NOON - timedelta(hours=2)
    assert instant("2026-11-24T10:00:00", clock=clock) == NOON - timedelta(hours=2)
    assert instant("2026-11-24T10:00:00+02:00", clock=clock) == NOON - timedelta(hours=4)
    with pytest.raises(ConfigError, match="--from"):
        instant("15m", clock=clock)
