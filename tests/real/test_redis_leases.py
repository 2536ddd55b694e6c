"""Leases between processes: never two holders, whoever stops, dies or forgets; taken over in time."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path

import pytest

from hub.stores.redis_leases import LeaseTimes
from tests.real.redis_server import RedisServer, until

ROOT = Path(__file__).parents[2]
QUICK = LeaseTimes(lasts_s=1.0, renew_every_s=0.2, margin_s=0.3, try_every_s=0.1, ask_s=0.5)
SLACK_S = 1.0  # of a busy machine


@dataclass(frozen=True)
class Note:
    """What a process has written down."""

    kind: str
    fence: int
    at: float


class Node:
    """A process that wants the lease."""

    def __init__(self, url: str, name: str, folder: Path, times: LeaseTimes) -> None:
        self.name = name
        self._file = folder / name
        self._file.touch()
        script = ROOT / "tests" / "real" / "lease_process.py"
        numbers = map(str, astuple(times))
        self._process = subprocess.Popen(
            [sys.executable, str(script), url, name, str(self._file), *numbers],
            cwd=ROOT,
            env={"PYTHONPATH": str(ROOT)},
        )

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    @property
    def notes(self) -> list[Note]:
        whole = self._file.read_text().rpartition("\n")[0].splitlines()
        return [Note(kind, int(fence), float(at)) for kind, fence, at in map(str.split, whole)]

    @property
    def last_tick(self) -> float:
        return max((note.at for note in self.notes if note.kind == "tick"), default=0.0)

    def has_it(self) -> bool:
        return time.monotonic() - self.last_tick < 0.1


@contextmanager
def nodes(url: str, folder: Path, count: int = 2, times: LeaseTimes = QUICK) -> Iterator[list[Node]]:
    """Some nodes, of which one has the lease."""
    with ExitStack() as stack:
        made = [Node(url, f"node{number}", folder, times) for number in range(count)]
        for node in made:
            stack.callback(node.kill)
        until(lambda: any(node.has_it() for node in made), "somebody with the lease")
        yield made


def holder_and_other(made: list[Node]) -> tuple[Node, Node]:
    until(lambda: any(node.has_it() for node in made), "somebody with the lease")
    holder = max(made, key=lambda node: node.last_tick)
    return holder, next(node for node in made if node is not holder)


def assert_never_two(made: list[Node]) -> None:
    """In the order of time, no fence comes after a greater one: no old holder after a new one."""
    ticks = sorted((note.at, note.fence) for node in made for note in node.notes if note.kind == "tick")
    fences = [fence for _, fence in ticks]
    assert fences
    assert fences == sorted(fences)


def test_killed_it_is_followed_within_the_stated_time(redis_url: str, tmp_path: Path) -> None:
    times = LeaseTimes()
    with nodes(redis_url, tmp_path, times=times) as made:
        holder, other = holder_and_other(made)
        killed_at = time.monotonic()
        holder.kill()

        until(other.has_it, "the other with the lease", within_s=times.lasts_s + times.try_every_s + SLACK_S)
        first = min(note.at for note in other.notes if note.kind == "tick")
        assert first - killed_at > times.lasts_s - times.renew_every_s - SLACK_S  # not before it was over
        assert_never_two(made)


def test_stopped_for_longer_than_the_lease_it_does_no_more(redis_url: str, tmp_path: Path) -> None:
    with nodes(redis_url, tmp_path) as made:
        stopped, other = holder_and_other(made)
        stopped.signal(signal.SIGSTOP)
        until(other.has_it, "the other with the lease")
        followed_at = min(note.at for note in other.notes)
        stopped.signal(signal.SIGCONT)

        until(lambda: stopped.notes[-1].kind == "end", "the end of the work that lost its lease")
        assert stopped.last_tick < followed_at
        assert other.has_it()
        assert_never_two(made)


def test_never_two_however_they_are_stopped(redis_url: str, tmp_path: Path) -> None:
    with nodes(redis_url, tmp_path, count=3) as made:
        for seconds in (0.1, 0.6, 0.9, 1.0, 1.1, 1.3, 2.5):  # around the second for which a lease lasts
            holder, _ = holder_and_other(made)
            holder.signal(signal.SIGSTOP)
            time.sleep(seconds)  # the length of the stop is what is tried
            holder.signal(signal.SIGCONT)
        holder_and_other(made)

        assert_never_two(made)
        assert len({note.fence for node in made for note in node.notes}) > 1


def test_never_two_when_redis_is_emptied(redis_server: RedisServer, tmp_path: Path) -> None:
    with nodes(redis_server.url, tmp_path, count=3) as made:
        for _ in range(4):
            holder_and_other(made)
            redis_server.ask("FLUSHALL")
            before = time.monotonic()
            until(lambda: max(node.last_tick for node in made) > before + 1.2, "work that goes on")  # noqa: B023

        assert_never_two(made)
        assert len({note.fence for node in made for note in node.notes}) > 2


@pytest.mark.parametrize("gone", ["killed", "paused"])
def test_without_redis_the_work_ends_in_time_and_goes_on_after(
    redis_server: RedisServer, tmp_path: Path, gone: str
) -> None:
    with nodes(redis_server.url, tmp_path) as made:
        holder, _ = holder_and_other(made)
        gone_at = time.monotonic()
        if gone == "killed":
            redis_server.kill()
        else:
            redis_server.signal(signal.SIGSTOP)

        until(lambda: holder.notes[-1].kind == "end", "the end of the work", within_s=QUICK.lasts_s + SLACK_S)
        assert holder.last_tick < gone_at + QUICK.lasts_s - QUICK.margin_s + 0.05
        if gone == "killed":
            redis_server.start()
        else:
            redis_server.signal(signal.SIGCONT)
        until(lambda: any(node.has_it() for node in made), "work that goes on")
        assert_never_two(made)
