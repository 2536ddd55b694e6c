"""A busy hour of the engine, minute by minute and at full speed."""

from __future__ import annotations

import asyncio
import json
import random
import socket
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from victim_support import DEADLINE_S, Victim, cut, join_narrow, masked, narrow

PING = b"\x81\x012"  # a text frame
WINDOW_S = 2  # the server's recovery window
AT_ONCE = 40  # clients that are busy at the same moment
PATH = "/socket.io/?EIO=4&transport=polling"
Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True, slots=True)
class Minute:
    """What happens in one minute of a busy hour."""

    visits: int = 50  # connections that come, talk and leave
    messages: int = 72  # with acknowledgement, of each visit
    moves: int = 5  # changes of rooms, of each visit
    broadcasts: int = 600  # of state, and as many of telemetry, to twenty rooms
    recoveries: int = 20
    slow: int = 2  # readers that fall behind; every other one for good
    polls: int = 40  # polling sessions, of five polls each
    aborted: int = 40  # polls that their clients abort


async def live(victim: Victim, minute: Minute) -> None:
    """One minute's work, several clients at a time."""
    kinds: list[tuple[int, Callable[[Victim, Minute], Awaitable[None]]]] = [
        (minute.visits, _visit),
        (minute.recoveries, _recover),
        (minute.slow // 2, _fall_behind_and_catch_up),
        (minute.slow - minute.slow // 2, _fall_behind_for_good),
        (minute.polls, _poll),
        (minute.aborted, _abort),
    ]
    work = [kind for count, kind in kinds for _ in range(count)] + [_broadcast]
    random.shuffle(work)
    places = asyncio.Semaphore(AT_ONCE)

    async def do(kind: Callable[[Victim, Minute], Awaitable[None]]) -> None:
        async with places, asyncio.timeout(DEADLINE_S):
            await kind(victim, minute)

    async with asyncio.TaskGroup() as tasks:
        for kind in work:
            tasks.create_task(do(kind))


async def _join(victim: Victim, auth: str = "") -> tuple[Stream, dict[str, str]]:
    reader, writer = await victim.websocket()
    writer.write(masked(b"40" + auth.encode()))
    await reader.readuntil(b"40{")
    answer = json.loads(b"{" + await reader.readuntil(b"}"))
    return (reader, writer), answer


async def _visit(victim: Victim, minute: Minute) -> None:
    (reader, writer), _ = await _join(victim)
    for _ in range(minute.moves):
        rooms = [f"room{random.randrange(20)}", f"room{random.randrange(20)}"]
        writer.write(masked(json.dumps(rooms).replace("[", '42["move",', 1).encode()))
    for number in range(minute.messages):
        writer.write(masked(b'42%d["now",{"a":1}]' % number))
    await reader.readuntil(b"43%d[" % (minute.messages - 1))
    cut(writer)


async def _broadcast(victim: Victim, minute: Minute) -> None:
    (reader, writer), _ = await _join(victim)
    listeners = [(await _join(victim))[0] for _ in range(10)]
    writer.write(masked(b'421["broadcast",%d]' % minute.broadcasts))
    await reader.readuntil(b"431[%d]" % minute.broadcasts)
    for _, listening in [*listeners, (reader, writer)]:
        cut(listening)


async def _recover(victim: Victim, _minute: Minute) -> None:
    begin = time.monotonic()
    (_, writer), before = await _join(victim)
    writer.transport.abort()
    (_, writer), after = await _join(victim, json.dumps({"pid": before["pid"]}))
    assert after == before or time.monotonic() - begin > WINDOW_S, "not recovered"
    cut(writer)


async def _flooded(found: socket.socket, count: int) -> None:
    await join_narrow(found)
    await asyncio.get_running_loop().sock_sendall(found, masked(b'42["flood",%d]' % count))


async def _fall_behind_and_catch_up(victim: Victim, _minute: Minute) -> None:
    loop = asyncio.get_running_loop()
    with narrow(victim.port) as found:
        slow = (await victim.figures("counters"))["slow"]
        await _flooded(found, 25)
        await victim.until(lambda counters: counters["slow"] > slow, "counters")
        data = b""
        while b"flooded" not in data:
            more = await loop.sock_recv(found, 65536)
            assert more, "closed before it could catch up"
            data = data[-20:] + more
            if PING in data:
                await loop.sock_sendall(found, masked(b"3"))


async def _fall_behind_for_good(victim: Victim, _minute: Minute) -> None:
    with narrow(victim.port) as found:
        closed = (await victim.figures("counters"))["slow_closed"]
        await _flooded(found, 100)
        await victim.until(lambda counters: counters["slow_closed"] > closed, "counters")


async def _request(victim: Victim, text: str, body: bytes = b"") -> bytes:
    reader, writer = await victim.connect()
    writer.write(f"{text} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    answer = await reader.readexactly(length)
    writer.close()
    return answer


async def _session(victim: Victim) -> str:
    answer = await _request(victim, f"GET {PATH}")
    path = f"{PATH}&sid={json.loads(answer[1:])['sid']}"
    assert await _request(victim, f"POST {path}", b"40") == b"ok"
    while b"hello" not in await _request(victim, f"GET {path}"):
        pass
    return path


async def _poll(victim: Victim, _minute: Minute) -> None:
    path = await _session(victim)
    for number in range(3):
        await _request(victim, f"POST {path}", b'42%d["now",1]' % number)
        while b"43%d" % number not in await _request(victim, f"GET {path}"):
            pass
    await _request(victim, f"POST {path}", b"1")


async def _abort(victim: Victim, _minute: Minute) -> None:
    path = await _session(victim)
    _, writer = await victim.connect()
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    await writer.drain()
    cut(writer)
    await _request(victim, f"POST {path}", b"1")
