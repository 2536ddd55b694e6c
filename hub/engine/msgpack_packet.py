"""MessagePack packets that JavaScript's parser reads, and that read what it writes."""

from __future__ import annotations

from typing import Any

import msgpack
from socketio.msgpack_packet import MsgPackPacket


def _extension(code: int, data: bytes) -> Any:
    """`undefined` of JavaScript's notepack is None; what else is an extension stays one."""
    return None if (code, data) == (0, b"\0") else msgpack.ExtType(code, data)


class MsgPack(MsgPackPacket):  # type: ignore[misc]
    """python-socketio's own, for clients in JavaScript: they write `undefined` for what a packet has not,
    and take a `data` of nil for an error."""

    ext_hook = staticmethod(_extension)

    def _to_dict(self) -> dict[str, Any]:
        packet: dict[str, Any] = super()._to_dict()
        if packet["data"] is None:
            del packet["data"]
        return packet
