"""A server of its own process for the rough tests: prints its port, serves until its input ends."""

from __future__ import annotations

import asyncio
import faulthandler
import gc
import json
import random
import sys
from typing import Any

from hub.engine import Server


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

    async def figures(_sid: str) -> dict[str, int]:
        gc.collect()
        with open("/proc/self/statm") as file:  # noqa: ASYNC230, PTH123 - a test's own look at itself
            pages = int(file.read().split()[1])
        kinds = [type(found).__name__ for found in gc.get_objects()]
        counted = {kind: kinds.count(kind) for kind in ("Client", "Connection", "Poller", "Answer", "Room")}
        return {**server.stats(), **counted, "rss_kb": pages * 4}

    for function in (connect, late, now, fail, disconnect, figures):
        server.on(function.__name__, function)


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
