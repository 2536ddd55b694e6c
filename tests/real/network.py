"""Two networks for a process: one to its clients, and one to Redis that can be cut. Linux namespaces."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count

import pytest

_numbers = count(1)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


class Namespace:
    """A network namespace with two links to ours."""

    def __init__(self) -> None:
        number = next(_numbers)
        self.name = f"navswap{number}"
        self.subnets = {"c": f"10.203.{number}", "r": f"10.204.{number}"}
        _ip("netns", "add", self.name)
        for kind, subnet in self.subnets.items():
            ours, theirs = f"nv{kind}{number}a", f"nv{kind}{number}b"
            _ip("link", "add", ours, "type", "veth", "peer", "name", theirs, "netns", self.name)
            _ip("addr", "add", f"{subnet}.1/24", "dev", ours)
            _ip("link", "set", ours, "up")
            _ip("-n", self.name, "addr", "add", f"{subnet}.2/24", "dev", theirs)
            _ip("-n", self.name, "link", "set", theirs, "up")
        self._redis_link = f"nvr{number}a"

    @property
    def host(self) -> str:
        """Where clients reach it."""
        return f"{self.subnets['c']}.2"

    @property
    def redis_host(self) -> str:
        """Where it reaches Redis."""
        return f"{self.subnets['r']}.1"

    def command(self, *command: str) -> list[str]:
        """A command, run inside."""
        return ["ip", "netns", "exec", self.name, *command]

    def cut(self) -> None:
        """No packet passes between it and Redis; nobody is told."""
        _ip("link", "set", self._redis_link, "down")

    def mend(self) -> None:
        _ip("link", "set", self._redis_link, "up")

    def delete(self) -> None:
        _ip("netns", "del", self.name)


@contextmanager
def namespaces(number: int) -> Iterator[list[Namespace]]:
    """So many; the test is skipped, with the reason, where they cannot be made."""
    with ExitStack() as stack:
        try:
            made = [_made(stack) for _ in range(number)]
        except (OSError, subprocess.CalledProcessError) as error:
            pytest.skip(f"network namespaces need root and iproute2: {error}")
        yield made


def _made(stack: ExitStack) -> Namespace:
    namespace = Namespace()
    stack.callback(namespace.delete)
    return namespace
