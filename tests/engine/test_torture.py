"""The server in a process of its own, under faulthandler, against the rudest clients there are."""

from __future__ import annotations

import asyncio
import json
import os
import random

import pytest
from victim_support import DEADLINE_S, UPGRADE, Victim, cut, masked


async def test_3000_short_connections_with_late_handlers_never_touch_a_dead_socket(victim: Victim) -> None:
    async def one() -> None:
        _, writer = await victim.websocket()
        writer.write(masked(b"40"))
        if random.random() < 0.7:
            await asyncio.sleep(random.random() * 0.02)
        for _ in range(random.randrange(4)):
            name = random.choice(("late", "late", "now", "fail"))
            writer.write(masked(f'42{random.randrange(99)}["{name}",{{"a":1}}]'.encode()))
        await asyncio.sleep(random.random() * 0.01)
        cut(writer)

    for _ in range(30):
        await asyncio.gather(*(one() for _ in range(100)))
    found = await victim.quiet()
    assert found["opened"] >= 3000
    assert found["Connection"] <= 2


async def test_pollers_that_abort_at_every_moment_leave_nothing(victim: Victim) -> None:
    async def request(text: str, body: bytes = b"", *, wait: bool = True, part: float = 1.0) -> bytes:
        reader, writer = await victim.connect()
        head = f"{text} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        writer.write(head + body[: int(len(body) * part)])
        answer = b""
        if wait:
            async with asyncio.timeout(DEADLINE_S):
                answer = await reader.readuntil(b"\r\n\r\n") + await reader.read(4096)
        cut(writer)
        return answer

    async def one() -> None:
        path = "/socket.io/?EIO=4&transport=polling"
        answer = await request(f"GET {path}")
        sid = json.loads(answer.partition(b"\r\n\r\n")[2][1:])["sid"]
        path += f"&sid={sid}"
        await request(f"POST {path}", b"40")
        await request(f"GET {path}", wait=random.random() < 0.5)
        await request(f"POST {path}", b'42["late",1]', wait=False, part=random.random())
        await request(f"GET {path}", wait=False)
        await request(f"POST {path}", b"1", wait=random.random() < 0.5)

    for _ in range(10):
        await asyncio.gather(*(one() for _ in range(50)))
    found = await victim.quiet()
    assert found["Answer"] == 0
    assert found["Poller"] == 0


async def test_fuzzed_frames_close_their_own_connection_only(victim: Victim) -> None:
    seeds = [
        b'42["now",{"a":[1,2,{"b":"c"}]}]',
        b'451-["now",{"_placeholder":true,"num":0}]',
        b"40/x,{}",
        b"431[1]",
        b"41",
        b"2probe",
        b"3",
        b"5",
        b'42["now"' + b"[" * 2000,
        b'42[{"a":1}]',
        b"42[[]]",
        b"42[]",
        b"42" + b"9" * 200 + b'["now"]',
        b'45999999999999-["now"]',
        b"40" + b'{"pid":{"a":1},"offset":[]}',
        b"\xff\xfe\xfd",
        b"",
    ]

    async def one() -> None:
        _, writer = await victim.websocket()
        writer.write(masked(b"40"))
        for _ in range(5):
            data = bytearray(random.choice(seeds))
            for _ in range(random.randrange(3)):
                if data:
                    data[random.randrange(len(data))] = random.randrange(256)
            frame = masked(
                bytes(data), opcode=random.choice((1, 1, 1, 2, 0, 9, 3)), fin=random.choice((0x80, 0x80, 0))
            )
            if random.random() < 0.1:
                frame = os.urandom(50)
            writer.write(frame)
        await asyncio.sleep(random.random() * 0.01)
        cut(writer)

    for _ in range(20):
        await asyncio.gather(*(one() for _ in range(50)))
    found = await victim.quiet()
    assert found["protocol_errors"] > 50


async def test_1000_half_finished_upgrades_and_slow_handshakes_cost_nobody_else(victim: Victim) -> None:
    open_writers = []
    for number in range(1000):
        _, writer = await victim.connect()
        writer.write(UPGRADE[: 1 + number % (len(UPGRADE) - 1)])
        open_writers.append(writer)
    found = await victim.figures()
    assert found["connections"] == 1
    for writer in open_writers:
        cut(writer)
    await victim.quiet()


async def test_hostile_http_is_answered_or_cut(victim: Victim) -> None:
    requests = [
        b"GET /socket.io/?EIO=4&transport=polling&sid=" + b"x" * 3000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\n" + b"A: b\r\n" * 500 + b"\r\n",
        b"NONSENSE\r\n\r\n",
        os.urandom(500),
        b"GET /%00%ff/../socket.io/ HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\nOrigin: \x00\xff\r\n\r\n",
    ]
    for text in requests:
        _, writer = await victim.connect()
        writer.write(text)
        await asyncio.sleep(0.01)
        cut(writer)
    await victim.quiet()


@pytest.mark.parametrize("victim", [{"recovery_window": None}], indirect=True)
async def test_connects_and_disconnects_in_a_row_do_not_leak(victim: Victim) -> None:
    async def one() -> None:
        reader, writer = await victim.websocket()
        async with asyncio.timeout(DEADLINE_S):
            writer.write(masked(b"40"))
            await reader.readuntil(b"40{")
            writer.write(masked(b'421["now",1]'))
            await reader.readuntil(b"431[1]")
        cut(writer)

    async def many(count: int) -> int:
        for _ in range(count // 100):
            await asyncio.gather(*(one() for _ in range(100)))
        await asyncio.sleep(0)
        return (await victim.quiet())["rss_kb"]

    await many(4000)
    before = await many(2000)
    after = await many(4000)
    assert after - before < 3000, f"{before} kB, after 4,000 more connections {after} kB"


@pytest.mark.parametrize("victim", [{"recovery_window": None, "ping_interval": 60}], indirect=True)
async def test_many_messages_do_not_leak(victim: Victim) -> None:
    async def one(count: int) -> None:
        reader, writer = await victim.websocket()
        async with asyncio.timeout(DEADLINE_S):
            writer.write(masked(b"40"))
            await reader.readuntil(b"40{")
            for _ in range(count // 50):
                writer.write(masked(b'421["now",{"a":1}]') * 49 + masked(b'422["now",{"a":1}]'))
                await reader.readuntil(b"432[")
        cut(writer)

    await asyncio.gather(*(one(1000) for _ in range(10)))
    before = (await victim.quiet())["rss_kb"]
    await asyncio.gather(*(one(4000) for _ in range(10)))
    after = (await victim.quiet())["rss_kb"]
    assert after - before < 6000, f"{before} kB, after 40,000 more messages {after} kB"


async def test_idle_server_costs_next_to_nothing(victim: Victim) -> None:
    async with victim.asking() as ask:
        await ask("counters")
        before = victim.cpu_s()
        await asyncio.sleep(2)  # what it costs to do nothing takes its time
        assert victim.cpu_s() - before < 0.1  # 5 % of a core, on a machine that is busy with others
