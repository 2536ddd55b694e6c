"""One of several processes on the same ports of this machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

from hub.engine.neighbours import Neighbours

LOOPBACK: Final = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Worker:
    """Which one it is, the ports of all, and each one's private ports, where the others reach it:
    first the Socket.IO doors of all, then their REST doors.
    """

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
    def _count(self) -> int:
        return len(self.private_ports) // 2

    @property
    def private_hub_port(self) -> int:
        """Of its own Socket.IO door."""
        return self.private_ports[self.number]

    @property
    def private_rest_port(self) -> int:
        """Of its own REST door."""
        return self.private_ports[self._count + self.number]

    def neighbours(self) -> Neighbours:
        """The Socket.IO doors, as the engine knows them."""
        doors = self.private_ports[: self._count]
        return Neighbours(str(self.number), {str(n): _url(port) for n, port in enumerate(doors)})

    def rest_doors(self) -> dict[int, str]:
        """The others' REST doors."""
        doors = enumerate(self.private_ports[self._count :])
        return {number: _url(port) for number, port in doors if number != self.number}


def _url(port: int) -> str:
    return f"http://{LOOPBACK}:{port}"
