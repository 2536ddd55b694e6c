"""Ids and nonces."""

from __future__ import annotations

import secrets
from typing import Final

from uuid_utils import uuid7

NONCE_BYTES: Final = 18  # 144 bits


class SortableIds:
    """UUIDs of version 7 as text: each is greater than the one before, also when the clock steps back."""

    def __init__(self) -> None:
        self._last = ""

    def __call__(self) -> str:
        made = str(uuid7())
        if made <= self._last:
            made = _next(self._last)
        self._last = made
        return made


def _next(last: str) -> str:
    number = f"{int(last.replace('-', ''), 16) + 1:032x}"
    return "-".join((number[:8], number[8:12], number[12:16], number[16:20], number[20:]))


def nonce() -> str:
    """An unguessable string, safe in URLs."""
    return secrets.token_urlsafe(NONCE_BYTES)
