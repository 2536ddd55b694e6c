"""What the kernel alone asks for a delivery: a bare loop of `send` to as many sockets, as often.

No server that gives each delivery a `send` of its own can cost less than this.
"""

from __future__ import annotations

import os
import select
import socket
import time
from typing import Final

EVENT: Final = b"\x81\x7e\x00\x90" + b"x" * 144  # as long as the event of the other servers


def _receive(port: int, members: int) -> None:
    """Read and drop, until the sender is gone."""
    epoll, buffer = select.epoll(), bytearray(4096)
    sockets = {}
    for _ in range(members):
        each = socket.create_connection(("127.0.0.1", port))
        each.setblocking(False)
        sockets[each.fileno()] = each
        epoll.register(each.fileno(), select.EPOLLIN)
    while all(sockets[descriptor].recv_into(buffer) for descriptor, _ in epoll.poll()):
        pass


def floor_us(members: int, per_second: int, seconds: float) -> float:
    """Processor microseconds of one delivery."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(members)
        child = os.fork()
        if child == 0:
            _receive(listener.getsockname()[1], members)
            os._exit(0)
        sockets = [listener.accept()[0] for _ in range(members)]
    for each in sockets:
        each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    begin, used, rounds = time.monotonic(), time.process_time(), int(per_second * seconds)
    for number in range(rounds):
        for each in sockets:
            each.send(EVENT)
        time.sleep(max(0.0, begin + (number + 1) / per_second - time.monotonic()))
    used = time.process_time() - used
    for each in sockets:
        each.close()
    os.waitpid(child, 0)
    return used / (rounds * members) * 1e6
