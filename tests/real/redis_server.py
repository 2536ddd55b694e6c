"""A real Redis server of the tests' own."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from typing import Any, Final, Self

import pytest
import redis

from tests.support.processes import OwnProcess, end_with_parent, free_port

READY_S: Final = 10.0


class RedisServer(OwnProcess):
    """A `redis-server` on a port and in a folder of its own, to be killed, started again, paused."""

    def __init__(self, folder: Path, *options: str, port: int = 0, settings: Path | None = None) -> None:
        self.port = port or free_port()
        self.password: str | None = None
        self._folder = folder
        where = ("--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(folder))
        program = ["redis-server", *([str(settings)] if settings else [])]
        self._command = [*program, *where, "--logfile", str(folder / "log"), *options]

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def start(self) -> Self:
        """Returns when it answers."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, preexec_fn=end_with_parent)
        until(self._answers, " ".join(self._command))
        return self

    def ask(self, *command: Any) -> Any:
        """The answer to one command, on a connection of its own."""
        with redis.Redis(
            port=self.port, password=self.password, socket_timeout=READY_S, protocol=2
        ) as client:
            return client.execute_command(*command)

    def _answers(self) -> bool:
        try:
            return bool(self.ask("PING"))
        except redis.RedisError:
            assert self._process is not None
            assert self._process.poll() is None, (self._folder / "log").read_text()
            return False


def until(is_so: Callable[[], bool], what: str, *, within_s: float = READY_S) -> None:
    """Wait for a condition; fail when it does not come in time."""
    deadline = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < deadline, f"not within {within_s} s: {what}"
        time.sleep(0.02)


@contextmanager
def single(folder: Path, *options: str, password: str | None = None) -> Iterator[RedisServer]:
    """One server that keeps nothing on disk unless `options` say so."""
    require("redis-server")
    server = RedisServer(folder, "--save", "", *options)
    server.password = password
    try:
        yield server.start()
    finally:
        server.kill()


def require(program: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed: sudo apt-get install redis-server")


class RedisDatabases:
    """One server for the whole session, one empty database after the other for its tests."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._numbers = cycle(range(1, 16))

    def take(self) -> str:
        """The URL of an empty database; but for the fences of leases: a server in use, not a new one."""
        url = f"{self._url}/{next(self._numbers)}"
        with redis.Redis.from_url(url, protocol=2) as client:
            if gone := [key for key in client.scan_iter(count=1000) if not key.startswith(b"fence:")]:
                client.delete(*gone)
        return url
