"""A history in parts shows every line once, and its lines sum to the balance."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.errors import NotFound, ValidationFailed
from services.models import PostingState
from services.saved_answers import CreditLine
from tests.unit.services.city import City


async def _awarded(city: City, rider: str, source: str, state: PostingState | None) -> None:
    credits = city.services.credits
    async with city.services.world.records.transaction() as tx:
        await credits.pend(tx, account=rider, amount=7, rule="test", source=source, reason="why")
        if state is not None:
            await credits.settle(tx, source=source, rule="test", state=state)


async def _all(city: City, rider: str, *, limit: int) -> list[CreditLine]:
    items: list[CreditLine] = []
    cursor: str | None = None
    while True:
        part = await city.services.credit_history.of(rider, limit=limit, cursor=cursor)
        items += part.items
        assert len(part.items) <= limit
        if (cursor := part.next_cursor) is None:
            return items


@pytest.mark.parametrize("limit", [1, 2, 3, 200])
async def test_every_part_follows_the_one_before_also_within_a_moment(city: City, limit: int) -> None:
    rider = await city.rider()
    for number in range(9):
        city.clock.forward(minutes=number % 3 // 2)  # three at a time are of one moment
        await _awarded(city, rider, f"source_{number}", PostingState.POSTED)

    items = await _all(city, rider, limit=limit)

    assert sorted(item.source for item in items) == [f"source_{number}" for number in range(9)]
    assert [item.at for item in items] == sorted((item.at for item in items), reverse=True)
    assert items[0].at - items[-1].at == timedelta(minutes=3)


async def test_pending_and_voided_credits_are_no_lines(city: City) -> None:
    rider = await city.rider()
    for source, state in (("a", None), ("b", PostingState.POSTED), ("c", PostingState.VOIDED)):
        await _awarded(city, rider, source, state)

    history = await city.services.credit_history.of(rider, limit=50, cursor=None)

    assert (history.balance, history.pending) == (7, 7)
    assert [line.source for line in history.items] == ["b"]


@pytest.mark.parametrize("cursor", ["", "x", "2026-99-99_a", "_", "9999-12-31T23:59:59-23:59_a"])
async def test_a_cursor_of_another_list_is_refused(city: City, cursor: str) -> None:
    rider = await city.rider()

    with pytest.raises(ValidationFailed):
        await city.services.credit_history.of(rider, limit=1, cursor=cursor)


async def test_nobody_has_no_history(city: City) -> None:
    with pytest.raises(NotFound):
        await city.services.credit_history.of("nobody", limit=1, cursor=None)
