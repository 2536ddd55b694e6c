"""Docs from code: OpenAPI, AsyncAPI, and a page to read them."""

from __future__ import annotations

from aiohttp import web

from hub.doors import asyncapi, docs_page, openapi
from hub.doors.http import json_answer
from hub.operations import Registry


class DocsDoor:
    """`/openapi.json`, `/asyncapi.json`, `/docs`; made once, at start."""

    def __init__(self, registry: Registry) -> None:
        self._openapi = openapi.document(registry)
        self._asyncapi = asyncapi.document(registry)
        self._page = docs_page.render(registry)

    def add_to(self, application: web.Application) -> None:
        application.router.add_get("/openapi.json", self._serve_openapi)
        application.router.add_get("/asyncapi.json", self._serve_asyncapi)
        application.router.add_get("/docs", self._serve_page)

    async def _serve_openapi(self, request: web.Request) -> web.Response:
        return json_answer(self._openapi)

    async def _serve_asyncapi(self, request: web.Request) -> web.Response:
        return json_answer(self._asyncapi)

    async def _serve_page(self, request: web.Request) -> web.Response:
        headers = {"Content-Security-Policy": docs_page.POLICY}
        return web.Response(text=self._page, content_type="text/html", headers=headers)
