"""The engine against Node's socket.io and python-socketio on uvicorn: ratios, in one run.

`python -m benchmarks.engine [--quick] [--only echo,fan,...]`. Each figure is a median; the servers take
turns, so that whatever else the machine does hits all of them. Read the ratios, not the figures.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.engine import generator
from benchmarks.engine.floor import floor_us
from tests.support.processes import cpu_s

HERE = Path(__file__).parent
HUB, NODE, PYTHON = "hub", "node", "python-socketio"
FLOOR = "CPU per delivery of a bare loop of send, us"
Figures = dict[str, list[float]]


class Process:
    """A server in its own process, and what it uses."""

    def __init__(self, kind: str, *, recovery: bool) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        options = ["recovery"] if recovery else []
        if kind == NODE:
            command = ["node", str(HERE / "peers" / "node.js"), str(self.port), *options]
        else:
            name = "hub" if kind == HUB else "uvicorn"
            command = [
                sys.executable,
                "-W",
                "ignore",
                "-m",
                "benchmarks.engine.servers",
                name,
                str(self.port),
                *options,
            ]
        self._process = subprocess.Popen(command, cwd=HERE.parents[1], stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        self._process.stdout.readline()

    @property
    def rss(self) -> int:
        """Resident bytes."""
        return int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1]) * 4096

    @property
    def cpu_s(self) -> float:
        """Processor seconds so far."""
        return cpu_s(self._process.pid)

    def stop(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.wait()


@contextlib.contextmanager
def running(kind: str, *, recovery: bool = False) -> Iterator[Process]:
    """A server for one measurement."""
    process = Process(kind, recovery=recovery)
    try:
        time.sleep(0.3)
        yield process
    finally:
        process.stop()


def echo(kind: str) -> Figures:
    """Acks per second, 100 clients with one event in flight each."""
    with running(kind) as server:
        rate, _ = generator.echo(server.port, 100, 2.0)
    return {"echo, acks/s": [rate]}


def fan(kind: str) -> Figures:
    """Deliveries per second of bursts of 200 events."""
    figures: Figures = {}
    for members in (1000, 5000):
        if kind == PYTHON and members == 5000:
            continue
        with running(kind) as server:
            events = 200 if kind != PYTHON else 20
            rates = generator.fan_out(server.port, members, events, 3 if kind == HUB else 1)
            figures[f"fan-out to {members}, deliveries/s"] = rates
    return figures


def pace(kind: str) -> Figures:
    """CPU per delivery, and the acks' p99, while 50 broadcasts a second go to 1,000 members."""
    if kind == PYTHON:
        return {}
    with running(kind) as server:
        deliveries, used, waits = generator.paced(server.port, 1000, 50, 5.0, lambda: server.cpu_s)
    waits.sort()
    floor = {FLOOR: [floor_us(1000, 50, 5.0)]} if kind == HUB else {}
    return {
        **floor,
        "CPU per delivery, us": [used / deliveries * 1e6],
        "ack p99 meanwhile, ms": [waits[int(len(waits) * 0.99)] * 1000],
    }


def telemetry(kind: str) -> Figures:
    """The same for events that a client may miss, and that may leave up to 0.1 s late, together."""
    if kind == PYTHON:
        return {}
    with running(kind) as server:
        deliveries, used, _ = generator.paced(
            server.port, 1000, 50, 5.0, lambda: server.cpu_s, telemetry=True
        )
    return {"CPU per delivery of telemetry, us": [used / deliveries * 1e6]}


def memory(kind: str) -> Figures:
    """Bytes per idle connection, joined to two rooms and recoverable; idle CPU with all of them."""
    if kind == PYTHON:
        return {}
    count = 15_000
    with running(kind, recovery=True) as server:
        before = server.rss
        clients = generator.connect(server.port, count)
        time.sleep(1)
        used = (server.rss - before) / count
        cpu = server.cpu_s
        time.sleep(5)
        idle = (server.cpu_s - cpu) / 5 * 100
        for client in clients:
            client.socket.close()
    return {"memory per idle connection of 15,000, bytes": [used], "idle CPU with 15,000, %": [idle]}


def load(kind: str) -> Figures:
    """CPU at 0 and at 200 messages a second; the first answer after a quiet time."""
    if kind != HUB:
        return {}
    with running(kind) as server:
        cpu = server.cpu_s
        time.sleep(4)
        idle = (server.cpu_s - cpu) / 4 * 100
        cpu = server.cpu_s
        generator.steady(server.port, 200, 4)
        busy = (server.cpu_s - cpu) / 4 * 100
        warm, quiet = generator.first_after_quiet(server.port, QUIET_S)
    return {
        "CPU at 0 messages/s, %": [idle],
        "CPU at 200 messages/s, %": [busy],
        "first answer after quiet minus a busy one's, ms": [(quiet - warm) * 1000],
    }


def storm(kind: str) -> Figures:
    """Seconds until 10,000 clients are back."""
    if kind == PYTHON:
        return {}
    with running(kind, recovery=True) as server:
        return {"10,000 reconnects, s": [generator.storm(server.port, 10_000)]}


def curve(kind: str) -> Figures:
    """Cost per delivery and per connection from 100 to 15,000 clients: it has to stay flat."""
    if kind != HUB:
        return {}
    figures: Figures = {}
    for count in (100, 1000, 5000, 15_000):
        with running(kind, recovery=True) as server:
            before, cpu = server.rss, server.cpu_s
            rates = generator.fan_out(server.port, count, 50, 2)
            figures[f"curve, {count} members: deliveries/s"] = rates
            figures[f"curve, {count} members: kB each, at the peak"] = [(server.rss - before) / count / 1024]
            figures[f"curve, {count} members: CPU us per connection and 100 deliveries"] = [
                (server.cpu_s - cpu) / count * 1e6
            ]
    return figures


MEASURES: dict[str, Callable[[str], Figures]] = {
    "echo": echo,
    "fan": fan,
    "pace": pace,
    "telemetry": telemetry,
    "memory": memory,
    "load": load,
    "storm": storm,
    "curve": curve,
}
GOALS = {
    "echo, acks/s": "1.2 x node, 7 x python-socketio",
    "fan-out to 1000, deliveries/s": "6 x node, 50 x python-socketio",
    "fan-out to 5000, deliveries/s": "6 x node",
    "CPU per delivery, us": "0.2 x node",
    "ack p99 meanwhile, ms": "0.5 x node",
    "memory per idle connection of 15,000, bytes": "4096",
    "CPU at 0 messages/s, %": "1",
    "CPU at 200 messages/s, %": "8",
    "first answer after quiet minus a busy one's, ms": "1",
    "10,000 reconnects, s": "1 x node",
}
QUIET_S = 60.0


def peers() -> list[str]:
    """The servers that can run here; says what is missing."""
    found = [HUB]
    if shutil.which("node") and (HERE / "peers" / "node_modules").exists():
        found.append(NODE)
    else:
        print("no Node peer: needs node and `npm ci` in benchmarks/engine/peers")
    if importlib.util.find_spec("uvicorn"):
        found.append(PYTHON)
    else:
        print("no python-socketio peer: needs uvicorn")
    return found


def report(results: dict[str, Figures]) -> None:
    """One line a figure: each server's median, ours as a multiple of the others', the goal."""
    for name in dict.fromkeys(name for figures in results.values() for name in figures):
        medians = {
            kind: statistics.median(results[kind][name]) for kind in results if results[kind].get(name)
        }
        ours = medians.get(HUB, float("nan"))
        parts = [f"{kind} {value:,.2f}" for kind, value in medians.items()]
        parts += [f"{ours / value:.2f} x {kind}" for kind, value in medians.items() if kind != HUB and value]
        goal = f"  (to reach: {GOALS[name]})" if name in GOALS else ""
        print(f"{name}: {', '.join(parts)}{goal}", flush=True)


def main() -> None:
    """Measure and print."""
    global QUIET_S
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one round, a short quiet time")
    parser.add_argument("--only", default=",".join(MEASURES), help="comma-separated measures")
    options = parser.parse_args()
    rounds = 1 if options.quick else 5
    QUIET_S = 5.0 if options.quick else 60.0
    kinds = peers()
    for name in options.only.split(","):
        results: dict[str, Figures] = {kind: {} for kind in kinds}
        repeat = rounds if name != "curve" else 1
        for _ in range(repeat):
            for kind in kinds:
                try:
                    figures = MEASURES[name](kind)
                except (OSError, TimeoutError) as exc:
                    print(f"{name}: {kind} failed: {exc!r}")
                    continue
                for figure, values in figures.items():
                    results[kind].setdefault(figure, []).extend(values)
        report(results)


if __name__ == "__main__":
    main()
