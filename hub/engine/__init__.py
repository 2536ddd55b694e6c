"""Engine.IO 4 and Socket.IO 5 on uWebSockets, as a drop-in `socketio.AsyncServer`.

    server = Server(cors_allowed_origins="*")
    port = await server.listen("127.0.0.1", 0)
    ...
    await server.close()

Where uWebSockets cannot run, `create_server("auto")` gives python-socketio's own server instead,
with the same surface.
"""

from hub.engine.connecting import RecoveryCheck
from hub.engine.dispatch import concurrent
from hub.engine.fallback import FallbackServer, create_server
from hub.engine.native import EngineUnavailable
from hub.engine.server import Server

__all__ = ["EngineUnavailable", "FallbackServer", "RecoveryCheck", "Server", "concurrent", "create_server"]
