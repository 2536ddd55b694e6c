"""What waits for a slow client: acks before state, state before telemetry, telemetry conflated."""

from __future__ import annotations

from collections import deque
from typing import Final, NamedTuple

from hub.engine.packets import Frames

ACK: Final = 0
STATE: Final = 1
TELEMETRY: Final = 2
OVERHEAD_BYTES: Final = 80  # what Python needs to keep one packet, besides its bytes
LANES: Final = {"ack": ACK, "state": STATE, "telemetry": TELEMETRY}


class Item(NamedTuple):
    """One packet that waits; a key marks telemetry of which only the newest counts."""

    frames: Frames
    key: object = None


def _size(item: Item) -> int:
    return OVERHEAD_BYTES + sum(map(len, item.frames))


class Lanes:
    """Three queues and their size in bytes. Telemetry holds one packet per key, in order of the keys."""

    __slots__ = ("_acks", "_state", "_telemetry", "size")

    def __init__(self) -> None:
        self._acks: deque[Item] = deque()
        self._state: deque[Item] = deque()
        self._telemetry: dict[object, Item] = {}
        self.size = 0

    @property
    def urgent(self) -> bool:
        """Whether something other than telemetry waits."""
        return bool(self._acks or self._state)

    def push(self, item: Item, lane: int) -> int:
        """Queue one packet; answers how many older ones it replaced (0 or 1)."""
        self.size += _size(item)
        if lane == ACK:
            self._acks.append(item)
        elif lane == STATE:
            self._state.append(item)
        else:
            return self._conflate(item)
        return 0

    def _conflate(self, item: Item) -> int:
        """Keep the newest of a key, in the older one's place, so that no key waits for ever."""
        replaced = self._telemetry.get(item.key)
        self._telemetry[item.key] = item
        if replaced is None:
            return 0
        self.size -= _size(replaced)
        return 1

    def pop(self) -> Item:
        """The next packet to send; raises IndexError when nothing waits."""
        if self._acks:
            item = self._acks.popleft()
        elif self._state:
            item = self._state.popleft()
        elif self._telemetry:
            item = self._telemetry.pop(next(iter(self._telemetry)))
        else:
            raise IndexError("empty lanes")
        self.size -= _size(item)
        return item

    def drop_telemetry(self) -> int:
        """Make room for what must not be lost; answers how many packets went."""
        dropped = len(self._telemetry)
        self.size -= sum(map(_size, self._telemetry.values()))
        self._telemetry.clear()
        return dropped
