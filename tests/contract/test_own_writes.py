"""A transaction sees its own writes in every query, just as everybody does after the commit."""

from __future__ import annotations

from typing import Any

import pytest

from services.errors import DuplicateKey, WriteConflict
from services.models import Holder, HolderKind, Station
from services.ports import Range, Reads, Records, Where
from services.states import BatteryState, EntryState
from tests.contract.documents import NOON, battery, entry, posting, station

RIDER = Holder(kind=HolderKind.RIDER, id="consumer_001")
WHERES: list[Where] = [
    {},
    {"soc": Range(gt=30)},
    {"soc": Range(gte=20, lt=95)},
    {"state": BatteryState.CHARGED},
    {"state": (BatteryState.CHARGED, BatteryState.CHARGING), "held_for": None},
    {"state": ()},
    {"held_for": (None, "entry_1")},
    {"holder.kind": HolderKind.SLOT, "holder.id": "station_001"},
    {"holder.slot": None},
    {"id": Range(gt="b")},
    {"id": ("a", "e", "z")},
    {"updated_at": Range(lte=NOON)},
]
ORDERS = [("id",), ("-id",), ("-soc", "cycles", "id"), ("held_for", "-id"), ("holder.slot", "id")]


async def answers(batteries: Reads[Any]) -> list[Any]:
    """What a collection says to many questions."""
    said: list[Any] = []
    for where in WHERES:
        for order in ORDERS:
            said += [[one.id for one in await batteries.find(where, order=order, limit=n)] for n in (None, 2)]
            first = await batteries.first(where, order=order)
            said.append(first and first.id)
        said.append(await batteries.count(where))
        said.append(await batteries.sum("cycles", where))
        said.append(await batteries.tally(("state", "held_for"), where))
    return said


async def test_every_query_answers_as_after_the_commit(records: Records) -> None:
    async with records.transaction() as tx:
        packs = [battery(id, slot=slot, soc=20 + slot, cycles=slot) for slot, id in enumerate("abcd", 1)]
        await tx.batteries.insert(*packs)

    async with records.transaction() as tx:
        a, b = packs[:2]
        await tx.batteries.replace(a.changed(holder=RIDER, soc=95, state=BatteryState.IN_USE))
        await tx.batteries.replace(b.changed(held_for="entry_1"))
        assert await tx.batteries.delete("c")
        await tx.batteries.insert(battery("e", slot=1, soc=99, cycles=7), battery("f", slot=9, soc=1))
        await tx.batteries.replace(battery("f", slot=9, soc=50, state=BatteryState.CHARGING, version=1))
        inside = await answers(tx.batteries)

    assert inside == await answers(records.now.batteries)


async def test_a_slot_is_free_for_another_pack_once_its_own_has_left(records: Records) -> None:
    async with records.transaction() as tx:
        await tx.batteries.insert(battery("old", slot=1), battery("new", holder=RIDER))

    async with records.transaction() as tx:
        await tx.batteries.replace(battery("old", holder=RIDER, version=1))
        await tx.batteries.replace(battery("new", slot=1, version=1))

    found = await records.now.batteries.first({"holder.kind": HolderKind.SLOT})
    assert found
    assert found.id == "new"


async def test_a_unique_key_is_taken_by_what_is_not_committed_yet(records: Records) -> None:
    async with records.transaction() as tx:
        await tx.queues.insert(entry("a", user_id="u", order=1))
        with pytest.raises(DuplicateKey, match="queues_one_open_per_user"):
            await tx.queues.insert(entry("b", user_id="u", order=2))
        with pytest.raises(DuplicateKey, match="queues_order"):
            await tx.queues.insert(entry("c", order=1))
        await tx.queues.replace(entry("a", user_id="u", order=1, state=EntryState.CANCELLED, version=1))
        await tx.queues.insert(entry("b", user_id="u", order=2))

    assert await records.now.queues.count({"user_id": "u"}) == 2


async def test_a_document_may_be_removed_and_made_anew(records: Records) -> None:
    async with records.transaction() as tx:
        await tx.credits.insert(posting("a", amount=1))

    async with records.transaction() as tx:
        assert await tx.credits.delete("a")
        assert await tx.credits.get("a") is None
        await tx.credits.insert(posting("a", amount=2))

    assert await records.now.credits.sum("amount", {}) == 2


async def test_versions_go_on_inside(records: Records) -> None:
    async with records.transaction() as tx:
        await tx.stations.insert(station())
        for version in range(1, 4):
            present = await tx.stations.get("station_001")
            assert present
            await tx.stations.replace(present.changed(next_order=version))
        with pytest.raises(WriteConflict):
            await tx.stations.replace(station(version=3))

    found = await records.now.stations.get("station_001")
    assert isinstance(found, Station)
    assert (found.version, found.next_order) == (3, 3)


async def test_writes_of_an_inner_block_that_was_undone_are_not_seen(records: Records) -> None:
    async def undone() -> None:
        async with records.transaction() as inner:
            await inner.stations.replace(station("kept", name="Undone", version=1))
            await inner.stations.insert(station("undone"))
            raise ZeroDivisionError

    async with records.transaction() as tx:
        await tx.stations.insert(station("kept"))
        with pytest.raises(ZeroDivisionError):
            await undone()
        assert [one.name for one in await tx.stations.find({})] == ["Indiranagar"]
        await tx.stations.insert(station("undone", name="Second"))

    assert [one.version for one in await records.now.stations.find({})] == [0, 0]
