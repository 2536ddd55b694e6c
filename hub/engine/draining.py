"""Leaving without a storm: clients are told when they will be closed, and closed one after the other."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Final

from hub.engine.connection import Connection

if TYPE_CHECKING:
    from hub.engine.server import Server

RESTART: Final = 1012  # the close code: the service restarts, come back
_STEP_S: Final = 0.05


async def drain(server: Server, seconds: float) -> None:
    """Close every connection within `seconds`, evenly, each when its handlers are done."""
    connections = list(server.eio.sockets.values())
    random.shuffle(connections)
    loop = asyncio.get_running_loop()
    begin = loop.time()
    due = [(seconds * index / max(1, len(connections)), each) for index, each in enumerate(connections)]
    await _announce(server, due)
    async with asyncio.TaskGroup() as finishing:
        for wait_s, connection in due:
            if (ahead := begin + wait_s - loop.time()) > _STEP_S:
                await asyncio.sleep(ahead)
            finishing.create_task(_finish(server, connection, begin + seconds - loop.time()))


async def _announce(server: Server, due: list[tuple[float, Connection]]) -> None:
    name = server.eio.options.drain_event
    if name is None:
        return
    for wait_s, connection in due:
        for client in list(connection.clients.values()):
            told = {"closes_in_seconds": round(wait_s, 3)}
            await server.emit(name, told, to=client.sid, namespace=client.namespace, droppable=True)


async def _finish(server: Server, connection: Connection, patience_s: float) -> None:
    """Let what runs for this connection end, within reason, then close it."""
    clients = connection.clients.values()
    running = [task for client in clients for task in server.dispatcher.running(client)]
    if running and patience_s > 0:
        await asyncio.wait(running, timeout=patience_s)
    connection.close("server shutting down", RESTART, b"restart")
