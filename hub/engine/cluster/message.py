"""An event between nodes: a line of JSON that says for whom, then the frames as clients get them."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import orjson

from hub.engine.codec import Codec
from hub.engine.outgoing import Outgoing


class Message(NamedTuple):
    """An event for `targets` of a namespace (a room, a sid, None for everybody), but for `skip`."""

    namespace: str
    targets: tuple[str | None, ...]
    skip: tuple[str, ...]
    packet: Outgoing
    watched: str | None = None  # its name, where nodes act on it themselves


def pack(message: Message, *, has_offset: bool) -> bytes:
    """The event without its number, which the store gives."""
    packet = message.packet
    frames = packet.plain
    ends = [0]
    for frame in frames:
        ends.append(ends[-1] + len(frame))
    head = (
        message.namespace,
        message.targets,
        message.skip,
        packet.lane,
        packet.key,
        has_offset,
        ends,
        message.watched,
        packet.each,
    )
    return orjson.dumps(head) + b"\n" + b"".join(frames)


def unpack(raw: bytes, offset: str, codec: Codec) -> Message:
    """The event as another node, or a stream, has given it."""
    head, _, body = raw.partition(b"\n")
    namespace, targets, skip, lane, key, has_offset, ends, *more = orjson.loads(head)
    watched, each = (*more, None, None)[:2]  # nodes of an earlier version do not say these
    frames = tuple(body[start:end] for start, end in pairwise(ends))
    packet = Outgoing.of(
        namespace,
        frames,
        lane=lane,
        key=_hashable(key),
        each=_hashable(each),
        codec=codec,
        offset=offset if has_offset else None,
    )
    return Message(namespace, tuple(targets), tuple(skip), packet, watched)


def _hashable(key: Any) -> Any:
    return tuple(key) if isinstance(key, list) else key
