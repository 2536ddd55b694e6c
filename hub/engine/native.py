"""The native library: socketify's uWebSockets and the system's libuv, loaded once, or a clear error."""

from __future__ import annotations

import functools
from typing import Any, Final

TEXT: Final = 1
BINARY: Final = 2
BACKPRESSURE: Final = 0  # what a send answers: queued in user space
SUCCESS: Final = 1
DROPPED: Final = 2
_IPPROTO_TCP: Final = 6
_TCP_NOTSENT_LOWAT: Final = 25
_LOWAT_BYTES: Final = 2048
HTTP: Final = 0  # the `ssl` argument of every call: TLS ends in a proxy


class EngineUnavailable(RuntimeError):
    """socketify or libuv cannot be loaded here; the message says which and why."""


class Native:
    """`lib` and `ffi` of socketify, and the two calls of libuv it does not export."""

    __slots__ = ("_libc", "_lowat", "ffi", "lib", "null", "uv")

    def __init__(self, ffi: Any, lib: Any, uv: Any) -> None:
        self.ffi = ffi
        self.lib = lib
        self.uv = uv
        self.null = ffi.NULL
        self._libc, self._lowat = _load_libc()

    def keep_unsent_low(self, res: Any) -> None:
        """Let the kernel hold little that it has not sent, so that the waiting bytes are seen here.

        Without it a slow reader looks empty while the kernel holds half a megabyte for it.
        """
        handle = self.lib.uws_res_get_native_handle(HTTP, res)
        descriptor = int(self.ffi.cast("intptr_t", handle))
        self._libc.setsockopt(descriptor, _IPPROTO_TCP, _TCP_NOTSENT_LOWAT, self._lowat, 4)


@functools.cache
def load() -> Native:
    """Load both libraries; raises EngineUnavailable."""
    try:
        from socketify.native import ffi, lib
    except Exception as exc:  # it fails with OSError, ImportError or cffi's own, by platform
        raise EngineUnavailable(f"socketify cannot be loaded: {exc}") from exc
    return Native(ffi, lib, _load_libuv())


def _load_libuv() -> Any:
    import cffi  # type: ignore[import-untyped]

    ffi = cffi.FFI()
    ffi.cdef("int uv_backend_fd(const void *loop); int uv_backend_timeout(const void *loop);")
    try:
        return ffi.dlopen("libuv.so.1")
    except OSError as exc:
        raise EngineUnavailable(f"libuv cannot be loaded (package libuv1): {exc}") from exc


def _load_libc() -> tuple[Any, Any]:
    import cffi

    ffi = cffi.FFI()
    ffi.cdef("int setsockopt(int fd, int level, int name, const void *value, unsigned length);")
    return ffi.dlopen(None), ffi.new("int *", _LOWAT_BYTES)
