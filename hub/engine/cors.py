"""Which origins may talk to the server, and the headers that tell a browser so."""

from __future__ import annotations

from hub.engine.options import Options
from hub.engine.request import Request

Headers = list[tuple[str, str]]


def origin_allowed(options: Options, request: Request) -> bool:
    """Check the Origin header; a request without one is not from a browser's page and may pass."""
    origin = request.header("origin")
    allowed = options.cors_allowed_origins
    if origin is None or allowed == [] or allowed == "*":
        return True
    if allowed is None:
        return origin in _own_origins(request)
    if callable(allowed):
        return _ask(options, origin, request)
    return origin == allowed if isinstance(allowed, str) else bool({"*", origin} & set(allowed))


def _ask(options: Options, origin: str, request: Request) -> bool:
    allowed = options.cors_allowed_origins
    if not callable(allowed):
        return False
    try:
        return bool(allowed(origin, request.environ))
    except TypeError:  # python-engineio's older form takes the origin alone
        return bool(allowed(origin))


def _own_origins(request: Request) -> set[str]:
    host = request.header("host") or ""
    scheme = (request.header("x-forwarded-proto") or "http").split(",")[0].strip()
    forwarded_host = (request.header("x-forwarded-host") or host).split(",")[0].strip()
    return {f"http://{host}", f"{scheme}://{host}", f"{scheme}://{forwarded_host}"}


def cors_headers(options: Options, request: Request) -> Headers:
    """The headers of an answer to `request`, none when CORS handling is off."""
    if options.cors_allowed_origins == []:
        return []
    headers: Headers = []
    origin = request.header("origin")
    if origin is not None and origin_allowed(options, request):
        headers += [("Access-Control-Allow-Origin", origin), ("Vary", "Origin")]
    if request.method == "OPTIONS":
        headers.append(("Access-Control-Allow-Methods", "OPTIONS, GET, POST"))
    if asked := request.header("access-control-request-headers"):
        headers.append(("Access-Control-Allow-Headers", asked))
    if options.cors_credentials:
        headers.append(("Access-Control-Allow-Credentials", "true"))
    return headers
