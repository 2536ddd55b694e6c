"""An HTTP request, copied out of the native one while that is valid: URL, headers, address."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from hub.engine.native import HTTP, Native
from hub.engine.proxies import Proxies


class Request:
    """Kept for the life of its connection, so kept small: headers as one string, the rest on demand."""

    __slots__ = ("_environ", "_head", "_size", "address", "method", "url")

    def __init__(self, method: str, url: str, head: str, address: str) -> None:
        self.method = method
        self.url = url
        self.address = address
        self._head = head  # "name: value" lines, names in lower case
        self._environ: dict[str, Any] | None = None
        self._size = 0

    @property
    def headers(self) -> list[tuple[str, str]]:
        """Names in lower case, and values."""
        pairs = (line.partition(": ") for line in self._head.split("\n") if line)
        return [(name, value) for name, _, value in pairs]

    @property
    def query(self) -> dict[str, str]:
        """The last value of each name in the query string."""
        return dict(parse_qsl(self.query_string, keep_blank_values=True))

    @property
    def query_string(self) -> str:
        """What follows the question mark."""
        return self.url.partition("?")[2]

    def header(self, name: str) -> str | None:
        """A header by its lower-case name; the first, should there be several."""
        start = f"\n{self._head}".find(f"\n{name}: ")
        if start < 0:
            return None
        start += len(name) + 2
        end = self._head.find("\n", start)
        return self._head[start:end] if end >= 0 else self._head[start:]

    @property
    def environ(self) -> dict[str, Any]:
        """The WSGI environment that connect handlers get; made once somebody asks."""
        if self._environ is None:
            self._environ = self._make_environ()
            self._size = len(self._environ)
        return self._environ

    def forget_environ(self) -> None:
        """Give its memory back if nobody added to it; it can be made again."""
        if self._environ is not None and len(self._environ) == self._size:
            self._environ = None

    def _make_environ(self) -> dict[str, Any]:
        environ: dict[str, Any] = {
            "REQUEST_METHOD": self.method,
            "PATH_INFO": self.url.partition("?")[0],
            "SCRIPT_NAME": "",
            "QUERY_STRING": self.query_string,
            "RAW_URI": self.url,
            "SERVER_PROTOCOL": "HTTP/1.1",
            "SERVER_SOFTWARE": "uWebSockets",
            "SERVER_NAME": "hub.engine",
            "SERVER_PORT": "0",
            "REMOTE_ADDR": self.address,
            "REMOTE_PORT": "0",
            "wsgi.url_scheme": self.header("x-forwarded-proto") or "http",
            "wsgi.version": (1, 0),
            "wsgi.async": True,
            "wsgi.multithread": False,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in self.headers:
            key = name.upper().replace("-", "_")
            if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
                key = f"HTTP_{key}"
            environ[key] = f"{environ[key]},{value}" if key in environ else value
        return environ


class RequestReader:
    """Copies requests; valid only inside the native callback that hands them over."""

    def __init__(self, native: Native, proxies: Proxies) -> None:
        self._ffi, self._lib = native.ffi, native.lib
        self._proxies = proxies
        self._text = native.ffi.new("const char **")
        self._headers: list[str] = []
        self._on_header = native.ffi.callback(
            "void(const char *, size_t, const char *, size_t, void *)", self._header
        )

    def read(self, res: Any, req: Any) -> Request:
        """Everything of a request. The full URL comes first: reading the query by key would ruin it."""
        lib, text = self._lib, self._text
        url = self._string(lib.uws_req_get_full_url(req, text))
        method = self._string(lib.uws_req_get_method(req, text)).upper()
        address = self._string(lib.uws_res_get_remote_address_as_text(HTTP, res, text))
        self._headers.clear()
        lib.uws_req_for_each_header(req, self._on_header, self._ffi.NULL)
        request = Request(method, url, "\n".join(self._headers), _plain(address))
        request.address = self._proxies.client(request.address, request.header("x-forwarded-for"))
        return request

    def header(self, req: Any, name: bytes) -> bytes:
        """One header as bytes, empty when absent."""
        length = self._lib.uws_req_get_header(req, name, len(name), self._text)
        return bytes(self._ffi.unpack(self._text[0], length)) if length else b""

    def _string(self, length: int) -> str:
        return self._ffi.unpack(self._text[0], length).decode("latin-1") if length else ""

    def _header(self, name: Any, name_length: int, value: Any, value_length: int, _data: Any) -> None:
        unpack = self._ffi.unpack
        text = unpack(value, value_length).decode("latin-1") if value_length else ""
        text = text.replace("\n", " ")  # a bare line feed must not look like another header
        self._headers.append(f"{unpack(name, name_length).decode('latin-1')}: {text}")


def _plain(address: str) -> str:
    """An IPv4 address that came over an IPv6 socket, as IPv4: what logs and limits expect."""
    mapped = "0000:0000:0000:0000:0000:ffff:"
    if not address.startswith(mapped):
        return address
    digits = address.removeprefix(mapped).replace(":", "")
    return ".".join(str(int(digits[i : i + 2], 16)) for i in range(0, 8, 2))
