"""An event on its way out: encoded once, whoever gets it and in whichever form."""

from __future__ import annotations

from typing import Any

from hub.engine import packets
from hub.engine.codec import Codec
from hub.engine.lanes import STATE
from hub.engine.packets import Frames

Each = tuple[str, str]
"""A payload's field with a list of things, and the things' field that says which one each is."""

_own = Codec()


class Outgoing:
    """An encoded event, with its offset where recovery gives it one.

    Clients find the offset as one more argument at the end or, if they asked for that, inside the
    payload. Both forms are cut out of the one encoding when the first such client needs them.
    """

    __slots__ = (
        "_args",
        "_as_argument",
        "_codec",
        "_in_payload",
        "_parts",
        "_plain",
        "each",
        "key",
        "lane",
        "namespace",
        "offset",
    )

    def __init__(
        self,
        namespace: str,
        args: list[Any],
        *,
        codec: Codec = _own,
        lane: int = STATE,
        key: object = None,
        each: Each | None = None,
        offset: str | None = None,
    ) -> None:
        self.namespace = namespace
        self.lane = lane
        self.key = key
        self.each = each
        self.offset = offset
        self._codec = codec
        self._args: list[Any] | None = args if offset is not None else None
        self._plain = codec.event(namespace, args)
        self._as_argument: Frames | None = None
        self._in_payload: Frames | None = None
        self._parts: list[Outgoing] | None = None

    @classmethod
    def of(
        cls,
        namespace: str,
        frames: Frames,
        *,
        codec: Codec = _own,
        lane: int = STATE,
        key: object = None,
        each: Each | None = None,
        offset: str | None = None,
    ) -> Outgoing:
        """An event that is encoded already."""
        packet = cls.__new__(cls)
        packet.namespace, packet.lane, packet.key, packet.offset = namespace, lane, key, offset
        packet._plain, packet._args, packet._codec = frames, None, codec
        packet.each = each
        packet._as_argument = packet._in_payload = packet._parts = None
        return packet

    @property
    def position(self) -> int:
        """The number in its offset; 0 without one."""
        return int(self.offset.rpartition("-")[2]) if self.offset else 0

    @property
    def plain(self) -> Frames:
        """The frames without an offset."""
        return self._plain

    @property
    def size(self) -> int:
        """Bytes on the wire, without the offset."""
        return sum(map(len, self._plain))

    def parts(self, each: Each) -> list[Outgoing]:
        """One event for each of its things, with a key of its own: so the newest of each can wait."""
        if self._parts is None:
            name, payload = self._arguments()
            field, by = each
            self._parts = [
                Outgoing(
                    self.namespace,
                    [name, {**payload, field: [thing]}],
                    codec=self._codec,
                    lane=self.lane,
                    key=(name, thing[by]),
                )
                for thing in payload[field]
            ]
        return self._parts

    def frames(self, payload_offsets: bool) -> Frames:
        """The frames for a client that wants its offset in the payload, or as last argument."""
        if self.offset is None:
            return self._plain
        if payload_offsets:
            if self._in_payload is None:
                self._in_payload = self._with_payload_offset(self.offset, self._arguments())
            return self._in_payload
        if self._as_argument is None:
            self._as_argument = self._with_argument(self.offset)
        return self._as_argument

    def _arguments(self) -> list[Any]:
        """Name and arguments; attachments of an event that came encoded are placeholders."""
        if self._args is None:
            text, *attachments = self._plain
            packet = self._codec.decode(text[1:] if text else attachments[0])
            self._args = packet.data
        return self._args

    def _with_argument(self, offset: str) -> Frames:
        if not self._codec.native:
            return self._codec.event(self.namespace, [*self._arguments(), offset])
        text, *attachments = self._plain
        return (text[:-1] + b',"%b"]' % offset.encode(), *attachments)

    def _with_payload_offset(self, offset: str, args: list[Any]) -> Frames:
        """`["name",{` becomes `["name",{"offset":...`; a payload that is no object cannot carry one."""
        if len(args) != 2 or type(args[1]) is not dict:
            return self._plain
        if not self._codec.native:
            return self._codec.event(self.namespace, [args[0], {"offset": offset, **args[1]}])
        text, *attachments = self._plain
        start = text.index(b"[") + 1 + len(packets.dump(args[0])[0]) + 2
        comma = b"," if args[1] else b""
        return (text[:start] + b'"offset":"%b"' % offset.encode() + comma + text[start:], *attachments)
