"""Who has been seen, and what the records say of whom another node has seen."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

import pytest

from hub.people_seen import Seen
from services.errors import NotFound
from services.models import Role, User


class _People:
    """Counts what is asked of the records."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def get(self, user_id: str) -> User:
        self.asked.append(user_id)
        if user_id == "nobody":
            raise NotFound(user_id=user_id)
        return User(id=user_id, role=Role.TRANSPORTER, name="T", created_at=datetime.now(UTC))


async def test_a_role_that_another_node_has_seen_is_asked_for_once() -> None:
    seen = Seen(cast("Any", people := _People()))
    assert seen.role("t1") is None

    assert [await seen.find_role("t1") for _ in range(3)] == [Role.TRANSPORTER] * 3
    assert seen.role("t1") is Role.TRANSPORTER
    assert await seen.find_role("nobody") is None
    assert people.asked == ["t1", "nobody"]


async def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.people_seen.MOST_REMEMBERED", 3)
    seen = Seen(cast("Any", _People()))

    for number in range(10):
        await seen.find_role(f"t{number}")

    assert [number for number in range(10) if seen.role(f"t{number}")] == [7, 8, 9]
