"""Docs from code: OpenAPI, AsyncAPI, and a page to read them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

from aiohttp import web

from hub.doors import asyncapi, docs_page, openapi
from hub.doors.http import json_answer
from hub.operations import Registry

T = TypeVar("T")


class _Once(Generic[T]):
    """Made when it is first asked for, in a thread: a second of work that no start or socket waits for."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._making: asyncio.Task[T] | None = None

    async def get(self) -> T:
        if self._making is None:
            self._making = asyncio.create_task(asyncio.to_thread(self._make))
        return await asyncio.shield(self._making)


class DocsDoor:
    """`/openapi.json`, `/asyncapi.json`, `/docs`."""

    def __init__(self, registry: Registry) -> None:
        self._openapi = _Once(lambda: openapi.document(registry))
        self._asyncapi = _Once(lambda: asyncapi.document(registry))
        self._page = _Once(lambda: docs_page.render(registry))

    def add_to(self, application: web.Application) -> None:
        application.router.add_get("/openapi.json", self._serve_openapi)
        application.router.add_get("/asyncapi.json", self._serve_asyncapi)
        application.router.add_get("/docs", self._serve_page)

    async def _serve_openapi(self, request: web.Request) -> web.Response:
        return json_answer(await self._openapi.get())

    async def _serve_asyncapi(self, request: web.Request) -> web.Response:
        return json_answer(await self._asyncapi.get())

    async def _serve_page(self, request: web.Request) -> web.Response:
        headers = {"Content-Security-Policy": docs_page.POLICY}
        return web.Response(text=await self._page.get(), content_type="text/html", headers=headers)
