"""Backups of a hub that is busy: each is one moment of it, and a hub goes on from it."""

from __future__ import annotations

import asyncio
import copy
import signal
from pathlib import Path

from tests.e2e.audit import check_records
from tests.e2e.clients import connected
from tests.e2e.commands import navswap
from tests.e2e.prepare import prepare
from tests.e2e.process import HubProcess
from tests.e2e.test_kill import Ledger, acknowledged_is_there, flowing

STATIONS, RIDERS, BACKUPS = 6, 60, 2
ACKNOWLEDGED_BEFORE_THE_FIRST = 150


class Busy(Ledger):
    """Is enough when there is something of everything to be found in a backup."""

    def note(self, kind: set[str], id: str) -> None:
        super().note(kind, id)
        if self.count >= ACKNOWLEDGED_BEFORE_THE_FIRST and self.left and self.completed:
            self.enough.set()


async def test_backups_of_a_busy_hub_are_each_one_moment_of_it(tmp_path: Path) -> None:
    data = tmp_path / "data"
    await prepare(data, stations=STATIONS, places=20, charged=15, riders=RIDERS)
    hub, ledger = HubProcess(data, args=()), Busy()
    await hub.start()
    names = [f"consumer_{n:03}" for n in range(1, RIDERS + 1)]
    before: list[Ledger] = []
    async with flowing(hub, ledger, names, STATIONS) as flows:
        await asyncio.wait_for(ledger.enough.wait(), 60)
        for number in range(BACKUPS):
            before.append(snapshot_of(ledger))
            made = await navswap(data, "backup", str(tmp_path / f"{number}.zip"))
            assert made.code == 0, made.err
        assert ledger.count > before[-1].count  # the hub went on
        await hub.kill(signal.SIGTERM)
        for task in flows:
            task.cancel()
        await asyncio.gather(*flows, return_exceptions=True)
    for number, acknowledged in enumerate(before):
        restored = tmp_path / f"restored-{number}"
        done = await navswap(restored, "restore", str(tmp_path / f"{number}.zip"))
        assert done.code == 0, done.err
        check_records(restored / "navswap.sqlite")
        acknowledged_is_there(restored / "navswap.sqlite", acknowledged)
    await serves(restored, names[0])


def snapshot_of(ledger: Ledger) -> Ledger:
    """What was acknowledged until now: sets that do not grow."""
    kept = Ledger()
    kept.count = ledger.count
    for name in ("confirmed", "left", "started", "completed"):
        setattr(kept, name, copy.copy(getattr(ledger, name)))
    return kept


async def serves(data_dir: Path, rider: str) -> None:
    """A hub is ready on these records, and continues the log where they end."""
    hub = HubProcess(data_dir, args=())
    await hub.start()
    try:
        async with connected(hub, "consumer", [rider]) as [client]:
            assert (await client.call("station:list"))["ok"]
            await client.call("queue:confirm", station_id="station_001")
    finally:
        await hub.kill(signal.SIGTERM)
    check_records(data_dir / "navswap.sqlite")
