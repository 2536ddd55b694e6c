"""Packet classes by name, as python-socketio's `serializer` option takes them."""

from __future__ import annotations

from typing import Any


def packet_class(serializer: Any) -> Any:
    """The class for "msgpack" that JavaScript's clients understand, too; anything else as it is.

    Raises ImportError for "msgpack" without the package of that name (extra `msgpack`).
    """
    if serializer != "msgpack":
        return serializer
    from hub.engine.msgpack_packet import MsgPack

    return MsgPack
