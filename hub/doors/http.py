"""What every REST answer has in common: JSON, problems, who calls."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any, Final

import orjson
from aiohttp import web

from hub.auth import Authenticator
from hub.logs import logger
from hub.operations import Identity
from hub.outcome import Refusal
from services.errors import ErrorCode, HubError, NotFound, PayloadTooLarge, Unauthenticated, ValidationFailed

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

PROBLEM_JSON: Final = "application/problem+json"
NO_STORE: Final = {"Cache-Control": "no-store"}
LONGEST_PATH: Final = 200  # characters of a path that an answer repeats

_log = logger("hub.rest")


def json_answer(data: Any, *, status: int = 200, headers: Mapping[str, str] = NO_STORE) -> web.Response:
    return web.Response(
        body=orjson.dumps(data), status=status, content_type="application/json", headers=headers
    )


def problem(refusal: Refusal, *, replayed: bool = False, status: int | None = None) -> web.Response:
    """A refusal as RFC 9457 has it, with our code, details and retry_after."""
    http = HTTPStatus(status or refusal.status)
    headers = dict(NO_STORE)
    if refusal.retry_after is not None:
        headers["Retry-After"] = str(refusal.retry_after)
    if replayed:
        headers["Idempotency-Replayed"] = "true"
    if http is HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    said = refusal.as_dict()
    body = {
        "type": "about:blank",
        "title": http.phrase,
        "status": http.value,
        "detail": said.pop("message"),
        **said,
    }
    return web.Response(body=orjson.dumps(body), status=http, headers=headers, content_type=PROBLEM_JSON)


def bearer(request: web.Request, authenticator: Authenticator) -> Identity:
    """The caller of a request. Raises Unauthenticated."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthenticated
    return authenticator.verify(token.strip())


async def json_object(request: web.Request) -> dict[str, Any]:
    """A body that is an object. Raises ValidationFailed."""
    try:
        value = orjson.loads(await request.read())
    except ValueError as error:
        raise ValidationFailed([{"path": "", "message": "is not JSON"}]) from error
    if not isinstance(value, dict):
        raise ValidationFailed([{"path": "", "message": "should be an object"}])
    return value


async def stamp(request: web.Request, response: web.StreamResponse) -> None:
    """Headers of every answer: nothing is sniffed, files are asked about, versions are not told."""
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Server"] = "navswap"
    if request.path.startswith("/static/"):
        response.headers.setdefault("Cache-Control", "no-cache")


def problems(ids: Callable[[], str]) -> Any:
    """A middleware: every failure of the door itself has the form that operations' refusals have."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except HubError as error:
            return problem(Refusal.of(error))
        except web.HTTPException as error:
            return _of_aiohttp(error, request)
        except Exception:
            incident = ids()
            _log.exception("request failed", path=request.path, incident=incident)
            return problem(Refusal.internal(incident))

    return middleware


def _of_aiohttp(error: web.HTTPException, request: web.Request) -> web.StreamResponse:
    path = request.path[:LONGEST_PATH]
    if error.status < HTTPStatus.BAD_REQUEST:
        raise error
    if isinstance(error, web.HTTPRequestEntityTooLarge):
        return problem(Refusal.of(PayloadTooLarge()))
    if isinstance(error, web.HTTPMethodNotAllowed):
        said = Refusal(ErrorCode.NOT_FOUND, f"{request.method} is not possible here.", {"path": path})
        answer = problem(said, status=error.status)
        answer.headers["Allow"] = ", ".join(sorted(error.allowed_methods))
        return answer
    if isinstance(error, web.HTTPNotFound):
        return problem(Refusal.of(NotFound(path=path)))
    refusal = Refusal(ErrorCode.VALIDATION_FAILED, "The request cannot be read.")
    return problem(refusal, status=error.status)
