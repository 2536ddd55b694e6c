"""The hub as a whole: starts one on an own data directory, loads it, prints figures against their goals."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import orjson

from benchmarks.hub.city import RIDERS, STATIONS, fill, rider_id
from tests.e2e.process import HubProcess
from tests.support.processes import cpu_s

IDLE_S = 10.0

GOALS = (
    ("confirms", "per_s", ">=", 500.0, "confirms/s over sockets"),
    ("verify", "p99_ms", "<=", 50.0, "qr:verify p99, ms, 500 clients connected"),
    ("fanout", "deliveries_per_s", ">=", 200_000.0, "fan-out of 200 events to 1,000 members, deliveries/s"),
    ("idle", "cpu_percent", "<=", 2.0, "CPU of a core, idle with 500 clients, %"),
)


async def measure(scenario: str) -> dict[str, float]:
    """One scenario on a hub of its own."""
    with TemporaryDirectory() as directory:
        hub = HubProcess(Path(directory) / "data", args=())
        hub.data_dir.mkdir()
        await fill(hub.data_dir)
        await hub.start()
        try:
            return await _load(hub, scenario)
        finally:
            await hub.kill()


async def _load(hub: HubProcess, scenario: str) -> dict[str, float]:
    assert hub.process
    tokens = {
        "riders": hub.tokens("consumer", [rider_id(n) for n in range(RIDERS)]),
        "staff": hub.tokens("staff", [f"staff_{n + 1:03}" for n in range(STATIONS)]),
    }
    generator = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.hub.load", scenario, str(hub.hub_port),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert generator.stdin
    assert generator.stdout
    generator.stdin.write(orjson.dumps(tokens) + b"\n")
    more: dict[str, float] = {}
    if scenario == "idle":
        await generator.stdout.readline()
        began, before = perf_counter(), cpu_s(hub.process.pid)
        await asyncio.sleep(IDLE_S)
        more["cpu_percent"] = (cpu_s(hub.process.pid) - before) / (perf_counter() - began) * 100
        generator.stdin.write(b"done\n")
    line = await generator.stdout.readline()
    await generator.wait()
    if not line:
        raise RuntimeError(f"the generator of {scenario} failed; the hub said: {hub.log()}")
    return {**orjson.loads(line), **more}


async def main() -> bool:
    """Print the table; true when every goal is reached."""
    reached = True
    print(f"{'the hub, one process, generator on the same cores':<62}{'measured':>12}{'goal':>12}")
    for scenario, figure, sign, goal, title in GOALS:
        measured = await measure(scenario)
        value = measured[figure]
        good = value >= goal if sign == ">=" else value <= goal
        reached &= good
        rest = {key: round(number, 2) for key, number in measured.items() if key != figure}
        print(
            f"{title:<62}{value:>12,.1f}{sign:>3}{goal:>9,.0f}  {'reached' if good else 'MISSED'}  {rest}",
            flush=True,
        )
    return reached
