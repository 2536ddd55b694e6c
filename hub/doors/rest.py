"""The REST door: every operation that has a route, as that route."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from hub.auth import Authenticator
from hub.dispatch import Dispatcher, Request
from hub.doors.http import NO_STORE, Handler, bearer, json_answer, problem
from hub.operations import Operation, Registry
from hub.outcome import Outcome
from hub.payloads import JsonPayload, Payload, TextPayload
from services.answers import Image

KEY_HEADER: Final = "Idempotency-Key"


class RestDoor:
    """Turns requests into operations and outcomes into answers."""

    def __init__(self, registry: Registry, dispatcher: Dispatcher, authenticator: Authenticator) -> None:
        self._registry = registry
        self._dispatcher = dispatcher
        self._authenticator = authenticator

    def add_to(self, application: web.Application) -> None:
        for operation in self._registry:
            if operation.rest is not None:
                method, path = operation.rest
                route = self._route(operation)
                if method == "GET":
                    application.router.add_get(path, route)
                else:
                    application.router.add_route(method, path, route)

    def _route(self, operation: Operation) -> Handler:
        async def serve(request: web.Request) -> web.StreamResponse:
            identity = bearer(request, self._authenticator)
            call = Request(identity, await _payload(request), request_id=request.headers.get(KEY_HEADER))
            return _answer(operation, await self._dispatcher.run(operation, call))

        return serve


async def _payload(request: web.Request) -> Payload:
    """The event's fields: path and query of a GET; path and body, else query, of anything else."""
    parameters = dict(request.match_info)
    body = await request.read()
    if request.method in ("GET", "HEAD") or (not body and request.query):
        return TextPayload({**request.query, **parameters})
    return JsonPayload(body, parameters)


def _answer(operation: Operation, outcome: Outcome) -> web.StreamResponse:
    if outcome.refusal is not None:
        return problem(outcome.refusal, replayed=outcome.replayed)
    headers = {**NO_STORE, **({"Idempotency-Replayed": "true"} if outcome.replayed else {})}
    if operation.answer_type is Image:
        kind, image = outcome.data["content_type"], outcome.data["image"]
        return web.Response(body=image, content_type=kind, headers=headers)
    return json_answer(outcome.data, headers=headers)
