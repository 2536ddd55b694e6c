"""A server of its own process for the rough tests: prints its port, serves until its input ends."""

from __future__ import annotations

import asyncio
import faulthandler
import gc
import json
import random
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from hub.engine import Server

KINDS = ("Client", "Connection", "Poller", "Answer", "Room", "Lanes", "Session", "Entry", "Outgoing")


def prepare(server: Server) -> None:
    """Handlers that answer late, in loops, to clients that are long gone."""

    async def connect(sid: str, _environ: Any, _auth: Any = None) -> None:
        await server.enter_room(sid, f"room{random.randrange(20)}")
        await asyncio.sleep(random.choice((0, 0, 0.01)))
        await server.emit("hello", {"sid": sid}, to=sid)

    async def late(sid: str, *args: Any) -> Any:
        for _ in range(5):
            await asyncio.sleep(random.random() * 0.02)
            await server.emit("to", [1, b"x"], to=sid)
            await server.emit("all", 1, room=f"room{random.randrange(20)}", skip_sid=sid)
            await server.emit("gps", 1, droppable=True, conflate_key=sid)
        if random.random() < 0.1:
            await server.disconnect(sid)
        return args

    async def now(sid: str, *args: Any) -> Any:
        await server.emit("all", 2, room=f"room{random.randrange(20)}")
        await server.emit("to", 3, to=sid)
        return args

    async def fail(_sid: str, *_args: Any) -> None:
        await asyncio.sleep(0.001)
        raise ZeroDivisionError

    async def disconnect(sid: str, _reason: str) -> None:
        await asyncio.sleep(random.random() * 0.01)
        await server.emit("to", 4, to=sid)

    async def move(sid: str, enter: str, leave: str) -> None:
        await server.enter_room(sid, enter)
        await server.leave_room(sid, leave)

    async def broadcast(_sid: str, count: int) -> int:
        for number in range(count):
            await server.emit("state", {"number": number, "text": "x" * 100}, room=f"room{number % 20}")
            await server.emit("gps", number, droppable=True, conflate_key=number % 10)
            if number % 20 == 0:
                await asyncio.sleep(0)
        return count

    async def everybody(_sid: str, count: int) -> None:
        for number in range(count):
            await server.emit("state", [number, "x" * 300])
            if number % 10 == 0:
                await asyncio.sleep(0)
        await server.emit("round")

    async def flood(sid: str, count: int) -> None:
        for number in range(count):
            await server.emit("state", "x" * 2000, to=sid)
            await server.emit("gps", "y" * 500, to=sid, droppable=True, conflate_key=number % 10)
            await asyncio.sleep(0)
        await server.emit("flooded", to=sid)

    async def counters(_sid: str) -> dict[str, int]:
        return server.stats()

    async def figures(_sid: str) -> dict[str, int]:
        return {**server.stats(), **_objects(server)}

    for function in (
        connect,
        late,
        now,
        fail,
        disconnect,
        move,
        broadcast,
        everybody,
        flood,
        counters,
        figures,
    ):
        server.on(function.__name__, function)


def _objects(server: Server) -> dict[str, int]:
    """What is alive in this process, the caller's own connection included."""
    gc.collect()
    kinds = Counter(type(found).__name__ for found in gc.get_objects())
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return {
        **{kind: kinds[kind] for kind in KINDS},
        "native_sockets": len(server._listener.websockets._open) if server._listener else 0,
        "descriptors": len(list(Path("/proc/self/fd").iterdir())),
        "tasks": len(asyncio.all_tasks()),
        "rss_kb": pages * 4,
    }


async def main() -> None:
    options = {"ping_interval": 2, "ping_timeout": 2, "connect_timeout": 2, "max_http_buffer_size": 100_000}
    server = Server(**{**options, "recovery_window": 2, **json.loads(sys.argv[1])})
    prepare(server)
    print(await server.listen("127.0.0.1", 0), flush=True)
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(None, sys.stdin.read)
    await server.close()
    print("closed", flush=True)


if __name__ == "__main__":
    faulthandler.enable()
    asyncio.run(main())
