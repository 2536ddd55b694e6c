"""What an operation answered, in one form for both doors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Error:
    code: str
    message: str
    details: Any = None
    retry_after: float | None = None


@dataclass(frozen=True)
class Answer:
    """An acknowledgement, or a REST answer: `status` and `headers` are REST's alone."""

    data: Any = None
    error: Error | None = None
    replayed: bool = False
    status: int | None = None
    headers: dict[str, str] | None = None

    @property
    def ok(self) -> bool:
        return self.error is None

    @property
    def code(self) -> str:
        """`ok`, or the error's code."""
        return "ok" if self.error is None else self.error.code

    @property
    def paths(self) -> list[str]:
        """Where a refused payload was wrong."""
        assert self.error
        return [problem["path"] for problem in self.error.details]

    @classmethod
    def of_ack(cls, ack: dict[str, Any]) -> Answer:
        assert set(ack) <= {"ok", "data", "error", "replayed"}, ack
        replayed = ack.get("replayed", False)
        if ack["ok"]:
            return cls(ack["data"], replayed=replayed)
        return cls(error=_error(ack["error"]), replayed=replayed)

    @classmethod
    def of_rest(cls, status: int, headers: dict[str, str], body: Any) -> Answer:
        replayed = headers.get("Idempotency-Replayed") == "true"
        if status < 400:
            return cls(body, replayed=replayed, status=status, headers=headers)
        assert headers["Content-Type"] == "application/problem+json"
        assert body["status"] == status
        said = {**body, "message": body["detail"]}
        return cls(error=_error(said), replayed=replayed, status=status, headers=headers)


def _error(said: dict[str, Any]) -> Error:
    assert said["message"]
    return Error(said["code"], said["message"], said.get("details"), said.get("retry_after"))
