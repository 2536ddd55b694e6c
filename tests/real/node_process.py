"""A node of the engine in its own process, to be killed: `python -m tests.real.node_process REDIS PREFIX`."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from hub.engine import Server
from hub.engine.cluster import Bus, ClusterRooms
from hub.stores.redis_client import open_redis


async def main(url: str, prefix: str, host: str = "127.0.0.1") -> None:
    """Serve until killed; prints the port."""
    async with open_redis(url, name="node") as client:

        async def connect() -> Any:
            return client

        server = Server(client_manager=ClusterRooms(Bus(connect, prefix=prefix)), recovery_window=20)

        @server.event
        async def join(sid: str, room: str) -> bool:
            await server.enter_room(sid, room)
            return True

        @server.event
        async def say(sid: str, room: str, value: Any) -> bool:
            await server.emit("said", value, room=room)
            return True

        print(await server.listen(host, 0), flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
