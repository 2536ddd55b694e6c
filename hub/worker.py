"""One of several processes on the same ports of this machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

from hub.engine.neighbours import Neighbours

LOOPBACK: Final = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Worker:
    """Which one it is, the ports of all, and each one's private port, where the others reach it."""

    number: int
    hub_port: int
    rest_port: int
    private_ports: tuple[int, ...]

    def __str__(self) -> str:
        return ",".join(map(str, (self.number, self.hub_port, self.rest_port, *self.private_ports)))

    @classmethod
    def parse(cls, text: str) -> Self:
        """What `str` gave; raises ValueError."""
        number, hub_port, rest_port, *private_ports = map(int, text.split(","))
        return cls(number, hub_port, rest_port, tuple(private_ports))

    @property
    def private_port(self) -> int:
        """Its own."""
        return self.private_ports[self.number]

    def neighbours(self) -> Neighbours:
        """The others, as the engine knows them."""
        addresses = {str(n): f"http://{LOOPBACK}:{port}" for n, port in enumerate(self.private_ports)}
        return Neighbours(str(self.number), addresses)
