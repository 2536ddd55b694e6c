"""What every adapter of `Records` promises: documents, conditions, indexes."""

from __future__ import annotations

from datetime import timedelta, timezone
from typing import Any

import pytest

from services.base import Document
from services.errors import DuplicateKey, WriteConflict
from services.models import Holder, HolderKind, Role
from services.ports import Range, Records, Where
from services.states import OPEN, BatteryState, EntryState
from tests.contract.documents import (
    NOON,
    battery,
    entry,
    fix,
    one_of_each,
    posting,
    station,
    swap,
    timer,
    user,
)


async def fill(records: Records, **collections: list[Any]) -> None:
    async with records.transaction() as tx:
        for name, documents in collections.items():
            await getattr(tx, name).insert(*documents)


@pytest.mark.parametrize("name", one_of_each())
async def test_document_comes_back_as_it_was(records: Records, name: str) -> None:
    document: Document = one_of_each()[name]

    await fill(records, **{name: [document]})

    assert await getattr(records.now, name).get(document.id) == document


async def test_unknown_document_is_none(records: Records) -> None:
    assert await records.now.users.get("nobody") is None
    assert await records.now.users.first({}) is None
    assert await records.now.users.find({}) == []


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({}, "abcd"),
        ({"soc": 50.0}, "b"),
        ({"state": BatteryState.CHARGING}, "b"),
        ({"state": (BatteryState.CHARGING, "quarantined")}, "bc"),
        ({"state": ()}, ""),
        ({"held_for": None}, "abd"),
        ({"held_for": "entry_1"}, "c"),
        ({"held_for": (None, "entry_1")}, "abcd"),
        ({"held_for": ("entry_1", "entry_2")}, "c"),
        ({"soc": Range(gt=30)}, "ab"),
        ({"soc": Range(gte=30, lt=50)}, "cd"),
        ({"soc": Range(lte=30)}, "cd"),
        ({"holder.kind": HolderKind.SLOT, "holder.id": "station_001"}, "abc"),
        ({"holder.kind": "rider"}, "d"),
        ({"holder.slot": None}, "d"),
        ({"id": ("a", "d", "z")}, "ad"),
        ({"id": Range(gt="b")}, "cd"),
        ({"version": 0}, "abcd"),
        ({"temperature_c": Range(gt=24.5)}, "abcd"),
        ({"soc": Range(gt=30), "state": BatteryState.CHARGED}, "a"),
    ],
)
async def test_conditions_find(records: Records, where: Where, expected: str) -> None:
    rider = Holder(kind=HolderKind.RIDER, id="consumer_001")
    packs = [
        battery("a", slot=1, soc=95),
        battery("b", slot=2, soc=50, state=BatteryState.CHARGING),
        battery("c", slot=3, soc=30, state=BatteryState.QUARANTINED, held_for="entry_1"),
        battery("d", holder=rider, soc=30, state=BatteryState.IN_USE),
    ]
    await fill(records, batteries=packs)

    found = await records.now.batteries.find(where)

    assert "".join(pack.id for pack in found) == expected
    assert await records.now.batteries.count(where) == len(expected)
    assert (await records.now.batteries.first(where) is not None) == bool(expected)


async def test_booleans_are_found(records: Records) -> None:
    await fill(records, stations=[station("on"), station("off", is_active=False)])

    assert [one.id for one in await records.now.stations.find({"is_active": True})] == ["on"]
    assert [one.id for one in await records.now.stations.find({"is_active": False})] == ["off"]
    assert await records.now.stations.tally(("is_active",), {}) == {(True,): 1, (False,): 1}


async def test_instants_compare_as_times(records: Records) -> None:
    late = NOON + timedelta(microseconds=1)
    await fill(records, timers=[timer("a", due_at=NOON), timer("b", due_at=late)])
    elsewhere = NOON.astimezone(timezone(timedelta(hours=5, minutes=30)))
    timers = records.now.timers

    assert [one.id for one in await timers.find({"due_at": elsewhere})] == ["a"]
    assert [one.id for one in await timers.find({"due_at": Range(gt=elsewhere)})] == ["b"]
    assert [one.id for one in await timers.find({}, order=("-due_at",))] == ["b", "a"]


async def test_range_without_a_side_is_refused(records: Records) -> None:
    with pytest.raises(ValueError, match="side"):
        await records.now.timers.find({"due_at": Range()})


async def test_order_and_limit(records: Records) -> None:
    packs = [
        battery("a", slot=1, soc=90, cycles=2),
        battery("b", slot=2, soc=95, cycles=9),
        battery("c", slot=3, soc=95, cycles=1),
        battery("d", slot=4, soc=95, cycles=1),
    ]
    await fill(records, batteries=packs)
    batteries = records.now.batteries

    by_use = await batteries.find({}, order=("-soc", "cycles", "id"))

    assert [pack.id for pack in by_use] == ["c", "d", "b", "a"]
    assert [pack.id for pack in await batteries.find({}, order=("-id",), limit=2)] == ["d", "c"]
    assert await batteries.find({}, limit=0) == []
    first = await batteries.first({}, order=("-soc", "-cycles"))
    assert first is not None
    assert first.id == "b"


async def test_sum_and_tally(records: Records) -> None:
    await fill(
        records,
        credits=[posting("a", amount=10), posting("b", amount=-4), posting("c", amount=7, account="x")],
        users=[user("s1", role=Role.STAFF, station_id="station_001"), user("s2", role=Role.STAFF), user()],
    )

    assert await records.now.credits.sum("amount", {"account": "consumer_001"}) == 6
    assert await records.now.credits.sum("amount", {"account": "nobody"}) == 0
    assert await records.now.users.tally(("role", "station_id"), {}) == {
        ("staff", "station_001"): 1,
        ("staff", None): 1,
        ("consumer", None): 1,
    }
    assert await records.now.users.tally(("role",), {"role": Role.ADMIN}) == {}


async def test_replace_needs_the_version_before(records: Records) -> None:
    await fill(records, users=[user()])

    async with records.transaction() as tx:
        await tx.users.replace(user(name="Second", version=1))
        for version in (1, 3):
            with pytest.raises(WriteConflict):
                await tx.users.replace(user(name="Lost", version=version))
        with pytest.raises(WriteConflict):
            await tx.users.replace(user("nobody", version=1))

    assert await records.now.users.get("consumer_001") == user(name="Second", version=1)


async def test_delete_says_whether_there_was_one(records: Records) -> None:
    await fill(records, timers=[timer()])

    async with records.transaction() as tx:
        assert await tx.timers.delete("hold:1") is True
        assert await tx.timers.delete("hold:1") is False

    assert await records.now.timers.count({}) == 0


DUPLICATES: list[tuple[str, str, Document, Document]] = [
    ("users", "users_id", user(), user(name="Other")),
    ("queues", "queues_one_open_per_user", entry("a", user_id="u"), entry("b", user_id="u", order=2)),
    ("queues", "queues_order", entry("a", order=7), entry("b", order=7)),
    ("swaps", "swaps_one_per_entry", swap("a", entry_id="e"), swap("b", entry_id="e")),
    ("batteries", "batteries_one_per_slot", battery("a", slot=3), battery("b", slot=3)),
    ("credits", "credits_once", posting("a", source="s"), posting("b", source="s")),
]


@pytest.mark.parametrize(("name", "index", "one", "other"), DUPLICATES, ids=[row[1] for row in DUPLICATES])
async def test_duplicate_names_its_index(
    records: Records, name: str, index: str, one: Document, other: Document
) -> None:
    await fill(records, **{name: [one]})

    with pytest.raises(DuplicateKey) as caught:
        await fill(records, **{name: [other]})

    assert caught.value.index == index
    assert await getattr(records.now, name).find({}) == [one]


async def test_replace_can_be_a_duplicate(records: Records) -> None:
    ended = entry("b", user_id="u", order=2, state=EntryState.CANCELLED)
    await fill(records, queues=[entry("a", user_id="u"), ended])

    with pytest.raises(DuplicateKey) as caught:
        async with records.transaction() as tx:
            await tx.queues.replace(ended.changed(state=EntryState.CONFIRMED))

    assert caught.value.index == "queues_one_open_per_user"


@pytest.mark.parametrize("state", OPEN)
async def test_one_open_entry_per_user_and_any_number_of_ended_ones(
    records: Records, state: EntryState
) -> None:
    ends = [EntryState.COMPLETED, EntryState.CANCELLED, EntryState.NO_SHOW, EntryState.EXPIRED]
    past = [entry(f"past_{n}", user_id="u", order=n, state=end) for n, end in enumerate(ends)]
    await fill(records, queues=[*past, entry("open", user_id="u", order=9, state=state)])

    with pytest.raises(DuplicateKey):
        await fill(records, queues=[entry("more", user_id="u", station_id="station_002")])


async def test_only_slots_hold_one_pack(records: Records) -> None:
    shop = Holder(kind=HolderKind.PARTNER, id="shop_001")

    await fill(records, batteries=[battery("a", holder=shop), battery("b", holder=shop)])

    assert await records.now.batteries.count({"holder.id": "shop_001"}) == 2


async def test_insert_of_many_is_all_or_none(records: Records) -> None:
    async with records.transaction() as tx:
        with pytest.raises(DuplicateKey):
            await tx.users.insert(user("a"), user("b"), user("a"))
        assert await tx.users.count({}) == 0
        await tx.users.insert(user("c"))

    assert [one.id for one in await records.now.users.find({})] == ["c"]


async def test_insert_of_nothing_is_nothing(records: Records) -> None:
    async with records.transaction() as tx:
        await tx.users.insert()


async def test_bulk_of_1500_documents(records: Records) -> None:
    packs = [battery(f"battery_{n:04}", slot=n) for n in range(1500)]

    await fill(records, batteries=packs)

    assert await records.now.batteries.find({}) == packs


async def test_newest_first_by_user(records: Records) -> None:
    fixes = [fix(at=NOON + timedelta(seconds=n)) for n in range(5)]
    await fill(records, gps_logs=[*fixes, fix("other", at=NOON + timedelta(hours=1))])

    assert await records.now.gps_logs.first({"user_id": "consumer_001"}, order=("-at",)) == fixes[-1]
