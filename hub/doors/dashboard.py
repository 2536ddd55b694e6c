"""The dashboard's files, and how an admin signs in to it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from aiohttp import web
from yarl import URL

from hub.auth import Authenticator
from hub.config import Settings
from hub.doors.http import NO_STORE, json_answer, json_object
from hub.signing import DashboardLinks
from services.base import rfc3339
from services.errors import ValidationFailed
from services.models import Role
from services.ports import Records

ADMIN: Final = "admin_001"
SESSION: Final = timedelta(hours=12)
_HOST: Final = re.compile(r"[A-Za-z0-9.-]+|[0-9A-Fa-f:.]+")


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the doors are, for pages: as set, else the request's host with the two ports."""

    settings: Settings
    socket_port: Callable[[], int]
    rest_port: Callable[[], int]

    def of(self, request: web.Request) -> dict[str, str]:
        return {
            "socket_url": self.settings.public_socket_url or self._here(request, self.socket_port()),
            "rest_url": self.settings.public_rest_url or self._here(request, self.rest_port()),
        }

    def _here(self, request: web.Request, port: int) -> str:
        host = request.url.host or ""
        safe = host if _HOST.fullmatch(host) else "127.0.0.1"  # it goes into a header of ours
        return str(URL.build(scheme=request.scheme, host=safe, port=port)).rstrip("/")

    def policy(self, request: web.Request) -> str:
        """The Content-Security-Policy of our pages: our own files, and the two doors."""
        socket = URL(self.of(request)["socket_url"]).origin()
        live = socket.with_scheme("wss" if socket.scheme == "https" else "ws")
        return (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
            f"font-src 'self'; manifest-src 'self'; worker-src 'self'; connect-src 'self' {socket} {live}; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )


class DashboardDoor:
    """`/`, `/static/...`, `/dashboard/config.json` and `/auth/link`."""

    def __init__(
        self,
        addresses: Addresses,
        records: Records,
        authenticator: Authenticator,
        links: DashboardLinks,
    ) -> None:
        self._addresses = addresses
        self._records = records
        self._authenticator = authenticator
        self._links = links
        self._files = _pages()

    def add_to(self, application: web.Application) -> None:
        application.router.add_get("/", self._page)
        application.router.add_get("/dashboard/config.json", self._config)
        application.router.add_post("/auth/link", self._sign_in)
        application.router.add_static("/static/", self._files / "static")

    async def _page(self, request: web.Request) -> web.StreamResponse:
        page = self._files / "index.html"
        if not page.exists():
            raise web.HTTPNotFound
        headers = {
            "Content-Security-Policy": self._addresses.policy(request),
            "Cache-Control": "no-cache",
            "Referrer-Policy": "no-referrer",
        }
        return web.FileResponse(page, headers=headers)

    async def _config(self, request: web.Request) -> web.Response:
        return json_answer(self._addresses.of(request))

    async def _sign_in(self, request: web.Request) -> web.Response:
        """Exchange a link for an admin's token; each link works once."""
        link = (await json_object(request)).get("link")
        if not isinstance(link, str):
            raise ValidationFailed([{"path": "link", "message": "should be text"}])
        await self._links.use(link, self._records)
        token, expires_at = self._authenticator.issue(ADMIN, Role.ADMIN, ttl=SESSION, name="Dashboard")
        said = {"token": token, "expires_at": rfc3339(expires_at), **self._addresses.of(request)}
        return json_answer(said, headers=NO_STORE)


def _pages() -> Path:
    """The folder of `web_dashboard`, which is files and no code."""
    spec = find_spec("web_dashboard")
    places = list(spec.submodule_search_locations or ()) if spec else []
    return Path(places[0]) if places else Path("web_dashboard")
