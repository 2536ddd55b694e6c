"""The scan and the exchange: one winner, all or nothing, every refusal leaves things as they were."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from services.answers import VerifiedSwap
from services.errors import (
    NotActive,
    NotFound,
    TokenExpired,
    TokenInvalid,
    TokenUsed,
    WrongBattery,
    WrongStation,
)
from services.models import PackHealth, Station
from services.swap import Handover
from tests.unit.services.city import City


async def begun(city: City, station: Station, rider: str) -> VerifiedSwap:
    place = await city.place(station, rider)
    return await city.services.qr.verify(place.qr_token.token, station_id=station.id, by="staff_x")


def handover(swap: VerifiedSwap, **changes: Any) -> Handover:
    assert swap.assigned_battery
    fields = {
        "old_battery_id": swap.old_battery_id,
        "new_battery_id": swap.assigned_battery.id,
        "old_battery_health": "healthy",
    }
    return Handover(**{**fields, **changes})


async def test_fifty_scanners_race_and_one_wins(city: City) -> None:
    station = await city.station()
    place = await city.place(station)

    answers = await asyncio.gather(
        *(
            city.services.qr.verify(place.qr_token.token, station_id=station.id, by=f"staff_{n}")
            for n in range(50)
        ),
        return_exceptions=True,
    )

    assert sum(isinstance(answer, VerifiedSwap) for answer in answers) == 1
    assert sum(isinstance(answer, TokenUsed) for answer in answers) == 49


async def test_a_token_of_another_station_replaced_expired_or_forged_starts_nothing(city: City) -> None:
    station = await city.station()
    rider = await city.rider()
    place = await city.place(station, rider)
    verify = city.services.qr.verify

    with pytest.raises(WrongStation):
        await verify(place.qr_token.token, station_id="station_000", by="staff_x")
    with pytest.raises(TokenInvalid):
        await verify(place.qr_token.token[:-1] + "x", station_id=station.id, by="staff_x")
    renewed = await city.services.queue.renew_qr(rider)
    with pytest.raises(TokenInvalid):
        await verify(place.qr_token.token, station_id=station.id, by="staff_x")
    city.clock.forward(minutes=15)
    with pytest.raises(TokenExpired):
        await verify(renewed.qr_token.token, station_id=station.id, by="staff_x")

    mine = await city.services.queue.mine(rider)
    assert mine is not None
    assert mine.state == "confirmed"


async def test_the_token_of_an_entry_that_has_ended_is_invalid(city: City) -> None:
    station = await city.station()
    rider = await city.rider()
    place = await city.place(station, rider)
    await city.services.queue.leave(rider, None)

    with pytest.raises(TokenInvalid):
        await city.services.qr.verify(place.qr_token.token, station_id=station.id, by="staff_x")


async def test_a_swap_moves_both_packs_pays_once_and_frees_the_place(city: City) -> None:
    station = await city.station()
    rider = await city.rider()
    swap = await begun(city, station, rider)
    assert swap.assigned_battery

    done = await city.services.swap.complete(swap.swap_id, handover(swap, old_battery_soc=11), by="staff_x")

    reads = city.services.world.records.now
    old, new = await reads.batteries.get(swap.old_battery_id or ""), await city.pack_of(rider)
    assert done.credits_earned == 10
    assert new is not None
    assert new.id == swap.assigned_battery.id
    assert old is not None
    assert (old.holder.id, old.holder.slot) == (station.id, swap.assigned_battery.slot)
    assert (old.state, old.soc, old.cycles) == ("charging", 11, 1)
    assert await city.services.credits.balance(reads, rider) == 10
    assert await reads.credits.sum("amount", {}) == 0
    assert await city.services.queue.mine(rider) is None
    assert await city.held(station) == 0
    assert await city.services.stations.live_equals_records()


async def test_five_racing_completions_pay_once(city: City) -> None:
    station = await city.station()
    rider = await city.rider()
    swap = await begun(city, station, rider)

    answers = await asyncio.gather(
        *(city.services.swap.complete(swap.swap_id, handover(swap), by="staff_x") for _ in range(5)),
        return_exceptions=True,
    )

    assert sum(isinstance(answer, NotActive) for answer in answers) == 4
    assert await city.services.credits.balance(city.services.world.records.now, rider) == 10


@pytest.mark.parametrize(
    "changes",
    [
        {"old_battery_id": None},
        {"old_battery_id": "battery_99999"},
        {"new_battery_id": "battery_99999"},
        {"new_battery_id": "the old one"},
        {"new_battery_id": "one held for another"},
        {"new_battery_id": "one of another station"},
        {"new_battery_id": "one that is not charged"},
    ],
)
async def test_a_wrong_battery_changes_nothing(city: City, changes: dict[str, Any]) -> None:
    station, elsewhere = await city.station(charging=1), await city.station()
    rider, other = await city.rider(), await city.rider()
    swap = await begun(city, station, rider)
    await city.place(station, other)
    await city.arrive(other, station)
    batteries = city.services.world.records.now.batteries
    here = {"holder.id": station.id}
    held = [pack for pack in await batteries.find({**here, "state": "charged"}) if pack.held_for]
    named = {
        "the old one": swap.old_battery_id,
        "one held for another": next(
            p.id for p in held if swap.assigned_battery and p.id != swap.assigned_battery.id
        ),
        "one of another station": (await batteries.find({"holder.id": elsewhere.id}))[0].id,
        "one that is not charged": (await batteries.find({**here, "state": "charging"}))[0].id,
    }
    given = {key: named.get(str(value), value) for key, value in changes.items()}
    before = await batteries.find({})

    with pytest.raises(WrongBattery):
        await city.services.swap.complete(swap.swap_id, handover(swap, **given), by="staff_x")

    assert await batteries.find({}) == before


async def test_another_free_pack_may_be_handed_out_and_the_promised_one_is_freed(city: City) -> None:
    station = await city.station()
    rider = await city.rider()
    swap = await begun(city, station, rider)
    free = {"holder.id": station.id, "held_for": None, "state": "charged"}
    other = (await city.services.world.records.now.batteries.find(free))[0]

    await city.services.swap.complete(swap.swap_id, handover(swap, new_battery_id=other.id), by="staff_x")

    assert (await city.pack_of(rider) or other).id == other.id
    assert await city.held(station) == 0


async def test_a_riders_first_pack_needs_no_old_one(city: City) -> None:
    station = await city.station()
    rider = await city.rider(pack=False)
    swap = await begun(city, station, rider)
    assert swap.old_battery_id is None

    await city.services.swap.complete(swap.swap_id, handover(swap), by="staff_x")

    assert await city.pack_of(rider) is not None


async def test_a_faulty_pack_is_quarantined_and_opens_a_ticket(city: City) -> None:
    station = await city.station()
    swap = await begun(city, station, await city.rider())

    await city.services.swap.complete(
        swap.swap_id, handover(swap, old_battery_health=PackHealth.FAULTY), by="staff_x"
    )

    status = await city.services.stations.status(station.id)
    assert (status.batteries.quarantined, status.open_tickets) == (1, 1)
    assert status.predicted_fault_risk > 0


async def test_cancelling_leaves_packs_where_they_were_and_voids_the_credits(city: City) -> None:
    station = await city.station()
    rider = await city.rider()
    swap = await begun(city, station, rider)
    before = await city.pack_of(rider)

    await city.services.swap.cancel(swap.swap_id, "the bay is jammed")

    reads = city.services.world.records.now
    assert await city.pack_of(rider) == before
    assert await city.held(station) == 0
    assert {posting.state for posting in await reads.credits.find({})} == {"voided"}
    assert [fact["reason"] for fact in await city.told("swap:cancelled")] == ["the bay is jammed"]
    with pytest.raises(NotActive):
        await city.services.swap.cancel(swap.swap_id, "again")
    with pytest.raises(NotActive):
        await city.services.swap.complete(swap.swap_id, handover(swap), by="staff_x")


async def test_history_comes_in_parts_newest_first(city: City) -> None:
    station = await city.station()
    rider = await city.rider()
    swaps = []
    for _ in range(3):
        swap = await begun(city, station, rider)
        await city.services.swap.complete(swap.swap_id, handover(swap), by="staff_x")
        swaps.append(swap.swap_id)

    first = await city.services.swap.history(rider, limit=2, cursor=None)
    rest = await city.services.swap.history(rider, limit=2, cursor=first.next_cursor)

    assert [swap.swap_id for swap in (*first.items, *rest.items)] == swaps[::-1]
    assert (first.total, rest.next_cursor) == (3, None)
    with pytest.raises(NotFound):
        await city.services.swap.get("0")
