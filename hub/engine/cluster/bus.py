"""The bus: what is emitted anywhere reaches each node that serves one of its targets, in one order."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import orjson

from hub.engine.cluster.channels import Channels
from hub.engine.cluster.pipe import Connect, Pipe
from hub.engine.cluster.scripts import EMIT, FIGURES, POSITION, REPLAY, TELL, Script

Received = Callable[[str, int, bytes], None]
"""Takes an event: its offset, its number, and the packed message."""
_CHUNK: Final = 100  # streams of one reading
_MOST_BUFFERED: Final = 64 * 1024 * 1024  # bytes of events that arrive while a gap is being filled
_GOODBYE_S: Final = 5.0
_GOOD_MS: Final = 3000  # for which a node's figures count
_logger = logging.getLogger("hub.engine")


class Bus:
    """One node's place on the bus. All its keys share one slot, so that scripts run on a cluster too."""

    def __init__(
        self, connect: Connect, *, prefix: str = "navswap", keep_s: float = 165.0, most_events: int = 10_000
    ) -> None:
        """`keep_s`: how long streams keep an event; `most_events`: and how many of them each."""
        self.node = secrets.token_urlsafe(9)
        self.epoch = ""
        self.seen = 0  # number of the newest event this node has had
        self.keep_s = keep_s
        self._most_events = most_events
        self._tag = f"{{{prefix}}}"  # the braces keep all keys in one slot
        self.name, self._last = f"{self._tag}:bus", f"{self._tag}:last"
        self._raw: dict[bytes, Callable[[bytes], None]] = {}
        self._since: dict[str, int] = {}  # channels listened to: the newest number when that began
        self._buffer: list[bytes] | None = []
        self._buffer_size = 0
        self._pipe = Pipe(connect)
        self._channels = Channels(connect, self._heard, self._connecting, self._connected)
        self._tasks: list[asyncio.Task[None]] = []
        self.on_event: Received = lambda offset, number, raw: None
        self.on_told: Callable[[dict[str, Any]], None] = lambda told: None
        self.on_gap: Callable[[], None] = lambda: None
        self.on_epoch: Callable[[], None] = lambda: None
        self.streams: Callable[[], list[str]] = list  # those of this node's rooms

    # -- life

    def start(self) -> None:
        """Connect, and stay connected."""
        self._channels.want([self.channel_of_node(self.node).encode()])
        self._tasks = [
            asyncio.create_task(self._pipe.run(), name="bus pipe"),
            asyncio.create_task(self._channels.run(), name="bus channels"),
        ]

    async def stop(self) -> None:
        """Say what there is still to say, and go."""
        self._pipe.stop()
        self._channels.stop()
        pipe, channels = self._tasks
        channels.cancel()
        await asyncio.wait([channels, pipe], timeout=_GOODBYE_S)
        pipe.cancel()

    @property
    def connected(self) -> bool:
        """Whether this node hears of everything that happens in its rooms now."""
        return self._channels.connected

    # -- names

    def stream(self, namespace: str, target: str | None) -> str:
        """The key of a target's stream."""
        return f"{self._tag}:stream:{_name(namespace, target)}"

    def channel(self, namespace: str, target: str | None) -> str:
        """The channel on which a target's events are published."""
        return f"{self._tag}:room:{_name(namespace, target)}"

    def channel_of_node(self, node: str) -> str:
        """The channel on which one node is told something."""
        return f"{self._tag}:node:{node}"

    def key(self, kind: str, name: str) -> str:
        """Any other key."""
        return f"{self._tag}:{kind}:{name}"

    # -- speaking

    def call(
        self, script: Script, keys: Sequence[str], args: Iterable[str | bytes | int]
    ) -> asyncio.Future[Any]:
        """Run a script behind everything said before; see Pipe.call."""
        return self._pipe.call(script, keys, list(args))

    def emit(
        self,
        namespace: str,
        targets: Sequence[str | None],
        packed: bytes,
        *,
        droppable: bool,
        once: tuple[str, int, int] | None = None,
    ) -> asyncio.Future[int]:
        """Number and publish an event; see `lua/emit.lua` for `once` and the answer."""
        reader, seq, before = once or ("", 0, 0)
        streams = [] if droppable else [self.stream(namespace, target) for target in targets]
        return self.call(
            EMIT,
            [self.name, self._last, *streams],
            [
                secrets.token_hex(4),
                int(self.keep_s * 1000),
                self._most_events,
                int(droppable),
                reader,
                seq,
                before,
                packed,
                *(self.channel(namespace, target) for target in targets),
            ],
        )

    def tell(self, channel: str, told: dict[str, Any]) -> asyncio.Future[int]:
        """Say something that is no event; answers how many nodes have heard it."""
        return self.call(TELL, [self.name], [channel, b"!" + orjson.dumps(told)])

    async def sums(self, figures: Mapping[str, float]) -> dict[str, float]:
        """This node's figures, said to all, and added to what the others have said lately."""
        said = await self.call(
            FIGURES, [f"{self._tag}:figures"], [self.node, _GOOD_MS, orjson.dumps(figures)]
        )
        of_each = [orjson.loads(one) for one in said]
        return {name: sum(one.get(name, 0) for one in of_each) for name in figures}

    async def read(
        self, spans: Sequence[tuple[str, int, int]], most_bytes: int
    ) -> tuple[int, list[tuple[str, int, bytes]]] | None:
        """All events of (stream, after, up to or -1), in order, and the newest number of any event.

        None when some of it is forgotten, or when it is more than `most_bytes`.
        """
        numbers = [number for _, first, last in spans for number in (first, last)]
        keys = [self.name, self._last, *(stream for stream, _, _ in spans)]
        answer = await self.call(REPLAY, keys, [self.epoch, most_bytes, *numbers])
        if answer[0] < 0:
            return None
        found = {event[1]: event for event in map(_split, answer[1:])}
        return answer[0], [found[number] for number in sorted(found)]

    # -- listening

    async def listen(self, channels: Iterable[str]) -> None:
        """Hear channels from now on; raises BusUnavailable."""
        new = [channel for channel in channels if channel not in self._since]
        if new:
            await self._channels.confirmed([channel.encode() for channel in new])
            _, newest = await self.call(POSITION, [self.name], [secrets.token_hex(4), "", 0])
            for channel in new:
                self._since.setdefault(channel, newest)

    def position(self, channel: str) -> int:
        """Every later event of a channel that is listened to reaches who joins now, no earlier one does."""
        return max(self.seen, self._since.get(channel, 0))

    def want(self, channel: str) -> None:
        """Hear a channel as soon as it can be had."""
        self._channels.want([channel.encode()])

    def deafen(self, channel: str) -> None:
        """Hear a channel no longer."""
        self._since.pop(channel, None)
        self._channels.drop(channel.encode())

    async def listen_raw(self, channel: str, hear: Callable[[bytes], None]) -> None:
        """Hear a channel that is not ours, as it is."""
        self._raw[channel.encode()] = hear
        await self._channels.confirmed([channel.encode()])

    def deafen_raw(self, channel: str) -> None:
        """Hear it no longer."""
        self._raw.pop(channel.encode(), None)
        self._channels.drop(channel.encode())

    def _heard(self, channel: bytes, data: bytes) -> None:
        try:
            if (hear := self._raw.get(channel)) is not None:
                hear(data)
            elif data.startswith(b"!"):
                self.on_told(orjson.loads(data[1:]))
            elif self._buffer is None:
                self._take(*_split(data))
            else:
                self._buffer_size += len(data)
                if self._buffer_size <= _MOST_BUFFERED:
                    self._buffer.append(data)
        except Exception:
            _logger.exception("engine: something heard on the bus could not be handled")

    def _take(self, offset: str, number: int, raw: bytes) -> None:
        """An event comes once per target; the first copy counts."""
        self.in_epoch(offset.rpartition("-")[0])
        if number > self.seen:
            self.seen = number
            self.on_event(offset, number, raw)

    def in_epoch(self, epoch: str) -> None:
        """The store has begun anew, unless this is known: numbers start again."""
        if epoch != self.epoch:
            self.epoch, self.seen = epoch, 0
            self._since = dict.fromkeys(self._since, 0)
            self.on_epoch()

    def _connecting(self) -> None:
        self._buffer, self._buffer_size = [], 0

    async def _connected(self) -> None:
        """Everything is subscribed: what was missed meanwhile comes first, then what is buffered."""
        whole = await self._fill_gap()
        buffer, self._buffer = self._buffer or [], None
        if not whole or self._buffer_size > _MOST_BUFFERED:
            _logger.warning("engine: events were missed; every client has to come again")
            self.on_gap()
        for data in buffer:
            with contextlib.suppress(Exception):
                self._take(*_split(data))

    async def _fill_gap(self) -> bool:
        """Whether this node now has every event of its rooms."""
        answer = await self.call(POSITION, [self.name], [secrets.token_hex(4), self.epoch, self.seen])
        epoch, newest = answer[0].decode(), answer[1]
        if epoch != self.epoch:
            first = not self.epoch
            self.in_epoch(epoch)
            self.seen = newest
            return first
        missed: dict[int, tuple[str, int, bytes]] = {}
        for chunk in _chunks([(stream, self.seen, -1) for stream in self.streams()]):
            found = await self.read(chunk, 1 << 26)
            if found is None:
                self.seen = newest
                return False
            missed.update((event[1], event) for event in found[1])
        for event in sorted([*missed.values(), *map(_split, self._buffer or ())], key=lambda event: event[1]):
            self._take(*event)
        return True


def _name(namespace: str, target: str | None) -> str:
    if target is not None and type(target) is not str:
        raise TypeError(f"several nodes: rooms are named by text, not by {target!r}")
    return namespace if target is None else f"{namespace}:{target}"


def _split(data: bytes) -> tuple[str, int, bytes]:
    epoch, number, raw = data.split(b" ", 2)
    return f"{epoch.decode()}-{number.decode()}", int(number), raw


def _chunks(spans: list[tuple[str, int, int]]) -> Iterator[list[tuple[str, int, int]]]:
    for start in range(0, len(spans), _CHUNK):
        yield spans[start : start + _CHUNK]
