"""Engine.IO 4, without IO: packets, payloads, the handshake's rules and a session's states."""

from __future__ import annotations

import base64
import binascii
import enum
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

import orjson

from hub.engine.packets import ProtocolError

SEPARATOR: Final = b"\x1e"
PING: Final = b"2"
PING_PROBE: Final = b"2probe"
PONG_PROBE: Final = b"3probe"
NOOP: Final = b"6"
CLOSE: Final = b"1"
MAX_PACKETS_PER_BODY: Final = 10_000


class Kind(enum.Enum):
    """What one packet of a client means."""

    CLOSE = b"1"
    PROBE = b"2"
    PONG = b"3"
    MESSAGE = b"4"
    UPGRADE = b"5"


class State(enum.Enum):
    """A session's life; there is no way back."""

    OPEN = "open"
    PROBING = "probing"  # a WebSocket has asked to take over from polling
    CLOSED = "closed"


class Refusal(NamedTuple):
    """An answer to a request that opens nothing: the codes are those of Node's engine.io."""

    status: str
    code: int
    message: str

    def body(self) -> bytes:
        """The JSON that clients show."""
        return orjson.dumps({"code": self.code, "message": self.message})


UNKNOWN_TRANSPORT: Final = Refusal("400 Bad Request", 0, "Transport unknown")
UNKNOWN_SID: Final = Refusal("400 Bad Request", 1, "Session ID unknown")
BAD_METHOD: Final = Refusal("400 Bad Request", 2, "Bad handshake method")
BAD_REQUEST: Final = Refusal("400 Bad Request", 3, "Bad request")
FORBIDDEN: Final = Refusal("403 Forbidden", 4, "Forbidden")
BAD_VERSION: Final = Refusal("400 Bad Request", 5, "Unsupported protocol version")
TOO_LARGE: Final = Refusal("413 Payload Too Large", 3, "Payload too large")
UNAUTHORIZED: Final = Refusal("401 Unauthorized", 4, "Unauthorized")
OVERLOADED: Final = Refusal("503 Service Unavailable", 3, "Too many new connections")
STOPPING: Final = Refusal("503 Service Unavailable", 3, "Server is stopping")


def check_query(query: Mapping[str, str], transports: Iterable[str]) -> Refusal | None:
    """The rules every request keeps, whatever its method; None when it may go on."""
    if query.get("transport", "") not in tuple(transports):
        return UNKNOWN_TRANSPORT
    if query.get("EIO") != "4":
        return BAD_VERSION
    return None


def open_packet(
    sid: str, upgrades: list[str], interval_s: float, timeout_s: float, max_payload: int
) -> bytes:
    """The handshake, with exactly the five keys of the protocol; times in milliseconds."""
    return b"0" + orjson.dumps(
        {
            "sid": sid,
            "upgrades": upgrades,
            "pingInterval": round(interval_s * 1000),
            "pingTimeout": round(timeout_s * 1000),
            "maxPayload": max_payload,
        }
    )


def classify(packet: bytes) -> Kind:
    """Tell what a text packet is; raises ProtocolError for what a client may not send."""
    try:
        kind = Kind(packet[:1])
    except ValueError:
        raise ProtocolError("unknown Engine.IO packet") from None
    if kind is Kind.PROBE and packet != PING_PROBE:
        raise ProtocolError("invalid heartbeat direction")
    return kind


def decode_body(body: bytes) -> list[tuple[bytes, bool]]:
    """Packets of a POST body as (packet, is binary); raises ProtocolError.

    A binary message is `b` and base64; what comes back is its bytes, without a type.
    """
    packets = body.split(SEPARATOR)
    if len(packets) > MAX_PACKETS_PER_BODY:
        raise ProtocolError("too many packets in one body")
    return [_decode_one(packet) for packet in packets]


def _decode_one(packet: bytes) -> tuple[bytes, bool]:
    if packet[:1] != b"b":
        return packet, False
    try:
        return base64.b64decode(packet[1:], validate=True), True
    except binascii.Error as exc:
        raise ProtocolError("invalid base64") from exc


def encode_body(frames: Iterable[tuple[bytes, bool]]) -> bytes:
    """The answer to a poll; frames are (frame, is binary)."""
    return SEPARATOR.join(b"b" + base64.b64encode(frame) if binary else frame for frame, binary in frames)


class Session:
    """What a client may do next. Every method is one input; illegal ones raise ProtocolError."""

    __slots__ = ("sid", "state", "transport")

    def __init__(self, sid: str, transport: str) -> None:
        self.sid = sid
        self.transport = transport
        self.state = State.OPEN

    @property
    def upgrading(self) -> bool:
        """Whether a WebSocket has probed and polling is about to end."""
        return self.state is State.PROBING

    def may_poll(self) -> bool:
        """HTTP belongs to polling sessions alone: after an upgrade it is refused."""
        return self.state is not State.CLOSED and self.transport == "polling"

    def may_upgrade(self) -> bool:
        """One WebSocket at a time may take over, and only from polling."""
        return self.state is State.OPEN and self.transport == "polling"

    def probe(self) -> None:
        """`2probe` came over the new WebSocket."""
        if not self.may_upgrade():
            raise ProtocolError("nothing to upgrade")
        self.state = State.PROBING

    def probe_lost(self) -> None:
        """The new WebSocket went away before it took over; polling goes on."""
        if self.state is State.PROBING:
            self.state = State.OPEN

    def upgrade(self) -> None:
        """`5` came over the new WebSocket: it is the transport from now on."""
        if self.state is not State.PROBING:
            raise ProtocolError("upgrade without a probe")
        self.state = State.OPEN
        self.transport = "websocket"

    def finish(self) -> bool:
        """Close once; false when it was closed before."""
        if self.state is State.CLOSED:
            return False
        self.state = State.CLOSED
        return True
