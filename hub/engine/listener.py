"""Listening sockets: several hosts, a free port, and never two servers on one port by mistake."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any, Final

from hub.engine.http import Answer
from hub.engine.native import HTTP
from hub.engine.polling import Polling
from hub.engine.protocol import Refusal
from hub.engine.websocket import WebSockets

if TYPE_CHECKING:
    from hub.engine.eio import Engine

_NOT_FOUND: Final = Refusal("404 Not Found", 3, "Not found")
_kept: list[Any] = []  # native apps live as long as the process, and so do their callbacks


class Listener:
    """The native app of one server and its listening sockets."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lib, self._ffi = engine.native.lib, engine.native.ffi
        self._sockets: list[Any] = []
        self._bound: Any = None
        self.app = self._lib.uws_create_app(HTTP, self._ffi.new("struct us_socket_context_options_t *")[0])
        if self._lib.uws_constructor_failed(HTTP, self.app):
            raise RuntimeError("uWebSockets could not make an app")
        self.websockets = WebSockets(engine)
        self.polling = Polling(engine)
        self._on_listen = self._ffi.callback("uws_listen_handler", self._listening)
        self._on_other = self._ffi.callback("uws_method_handler", self._nothing_here)
        self._register()
        _kept.append((self, self.app))

    def _register(self) -> None:
        pattern = self._engine.options.path.encode()
        for path in {pattern, pattern.rstrip(b"/")}:
            if path:
                self.websockets.register(self.app, path)
                self.polling.register(self.app, path)
        self._lib.uws_app_any(HTTP, self.app, b"/*", self._on_other, self._ffi.NULL)
        self._engine.outbox.app = self.app
        self._engine.end_socket = self.websockets.end

    def listen(self, host: str, port: int, *, reuse_port: bool) -> int:
        """Listen on one host; answers the port. Raises OSError when it is taken."""
        with _reserve(host, port, shared=reuse_port) as probe:
            port = port or int(probe.getsockname()[1])
            address = self._ffi.new("char[]", host.encode())
            config = self._ffi.new("uws_app_listen_config_t *")
            config.port, config.host, config.options = port, address, 0
            self._bound = None
            self._lib.uws_app_listen_with_config(HTTP, self.app, config[0], self._on_listen, self._ffi.NULL)
        if self._bound is None:
            raise OSError(f"cannot listen on {host}:{port}")
        self._sockets.append(self._bound)
        self._engine.native_loop.kick()
        return port

    def _listening(self, listen_socket: Any, _config: Any, _data: Any) -> None:
        self._bound = listen_socket if listen_socket != self._ffi.NULL else None

    def stop(self) -> None:
        """Refuse new connections from now on; those that are open stay."""
        sockets, self._sockets = self._sockets, []
        for listen_socket in sockets:
            self._lib.us_listen_socket_close(HTTP, listen_socket)
        self._engine.native_loop.kick()

    def _nothing_here(self, res: Any, _req: Any, _data: Any) -> None:
        Answer(self._engine.native, res).refuse(_NOT_FOUND, [])


def _reserve(host: str, port: int, *, shared: bool) -> socket.socket:
    """Bind the port, so that it is ours to listen on; raises OSError when somebody listens there.

    uWebSockets' exclusive mode would refuse a port that is merely in TIME_WAIT after a restart; its
    shared mode would let a second server, started by mistake, silently take half of the clients.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    probe = socket.socket(family, socket.SOCK_STREAM)
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        if shared or not port:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        probe.bind((host, port))
        if port and not shared:
            probe.listen(1)
            probe.close()
    except OSError as exc:
        probe.close()
        raise OSError(exc.errno, f"cannot listen on {host}:{port}: {exc.strerror}") from exc
    return probe


async def addresses(host: str | None) -> list[str]:
    """The numeric addresses a host name stands for; None is every interface, both families."""
    if host in (None, "", "::"):
        return ["::"] if socket.has_dualstack_ipv6() else ["0.0.0.0"]  # noqa: S104 - asked for by the caller
    if host == "localhost":  # whatever the hosts file says: clients may try either family
        return ["127.0.0.1", "::1"] if socket.has_dualstack_ipv6() else ["127.0.0.1"]
    infos = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(info[4][0]) for info in infos))
