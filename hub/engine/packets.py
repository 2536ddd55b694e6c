"""Socket.IO 5 packets: bytes in, packets out, and back. No IO; every input is checked or refused."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, Final

import orjson

CONNECT: Final = 0
DISCONNECT: Final = 1
EVENT: Final = 2
ACK: Final = 3
CONNECT_ERROR: Final = 4
BINARY_EVENT: Final = 5
BINARY_ACK: Final = 6

MAX_ATTACHMENTS: Final = 64
RESERVED_EVENTS: Final = frozenset(
    ("connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener")
)
# type, attachments, namespace, id; what follows is JSON
_HEADER: Final = re.compile(rb"([0-6])(?:(\d{1,10})-)?(?:(/[^,]*)(?:,|$))?(\d{0,20})")

Frame = bytes
Frames = tuple[bytes, ...]
"""One packet on the wire: a text frame, then its binary attachments."""


class ProtocolError(ValueError):
    """The peer broke the protocol; its connection is closed at once."""


class Packet:
    """One decoded packet; a binary one is complete when `missing` is 0."""

    __slots__ = ("attachments", "data", "id", "missing", "namespace", "type")

    def __init__(self, type_: int, namespace: str, id_: int | None, data: Any, missing: int = 0) -> None:
        self.type = type_
        self.namespace = namespace
        self.id = id_
        self.data = data
        self.missing = missing
        self.attachments: list[bytes] = []

    def attach(self, attachment: bytes) -> bool:
        """Add one attachment; true when the packet is complete and its placeholders are filled."""
        self.attachments.append(attachment)
        self.missing -= 1
        if self.missing:
            return False
        self.data = _fill(self.data, self.attachments)
        return True


def parse(text: bytes) -> Any:
    """JSON, and the NaN and Infinity that Python's own client writes: an application may refuse them
    with an answer, where the engine could only close. Raises ValueError.
    """
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        if b"NaN" not in text and b"Infinity" not in text:
            raise
    try:
        return json.loads(text)
    except RecursionError as exc:
        raise ValueError("nested too deeply") from exc


def decode(raw: bytes) -> Packet:
    """Decode the text of an Engine.IO message (without its leading `4`); raises ProtocolError."""
    header = _HEADER.match(raw)
    if header is None:
        raise ProtocolError("unknown packet type")
    kind, count, namespace, id_ = header.groups()
    type_ = kind[0] - 48
    body = raw[header.end() :]
    try:
        data = parse(body) if body else None
        where = namespace.decode() if namespace else "/"
    except ValueError as exc:
        raise ProtocolError("invalid payload") from exc
    packet = Packet(type_, where.partition("?")[0], int(id_) if id_ else None, data, _count(type_, count))
    check(packet)
    return packet


def _count(type_: int, count: bytes | None) -> int:
    if type_ < BINARY_EVENT:
        if count is not None:
            raise ProtocolError("attachments of a packet that has none")
        return 0
    if count is None or int(count) > MAX_ATTACHMENTS:
        raise ProtocolError("illegal number of attachments")
    return int(count)


def check(packet: Packet) -> None:
    """The rules of socket.io-parser's isPayloadValid, and that an acknowledgement has an id."""
    type_, data = packet.type, packet.data
    if type_ in (EVENT, BINARY_EVENT):
        valid = is_event(data)
    elif type_ in (ACK, BINARY_ACK):
        valid = type(data) is list and packet.id is not None
    elif type_ == CONNECT:
        valid = data is None or type(data) is dict
    else:
        valid = type_ == DISCONNECT and data is None
    if not valid:
        raise ProtocolError("invalid payload")
    if type_ >= BINARY_EVENT and packet.missing == 0:
        packet.data = _fill(data, ())


def is_event(data: Any) -> bool:
    """A list whose first item names an event that is not reserved."""
    if type(data) is not list or not data:
        return False
    name = data[0]
    return name not in RESERVED_EVENTS if type(name) is str else type(name) is int


def _fill(data: Any, attachments: Sequence[bytes]) -> Any:
    if type(data) is list:
        return [_fill(item, attachments) for item in data]
    if type(data) is not dict:
        return data
    if data.get("_placeholder") is not True:
        return {key: _fill(value, attachments) for key, value in data.items()}
    number = data.get("num")
    if type(number) is not int or not 0 <= number < len(attachments):
        raise ProtocolError("illegal attachments")
    return attachments[number]


class _Attachments(list[bytes]):
    """Collects bytes while orjson walks the data, leaving placeholders behind."""

    def __call__(self, item: Any) -> dict[str, Any]:
        if isinstance(item, bytes | bytearray | memoryview):
            self.append(bytes(item))
            return {"_placeholder": True, "num": len(self) - 1}
        raise TypeError(f"{type(item).__name__} is not serializable")


def dump(data: Any) -> tuple[bytes, list[bytes]]:
    """JSON without spaces, and the attachments that were found in the data."""
    found = _Attachments()
    try:
        return orjson.dumps(data, found), found
    except TypeError:  # keys that are not strings, integers over 64 bits, lone surrogates
        found = _Attachments()
        text = json.dumps(data, default=found, separators=(",", ":"))
        return text.encode("utf-8", "replace"), found


def encode_event(namespace: str, args: list[Any], id_: int | None = None) -> Frames:
    """The Engine.IO frames of an event: `42["name",...]`, or `451-[...]` and attachments."""
    body, attachments = dump(args)
    return _frames(b"42", b"45", namespace, id_, body, attachments)


def encode_ack(namespace: str, id_: int, args: list[Any]) -> Frames:
    """The Engine.IO frames of an acknowledgement."""
    body, attachments = dump(args)
    return _frames(b"43", b"46", namespace, id_, body, attachments)


def _frames(
    plain: bytes, binary: bytes, namespace: str, id_: int | None, body: bytes, attachments: list[bytes]
) -> Frames:
    where = b"" if namespace == "/" else namespace.encode() + b","
    number = b"" if id_ is None else b"%d" % id_
    if not attachments:
        return (plain + where + number + body,)
    return (b"%b%d-" % (binary, len(attachments)) + where + number + body, *attachments)


def encode_control(type_: int, namespace: str, data: Any = None) -> Frames:
    """CONNECT, DISCONNECT or CONNECT_ERROR."""
    where = b"" if namespace == "/" else namespace.encode() + b","
    return (b"4%d" % type_ + where + (b"" if data is None else dump(data)[0]),)
