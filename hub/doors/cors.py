"""Which pages of other origins may call, through either door."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web
from yarl import URL

from hub.doors.http import Handler

METHODS: Final = "GET, POST, PUT, PATCH, DELETE"
HEADERS: Final = "Authorization, Content-Type, Idempotency-Key"
EXPOSED: Final = "Idempotency-Replayed, Retry-After"
REMEMBER_S: Final = "600"


@dataclass(frozen=True, slots=True)
class Origins:
    """The allowed ones, and always the dashboard's own."""

    allowed: frozenset[str]
    public_rest_url: str | None
    rest_port: Callable[[], int]

    def may(self, origin: str, host: str) -> bool:
        """May a page of `origin` call what it reached as `host` (a Host header)?"""
        return "*" in self.allowed or origin in self.allowed or self._is_dashboard(origin, host)

    def _is_dashboard(self, origin: str, host: str) -> bool:
        try:
            asking, here = URL(origin), URL(f"//{host}")
            public = URL(self.public_rest_url).origin() if self.public_rest_url else None
        except ValueError:
            return False
        if public is not None and asking == public:
            return True
        return asking.host is not None and asking.host == here.host and asking.port == self.rest_port()

    def of_socket(self, origin: str | None, environ: dict[str, Any]) -> bool:
        """As the engine asks; python-engineio also asks about requests that have no origin."""
        return origin is not None and self.may(origin, str(environ.get("HTTP_HOST", "")))


def cors(origins: Origins) -> Any:
    """A middleware that tells browsers so."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        origin = request.headers.get("Origin")
        if origin is None or not origins.may(origin, request.headers.get("Host", "")):
            return await handler(request)
        preflight = request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
        answer = web.Response(status=204) if preflight else await handler(request)
        answer.headers["Access-Control-Allow-Origin"] = origin
        answer.headers["Vary"] = "Origin"
        answer.headers["Access-Control-Expose-Headers"] = EXPOSED
        if preflight:
            answer.headers["Access-Control-Allow-Methods"] = METHODS
            answer.headers["Access-Control-Allow-Headers"] = HEADERS
            answer.headers["Access-Control-Max-Age"] = REMEMBER_S
        return answer

    return middleware
