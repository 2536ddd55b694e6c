"""Retries: the same request id is the same call, through both doors."""

from __future__ import annotations

import asyncio

import pytest

from services.base import rfc3339
from tests.support.hub import RunningHub
from tests.support.people import Door

DOORS: tuple[Door, ...] = ("socket", "rest")


@pytest.mark.parametrize("door", DOORS)
async def test_the_same_request_id_gets_the_first_answer_and_nothing_happens_twice(
    hub: RunningHub, door: Door
) -> None:
    station, rider = await hub.station(), hub.rider()
    asked = {"station_id": station.id, "request_id": "first"}

    first = await rider.ask(door, "queue:confirm", asked)
    again = await rider.ask(door, "queue:confirm", asked)

    assert (first.ok, first.replayed, again.replayed) == (True, False, True)
    assert again.data == first.data
    assert await hub.held_batteries(station) == 1


@pytest.mark.parametrize("door", DOORS)
async def test_another_payload_with_the_same_request_id_is_a_conflict(hub: RunningHub, door: Door) -> None:
    here, there, rider = await hub.station(), await hub.station(), hub.rider()
    await rider.ask(door, "queue:confirm", {"station_id": here.id, "request_id": "one"})

    answer = await rider.ask(door, "queue:confirm", {"station_id": there.id, "request_id": "one"})

    assert (answer.code, answer.replayed) == ("conflict", False)


async def test_a_request_id_works_across_the_doors(hub: RunningHub) -> None:
    station, rider = await hub.station(), hub.rider()
    asked = {"station_id": station.id, "request_id": "r"}

    first = await rider.ask("socket", "queue:confirm", asked)
    again = await rider.ask("rest", "queue:confirm", asked)

    assert (again.replayed, again.data) == (True, first.data)


async def test_unknown_fields_and_their_order_are_no_other_payload(hub: RunningHub) -> None:
    station, rider = await hub.station(), hub.rider()
    await rider.call("queue:confirm", {"station_id": station.id, "request_id": "r"})

    again = await rider.call("queue:confirm", {"request_id": "r", "extra": 1, "station_id": station.id})

    assert again.replayed


@pytest.mark.parametrize("door", DOORS)
async def test_a_refusal_is_the_first_answer_too(hub: RunningHub, door: Door) -> None:
    rider = hub.rider()
    asked = {"request_id": "r"}

    first = await rider.ask(door, "queue:leave", asked)
    await rider.confirm(await hub.station())
    again = await rider.ask(door, "queue:leave", asked)

    assert (first.code, first.replayed) == ("not_found", False)
    assert (again.code, again.replayed) == ("not_found", True)
    assert again.error == first.error


async def test_the_same_id_of_another_caller_or_operation_is_another_call(hub: RunningHub) -> None:
    station, one, two = await hub.station(), hub.rider(), hub.rider()

    answers = [
        await one.confirm(station, request_id="r"),
        await two.confirm(station, request_id="r"),
        await one.call("queue:leave", request_id="r"),
    ]

    assert [(answer.ok, answer.replayed) for answer in answers] == [(True, False)] * 3


async def test_duplicates_that_arrive_during_the_first_run_wait_for_it(hub: RunningHub) -> None:
    station, rider = await hub.station(), await hub.rider().ready()
    asked = {"station_id": station.id, "request_id": "r"}

    answers = await asyncio.gather(*(rider.ask("rest", "queue:confirm", asked) for _ in range(20)))

    assert {answer.code for answer in answers} == {"ok"}
    assert sorted(answer.replayed for answer in answers) == [False] + [True] * 19
    assert len({answer.data["entry_id"] for answer in answers}) == 1
    assert await hub.held_batteries(station) == 1


async def test_fifty_scanners_of_one_token_have_one_winner_who_may_ask_again(hub: RunningHub) -> None:
    station = await hub.station()
    token = (await hub.rider().confirm(station)).data["qr_token"]
    scanners = [await hub.staff(station).ready() for _ in range(50)]

    answers = await asyncio.gather(
        *(
            scanner.ask("rest", "qr:verify", {"token": token, "request_id": f"scan {number}"})
            for number, scanner in enumerate(scanners)
        )
    )

    assert sorted(answer.code for answer in answers) == ["ok"] + ["token_used"] * 49
    winner = next(number for number, answer in enumerate(answers) if answer.ok)
    again = await scanners[winner].ask("rest", "qr:verify", {"token": token, "request_id": f"scan {winner}"})
    assert (again.replayed, again.data) == (True, answers[winner].data)


async def test_no_token_is_kept_and_the_answer_is_signed_again(hub: RunningHub) -> None:
    station, rider = await hub.station(), hub.rider()
    place = (await rider.confirm(station, request_id="r")).data

    kept = await hub.records.now.kept_answers.find({})

    assert len(kept) == 1
    assert place["qr_token"] not in kept[0].answer
    assert (await rider.confirm(station, request_id="r")).data["qr_token"] == place["qr_token"]


async def test_answers_are_forgotten_after_a_day(hub: RunningHub) -> None:
    rider = hub.rider()
    await rider.call("queue:leave", request_id="r")
    kept = (await hub.records.now.kept_answers.find({}))[0]
    assert (kept.expires_at - kept.at).total_seconds() == 24 * 3600
    async with hub.records.transaction() as tx:
        await tx.kept_answers.replace(kept.changed(expires_at=kept.at))

    answer = await rider.call("queue:leave", request_id="r")

    assert not answer.replayed
    again = (await hub.records.now.kept_answers.find({}))[0]
    assert rfc3339(again.expires_at) > rfc3339(kept.at)
    async with hub.records.transaction() as tx:
        await tx.kept_answers.replace(again.changed(expires_at=kept.at))
    assert (await hub.hub.resources.prune())["kept_answers"] == 1
    assert await hub.records.now.kept_answers.count({}) == 0


async def test_a_kept_answer_survives_a_restart(make_hub, tmp_path) -> None:  # type: ignore[no-untyped-def]
    from tests.support.hub import running

    asked = {"request_id": "r"}
    async with running(tmp_path / "d") as hub:
        station, rider = await hub.station(), hub.rider()
        asked["station_id"] = station.id
        first = await rider.ask("rest", "queue:confirm", asked)
    hub = await make_hub(data_dir=tmp_path / "d")

    again = await hub.anybody(rider.token).ask("rest", "queue:confirm", asked)

    assert (again.replayed, again.data) == (True, first.data)
