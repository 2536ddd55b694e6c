"""The cookie that lets a load balancer send a polling session to its process."""

from __future__ import annotations

from typing import Any

from hub.engine.cors import Headers

_DEFAULTS: dict[str, Any] = {"path": "/", "SameSite": "Lax"}


def sid_cookie(cookie: str | dict[str, Any] | None, sid: str) -> Headers:
    """The Set-Cookie header, as python-engineio makes it: a name, or a name and attributes."""
    if not cookie:
        return []
    attributes = dict(cookie) if isinstance(cookie, dict) else {"name": cookie, **_DEFAULTS}
    parts = [f"{attributes.pop('name', 'io')}={sid}"]
    for name, value in attributes.items():
        found = value() if callable(value) else value
        parts.append(name if found is True else f"{name}={found}")
    return [("Set-Cookie", "; ".join(parts))]
