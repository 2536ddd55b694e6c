"""What several nodes cost: emits a second through one Redis, and who pays for a broadcast as nodes grow."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.engine import generator
from tests.real.redis_server import single
from tests.support.processes import cpu_s, free_port

EVENTS = 2000
SECONDS = 4.0


class Node:
    """One engine in a process of its own, and a client that is in a room."""

    def __init__(self, redis: str, prefix: str) -> None:
        self.port = free_port()
        command = [sys.executable, "-m", "benchmarks.engine.servers", "node", str(self.port), redis, prefix]
        self._process = subprocess.Popen(command, cwd=Path(__file__).parents[1], stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        self._process.stdout.readline()

    def client(self, room: str) -> generator.Client:
        """A member."""
        (client,) = generator.connect(self.port, 1)
        client.socket.setblocking(True)
        client.socket.send(generator.frame(f'421["join",{json.dumps(room)}]'.encode()))
        client.until(b"431[")
        return client

    @property
    def cpu_s(self) -> float:
        """Processor seconds so far."""
        return cpu_s(self._process.pid)

    def stop(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.wait()


@contextmanager
def nodes(redis: str, count: int) -> Iterator[list[Node]]:
    """So many, on one Redis."""
    with ExitStack() as stack:
        started = []
        for _ in range(count):
            started.append(Node(redis, f"bench{count}"))
            stack.callback(started[-1].stop)
        yield started


def flood(client: generator.Client, room: str, events: int) -> float:
    """Seconds until every one of the events has come back to the emitter's own client."""
    begin = time.perf_counter()
    client.socket.send(generator.frame(f'422["flood",{json.dumps(room)},{events}]'.encode()))
    data = b""
    while data.count(b'["news"') < events:
        more = client.socket.recv(1 << 20)
        if not more:
            raise ConnectionError("closed by the server")
        data += more
    return time.perf_counter() - begin


def main() -> None:
    """Measure and print."""
    print(f"\n{'several nodes on one Redis':<62}", flush=True)
    with tempfile.TemporaryDirectory() as folder, single(Path(folder)) as redis:
        for count in (1, 2, 4):
            with nodes(redis.url, count) as running:
                here = running[0].client("here")
                members = [node.client("everywhere") for node in running]
                local, others = _cost(running, here, "here")
                everywhere, shared = _cost(running, members[0], "everywhere")
                print(
                    f"{count} nodes: {local:,.0f} emits/s to a room of one, {others:.0f} us of CPU of all "
                    f"other nodes per emit; {everywhere:,.0f} emits/s to a room of all, {shared:.0f} us",
                    flush=True,
                )


def _cost(running: list[Node], client: generator.Client, room: str) -> tuple[float, float]:
    """Emits a second, and the CPU microseconds that the other nodes spend on each."""
    flood(client, room, EVENTS)
    before, begin, events = [node.cpu_s for node in running[1:]], time.perf_counter(), 0
    while time.perf_counter() < begin + SECONDS:
        flood(client, room, EVENTS)
        events += EVENTS
    rate = events / (time.perf_counter() - begin)
    used = sum(node.cpu_s for node in running[1:]) - sum(before)
    return rate, used / events * 1e6


if __name__ == "__main__":
    main()
