"""The answer of an operation, in the one form that both doors send."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from math import ceil
from typing import Any, Final

from services.errors import ErrorCode, HubError, RateLimited, ValidationFailed

STATUS: Final = {
    ErrorCode.VALIDATION_FAILED: 422,
    ErrorCode.UNAUTHENTICATED: 401,
    ErrorCode.FORBIDDEN: 403,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.RATE_LIMITED: 429,
    ErrorCode.PAYLOAD_TOO_LARGE: 413,
    ErrorCode.UNAVAILABLE: 503,
    ErrorCode.INTERNAL: 500,
}
CONFLICT: Final = 409  # every other code: the state does not allow it
INTERNAL_MESSAGE: Final = "Something went wrong on our side. Tell us the incident's id."


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why not: a code, a sentence, and what helps."""

    code: ErrorCode
    message: str
    details: Any = None
    retry_after: int | None = None

    @classmethod
    def of(cls, error: HubError) -> Refusal:
        details: Any = {key: _plain(value) for key, value in error.details.items()} or None
        if isinstance(error, ValidationFailed):
            details = error.problems
        wait = max(1, ceil(error.retry_after)) if isinstance(error, RateLimited) else None
        return cls(error.code, error.message, details, wait)

    @classmethod
    def internal(cls, incident: str) -> Refusal:
        return cls(ErrorCode.INTERNAL, INTERNAL_MESSAGE, {"incident": incident})

    @property
    def status(self) -> int:
        return STATUS.get(self.code, CONFLICT)

    def as_dict(self) -> dict[str, Any]:
        """As the `error` of an acknowledgement."""
        said: dict[str, Any] = {"code": self.code.value, "message": self.message}
        if self.details is not None:
            said["details"] = self.details
        if self.retry_after is not None:
            said["retry_after"] = self.retry_after
        return said


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value


@dataclass(frozen=True, slots=True)
class Outcome:
    """`data` in JSON's types (a picture's bytes apart), or a refusal; `replayed`: the first answer again."""

    data: Any = None
    refusal: Refusal | None = None
    replayed: bool = False

    @property
    def label(self) -> str:
        """`ok`, or the code: of a closed set."""
        return "ok" if self.refusal is None else self.refusal.code.value

    def ack(self) -> dict[str, Any]:
        """As the one argument of an acknowledgement."""
        said: dict[str, Any]
        if self.refusal is None:
            said = {"ok": True, "data": self.data}
        else:
            said = {"ok": False, "error": self.refusal.as_dict()}
        if self.replayed:
            said["replayed"] = True
        return said
