"""The server under test in a process of its own: `python -m benchmarks.engine.servers hub 5000`."""

from __future__ import annotations

import asyncio
import gc
import sys
from typing import Any

NEWS = {
    "id": "01J9ZK7Q0000000000000000",
    "station_id": "station_001",
    "lat": 12.9716,
    "lng": 77.5946,
    "version": 7,
    "soc": 83.5,
}


def handlers(server: Any, count: Any) -> None:
    """The same handlers for each Python server; Node's are in peers/node.js."""
    tasks: dict[str, asyncio.Task[None]] = {}

    async def connect(sid: str, _environ: Any, _auth: Any = None) -> None:
        await server.enter_room(sid, "room")
        await server.enter_room(sid, f"user:{sid}")

    async def echo(_sid: str, value: Any) -> Any:
        return value

    async def burst(_sid: str, times: int) -> None:
        for _ in range(times):
            await server.emit("news", NEWS, room="room")

    async def paced(per_second: float, **how: Any) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            await server.emit("news", NEWS, room="room", **how)
            due += 1 / per_second
            await asyncio.sleep(max(0.0, due - loop.time()))

    async def pace(_sid: str, per_second: float, telemetry: bool = False) -> None:
        if "pace" in tasks:
            tasks.pop("pace").cancel()
        if per_second > 0:
            how = {"droppable": True} if telemetry else {}
            tasks["pace"] = asyncio.create_task(paced(per_second, **how))

    async def size(_sid: str) -> int:
        return int(count())

    for function in (connect, echo, burst, pace, size):
        server.on(function.__name__, function)


async def serve_hub(port: int, recovery: bool) -> None:
    """Ours."""
    from hub.engine import Server

    server = Server(recovery_window=120 if recovery else None, telemetry_window=0.1)
    handlers(server, lambda: server.stats()["connections"])
    await server.listen("127.0.0.1", port)
    gc.freeze()
    print("ready", flush=True)
    await asyncio.Event().wait()


async def serve_node(port: int, redis: str, prefix: str) -> None:
    """Ours, one of several nodes."""
    from hub.engine import Server
    from hub.engine.cluster import Bus, ClusterRooms
    from hub.stores.redis_client import open_redis

    async with open_redis(redis, name="bench") as client:

        async def connect() -> Any:
            return client

        server = Server(client_manager=ClusterRooms(Bus(connect, prefix=prefix)), recovery_window=120)
        handlers(server, lambda: server.stats()["connections"])

        async def flood(_sid: str, room: str, times: int) -> int:
            await asyncio.gather(*(server.emit("news", NEWS, room=room) for _ in range(times)))
            return times

        async def join(sid: str, room: str) -> bool:
            await server.enter_room(sid, room)
            return True

        server.on("flood", flood)
        server.on("join", join)
        await server.listen("127.0.0.1", port)
        print("ready", flush=True)
        await asyncio.Event().wait()


def serve_uvicorn(port: int) -> None:
    """python-socketio on uvicorn, per-message deflate off."""
    import socketio
    import uvicorn

    server = socketio.AsyncServer(async_mode="asgi")
    handlers(server, lambda: len(server.eio.sockets))
    application = socketio.ASGIApp(server, on_startup=lambda: print("ready", flush=True))
    uvicorn.run(
        application, port=port, log_level="error", ws="websockets", ws_per_message_deflate=False, backlog=8192
    )


if __name__ == "__main__":
    kind, port = sys.argv[1], int(sys.argv[2])
    if kind == "node":
        asyncio.run(serve_node(port, *sys.argv[3:]))
    elif kind == "hub":
        asyncio.run(serve_hub(port, recovery="recovery" in sys.argv[3:]))
    else:
        serve_uvicorn(port)
