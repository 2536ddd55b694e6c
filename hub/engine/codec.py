"""How packets become frames: Socket.IO's own encoding, or a packet class of the application's choice."""

from __future__ import annotations

from typing import Any

from hub.engine import packets
from hub.engine.packets import Frames, Packet, ProtocolError


class Codec:
    """Socket.IO's own encoding: JSON, binary data as attachments."""

    native = True

    def event(self, namespace: str, args: list[Any], id_: int | None = None) -> Frames:
        """An event, with an id when it is to be acknowledged."""
        return packets.encode_event(namespace, args, id_)

    def ack(self, namespace: str, id_: int, args: list[Any]) -> Frames:
        """An acknowledgement."""
        return packets.encode_ack(namespace, id_, args)

    def control(self, type_: int, namespace: str, data: Any = None) -> Frames:
        """CONNECT, DISCONNECT or CONNECT_ERROR."""
        return packets.encode_control(type_, namespace, data)

    def decode(self, raw: str | bytes) -> Packet:
        """One packet; raises ProtocolError."""
        return packets.decode(raw.encode() if isinstance(raw, str) else raw)


class ForeignCodec(Codec):
    """A python-socketio packet class, such as its MsgPackPacket, or its own with another JSON module."""

    native = False

    def __init__(self, packet_class: Any) -> None:
        self._class = packet_class

    def event(self, namespace: str, args: list[Any], id_: int | None = None) -> Frames:
        return self.frames(self._class(packets.EVENT, namespace=namespace, data=args, id=id_))

    def ack(self, namespace: str, id_: int, args: list[Any]) -> Frames:
        return self.frames(self._class(packets.ACK, namespace=namespace, data=args, id=id_))

    def control(self, type_: int, namespace: str, data: Any = None) -> Frames:
        return self.frames(self._class(type_, namespace=namespace, data=data))

    def decode(self, raw: str | bytes) -> Packet:
        try:
            found = self._class(encoded_packet=raw)
            packet = Packet(found.packet_type, found.namespace or "/", found.id, found.data)
            packet.missing = found.attachment_count
            _check_types(packet)
            packets.check(packet)
        except ProtocolError:
            raise
        except Exception as exc:
            raise ProtocolError("invalid packet") from exc
        return packet

    @staticmethod
    def frames(packet: Any) -> Frames:
        """The frames of a packet object: text and attachments, or one binary frame."""
        encoded = packet.encode()
        if isinstance(encoded, bytes):
            return (b"", encoded)
        parts = encoded if isinstance(encoded, list) else [encoded]
        return (b"4" + parts[0].encode(), *(bytes(part) for part in parts[1:]))


def _check_types(packet: Packet) -> None:
    """What a serializer other than the protocol's own leaves to whoever writes the packet."""
    if type(packet.namespace) is not str or type(packet.id) not in (int, type(None)):
        raise ProtocolError("invalid packet")
