"""An event on its way out: encoded once, whoever gets it and in whichever form."""

from __future__ import annotations

from typing import Any

from hub.engine import packets
from hub.engine.lanes import STATE
from hub.engine.packets import Frames


class Outgoing:
    """An encoded event, with its offset where recovery gives it one.

    Clients find the offset as one more argument at the end or, if they asked for that, inside the
    payload. Both forms are cut out of the one encoding when the first such client needs them.
    """

    __slots__ = ("_args", "_as_argument", "_in_payload", "_plain", "key", "lane", "namespace", "offset")

    def __init__(
        self,
        namespace: str,
        args: list[Any],
        *,
        lane: int = STATE,
        key: object = None,
        offset: str | None = None,
    ) -> None:
        self.namespace = namespace
        self.lane = lane
        self.key = key
        self.offset = offset
        self._args = args if offset is not None and len(args) == 2 and type(args[1]) is dict else None
        self._plain = packets.encode_event(namespace, args)
        self._as_argument: Frames | None = None
        self._in_payload: Frames | None = None

    @property
    def size(self) -> int:
        """Bytes on the wire, without the offset."""
        return sum(map(len, self._plain))

    def frames(self, payload_offsets: bool) -> Frames:
        """The frames for a client that wants its offset in the payload, or as last argument."""
        if self.offset is None:
            return self._plain
        if payload_offsets:
            if self._in_payload is None:
                self._in_payload = self._with_payload_offset(self.offset)
            return self._in_payload
        if self._as_argument is None:
            text, *attachments = self._plain
            self._as_argument = (text[:-1] + b',"%b"]' % self.offset.encode(), *attachments)
        return self._as_argument

    def _with_payload_offset(self, offset: str) -> Frames:
        """`["name",{` becomes `["name",{"offset":...`; a payload that is no object cannot carry one."""
        if self._args is None:
            return self._plain
        text, *attachments = self._plain
        name = packets.dump(self._args[0])[0]
        start = text.index(b"[") + 1 + len(name) + 2
        comma = b"," if self._args[1] else b""
        return (text[:start] + b'"offset":"%b"' % offset.encode() + comma + text[start:], *attachments)

    @classmethod
    def of(cls, namespace: str, frames: Frames, lane: int = STATE) -> Outgoing:
        """An event that is encoded already, for one client alone."""
        packet = cls.__new__(cls)
        packet.namespace, packet.lane, packet.key, packet.offset = namespace, lane, None, None
        packet._plain, packet._args, packet._as_argument, packet._in_payload = frames, None, None, None
        return packet
