"""From messages to packets: attachments are collected, and each packet goes to whom it concerns."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from hub.engine import packets
from hub.engine.client import Client, Phase
from hub.engine.connection import Connection
from hub.engine.packets import Packet, ProtocolError

if TYPE_CHECKING:
    from hub.engine.server import Server

_logger = logging.getLogger("hub.engine")


class Incoming:
    """Takes what connections send; raises ProtocolError for what breaks the protocol."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._engine = server.eio
        options = server.eio.options
        self._most_attached = max(options.max_http_buffer_size, options.max_inbox_bytes)

    def message(self, connection: Connection, raw: bytes) -> None:
        """One text message, its Engine.IO type included."""
        if connection.partial is not None:
            raise ProtocolError("plaintext data where an attachment was due")
        text = raw[1:] if self._server.codec.native else raw[1:].decode()
        self._decoded(connection, self._server.codec.decode(text), len(raw))

    def binary(self, connection: Connection, raw: bytes) -> None:
        """One binary message: an attachment, or a packet of a serializer that writes bytes."""
        packet, codec = connection.partial, self._server.codec
        if packet is None:
            if codec.native:
                raise ProtocolError("unexpected binary data")
            self._decoded(connection, codec.decode(raw), len(raw))
        elif packet.attach(raw):
            connection.partial = None
            self._packet(connection, packet, sum(map(len, packet.attachments)))
        elif sum(map(len, packet.attachments)) > self._most_attached:
            connection.partial = None
            connection.close("transport error", 1009, b"attachments too big")

    def _decoded(self, connection: Connection, packet: Packet, size: int) -> None:
        if packet.missing:
            connection.partial = packet
        else:
            self._packet(connection, packet, size)

    def _packet(self, connection: Connection, packet: Packet, size: int) -> None:
        server = self._server
        if packet.type == packets.CONNECT:
            server.connector.connect(connection, packet)
            return
        client = connection.clients.get(packet.namespace)
        if client is None or client.phase is not Phase.CONNECTED:
            _logger.debug("engine: a packet for %s, which is not joined", packet.namespace)
        elif packet.type in (packets.EVENT, packets.BINARY_EVENT):
            server.dispatcher.event(client, packet.data, packet.id, size)
        elif packet.type in (packets.ACK, packets.BINARY_ACK):
            self._engine.spawn(self._acknowledged(client, packet))
        else:
            server.left(client)

    async def _acknowledged(self, client: Client, packet: Packet) -> None:
        try:
            await self._server.manager.trigger_callback(client.sid, packet.id or 0, packet.data)
        except Exception:
            self._engine.stats.handler_errors += 1
            _logger.exception("engine: an acknowledgement's callback failed")
