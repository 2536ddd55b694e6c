"""A load generator that is no bottleneck: plain sockets, one epoll, frames made in advance."""

from __future__ import annotations

import base64
import contextlib
import os
import select
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable

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
            more = poll.count(120)
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


def paced(
    port: int,
    members: int,
    per_second: int,
    seconds: float,
    cpu_s: Callable[[], float],
    *,
    telemetry: bool = False,
) -> tuple[float, float, list[float]]:
    """Broadcasts to a room at a steady rate while another process asks for acks.

    Answers the deliveries, the processor seconds they took, and the ack waits.
    """
    found = connect(port, members)
    poll = Poll(found)
    _settle(poll)
    size = _event_size(found[0], poll, members)
    asker = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.engine.generator", str(port), str(seconds)], stdout=subprocess.PIPE
    )
    assert asker.stdout is not None
    asker.stdout.readline()
    found[0].socket.send(frame(f'42["pace",{per_second},{str(telemetry).lower()}]'.encode()))
    total, begin, used = 0, time.perf_counter(), cpu_s()
    while time.perf_counter() < begin + seconds:
        total += poll.count(0.05)
    used = cpu_s() - used
    waits = [float(line) for line in asker.stdout]
    asker.wait()
    found[0].socket.send(frame(b'42["pace",0]'))
    poll.close()
    return total / size, used, waits


def ask(port: int, seconds: float) -> None:
    """Ask for an ack each 5 ms and print the waits; a process of its own, so that it does not queue."""
    (client,) = connect(port, 1)
    client.socket.setblocking(True)
    request = frame(b'421["echo",{"station_id":"station_001","battery_level":37}]')
    print("ready", flush=True)
    waits, end = [], time.perf_counter() + seconds
    while (at := time.perf_counter()) < end:
        client.socket.send(request)
        client.until(b"431[")
        waits.append(time.perf_counter() - at)
        time.sleep(0.005)
    print("\n".join(map(str, waits)))


def steady(port: int, per_second: float, seconds: float) -> None:
    """Messages at a steady rate from one client."""
    (client,) = connect(port, 1)
    request = frame(b'421["echo",1]')
    begin = time.perf_counter()
    for number in range(int(per_second * seconds)):
        client.socket.send(request)
        time.sleep(max(0.0, begin + (number + 1) / per_second - time.perf_counter()))
        with contextlib.suppress(BlockingIOError):
            client.socket.recv(65536)
    client.socket.close()


def first_after_quiet(port: int, quiet_s: float) -> tuple[float, float]:
    """Seconds an ack takes when the server is busy with us, and after a quiet time (medians of few)."""
    (client,) = connect(port, 1)
    client.socket.setblocking(True)
    request = frame(b'421["echo",1]')

    def ask() -> float:
        begin = time.perf_counter()
        client.socket.send(request)
        client.until(b"431[")
        return time.perf_counter() - begin

    busy = sorted(ask() for _ in range(200))[100]
    _stay(client, quiet_s)
    quiet = ask()
    client.socket.close()
    return busy, quiet


def _stay(client: Client, seconds: float) -> None:
    """Do nothing but answer pings."""
    end = time.perf_counter() + seconds
    with contextlib.suppress(TimeoutError):
        while (left := end - time.perf_counter()) > 0:
            client.socket.settimeout(left)
            if b"2" in client.socket.recv(64):
                client.socket.send(frame(b"3"))
    client.socket.setblocking(True)


def storm(port: int, count: int, window: int = 400) -> float:
    """Seconds until `count` clients have connected and joined, `window` of them under way at a time."""
    upgrade = (
        b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
        b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n"
    )
    join = frame(b"40")
    epoll = select.epoll()
    waiting: dict[int, tuple[socket.socket, bytearray]] = {}
    done: list[socket.socket] = []
    begin = time.perf_counter()
    started = 0
    while len(done) < count:
        while started < count and len(waiting) < window:
            each = socket.socket()
            each.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                each.connect(("127.0.0.1", port))
            epoll.register(each.fileno(), select.EPOLLOUT)
            waiting[each.fileno()] = (each, bytearray())
            started += 1
        for descriptor, event in epoll.poll(10):
            each, data = waiting[descriptor]
            if event & select.EPOLLOUT:
                each.send(upgrade)
                epoll.modify(descriptor, select.EPOLLIN)
                continue
            data += each.recv(4096)
            if b'40{"sid"' in data:
                epoll.unregister(descriptor)
                done.append(waiting.pop(descriptor)[0])
            elif b'"maxPayload"' in data:
                data.clear()
                each.send(join)
    seconds = time.perf_counter() - begin
    for each in done:
        each.close()
    epoll.close()
    return seconds


if __name__ == "__main__":
    ask(int(sys.argv[1]), float(sys.argv[2]))
