"""A load generator that is no bottleneck: plain sockets, one epoll, frames made in advance."""

from __future__ import annotations

import base64
import contextlib
import os
import select
import socket
import struct
import time

_MASK = b"\x00\x00\x00\x00"  # a mask of zeroes is a mask, and masking with it costs nothing


def frame(text: bytes) -> bytes:
    """A client's text frame."""
    size = len(text)
    if size < 126:
        return struct.pack("!BB", 0x81, 0x80 | size) + _MASK + text
    return struct.pack("!BBH", 0x81, 0xFE, size) + _MASK + text


def payload(data: bytes) -> bytes:
    """The text of the first server frame in `data`."""
    size, start = data[1], 2
    if size == 126:
        size, start = struct.unpack("!H", data[2:4])[0], 4
    return data[start : start + size]


class Client:
    """One connection that has joined."""

    __slots__ = ("acks", "got", "sent_at", "socket")

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.got = 0
        self.acks = 0
        self.sent_at = 0.0

    def handshake(self) -> None:
        """Upgrade, then CONNECT; blocking."""
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            + f"Sec-WebSocket-Key: {key}\r\n\r\n".encode()
        )
        self.until(b'"sid"')
        self.socket.sendall(frame(b"40"))
        self.until(b'40{"sid"')

    def until(self, mark: bytes) -> bytes:
        """Read until something has come."""
        data = b""
        while mark not in data:
            more = self.socket.recv(65536)
            if not more:
                raise ConnectionError("closed by the server")
            data += more
        return data


def connect(port: int, count: int) -> list[Client]:
    """Open `count` clients one after the other."""
    clients = []
    for _ in range(count):
        client = Client(port)
        client.handshake()
        clients.append(client)
    for client in clients:
        client.socket.setblocking(False)
    return clients


class Poll:
    """All clients in one epoll; answers pings."""

    def __init__(self, clients: list[Client]) -> None:
        self._epoll = select.epoll()
        self.by_fd = {client.socket.fileno(): client for client in clients}
        for descriptor in self.by_fd:
            self._epoll.register(descriptor, select.EPOLLIN)
        self._buffer = bytearray(1 << 20)
        self._view = memoryview(self._buffer)

    def wait(self, seconds: float) -> list[tuple[Client, bytes]]:
        """(client, data) of everybody who has received something."""
        found = []
        for descriptor, _ in self._epoll.poll(seconds):
            client = self.by_fd[descriptor]
            with contextlib.suppress(BlockingIOError):
                found.append((client, client.socket.recv(4096)))
        return found

    def count(self, seconds: float) -> int:
        """Bytes received by everybody within one wait, unread."""
        total = 0
        buffer = self._buffer
        for descriptor, _ in self._epoll.poll(seconds):
            with contextlib.suppress(BlockingIOError):
                total += self.by_fd[descriptor].socket.recv_into(buffer)
        return total

    def close(self) -> None:
        """Forget the clients and close them."""
        self._epoll.close()
        for client in self.by_fd.values():
            client.socket.close()


def echo(port: int, clients: int, seconds: float) -> tuple[float, list[float]]:
    """Acks per second with one event of each client in flight; and the waits, in seconds."""
    found = connect(port, clients)
    poll = Poll(found)
    request = frame(b'421["echo",{"station_id":"station_001","battery_level":37}]')
    waits: list[float] = []
    now = time.perf_counter
    begin = now()
    for client in found:
        client.sent_at = now()
        client.socket.send(request)
    end = begin + seconds
    while (at := now()) < end:
        for client, data in poll.wait(0.1):
            if b"431[" in data:
                waits.append(at - client.sent_at)
                client.sent_at = now()
                client.socket.send(request)
    rate = len(waits) / (now() - begin)
    poll.close()
    return rate, waits


def fan_out(port: int, members: int, events: int, repeat: int) -> list[float]:
    """Deliveries per second of bursts to one room."""
    found = connect(port, members)
    poll = Poll(found)
    _settle(poll)
    size = _event_size(found[0], poll, members)
    rates = []
    for _ in range(repeat):
        expected = members * events * size
        begin = time.perf_counter()
        found[0].socket.send(frame(f'42["burst",{events}]'.encode()))
        got = 0
        while got < expected:
            more = poll.count(10)
            if not more:
                raise TimeoutError(f"{got} of {expected} bytes arrived")
            got += more
        rates.append(members * events / (time.perf_counter() - begin))
        _settle(poll)
    poll.close()
    return rates


def _settle(poll: Poll) -> None:
    while poll.count(0.2):
        pass


def _event_size(client: Client, poll: Poll, members: int) -> int:
    """Bytes of one event on the wire: those that one burst of one brings each member."""
    client.socket.send(frame(b'42["burst",1]'))
    got = 0
    while True:
        more = poll.count(0.5)
        if not more:
            break
        got += more
    return got // members
