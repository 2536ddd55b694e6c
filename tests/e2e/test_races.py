"""Races through the real door: riders for places, scanners for a token, a request sent twice."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

from tests.e2e.audit import check_records
from tests.e2e.clients import codes, connected
from tests.e2e.prepare import prepare, scanner_names
from tests.e2e.process import running_hub


async def test_two_hundred_riders_at_once_get_twelve_places_for_twelve_packs(tmp_path: Path) -> None:
    await prepare(tmp_path / "data", stations=1, places=20, charged=12, riders=200)
    riders = [f"consumer_{n:03}" for n in range(1, 201)]
    async with running_hub(tmp_path, "") as hub, connected(hub, "consumer", riders) as clients:
        answers = await asyncio.gather(
            *(client.call("queue:confirm", station_id="station_001") for client in clients)
        )

        said = Counter(codes(answers))
        assert said["ok"] == 12
        assert said["no_battery"] + said["queue_full"] == 188
        positions = sorted(answer["data"]["position"] for answer in answers if answer["ok"])
        assert positions == list(range(1, 13))
        status = await clients[0].call("station:status", station_id="station_001")
        assert status["data"]["batteries"]["held"] == 12
        assert status["data"]["charged_batteries"] == 0
    check_records(tmp_path / "data" / "navswap.sqlite")


async def test_fifty_scanners_of_one_token_have_one_winner(tmp_path: Path) -> None:
    await prepare(tmp_path / "data", stations=1, places=20, charged=12, riders=1, scanners=50)
    async with (
        running_hub(tmp_path, "") as hub,
        connected(hub, "consumer", ["consumer_001"]) as [rider],
        connected(hub, "staff", scanner_names(50), "station_001") as scanners,
    ):
        place = (await rider.call("queue:confirm", station_id="station_001"))["data"]

        answers = await asyncio.gather(
            *(scanner.call("qr:verify", token=place["qr_token"]) for scanner in scanners)
        )

        assert Counter(codes(answers)) == {"ok": 1, "token_used": 49}


async def test_the_same_request_id_twice_is_one_effect_and_one_answer(tmp_path: Path) -> None:
    await prepare(tmp_path / "data", stations=1, places=20, charged=12, riders=1)
    async with (
        running_hub(tmp_path, "") as hub,
        connected(hub, "consumer", ["consumer_001", "consumer_001"]) as riders,
        connected(hub, "staff", ["staff_001"]) as [staff],
    ):
        wanted = {"station_id": "station_001", "request_id": "r1"}
        first, second = await asyncio.gather(*(rider.call("queue:confirm", **wanted) for rider in riders))
        assert first["data"] == second["data"]
        assert [bool(a.get("replayed")) for a in (first, second)].count(True) == 1
        again = await riders[0].call("queue:confirm", station_id="station_999", request_id="r1")
        assert codes([again]) == ["conflict"]

        scans = [
            await staff.call("qr:verify", token=first["data"]["qr_token"], request_id="s1") for _ in "ab"
        ]
        assert scans[0]["data"] == scans[1]["data"]
        assert scans[1]["replayed"] is True
    check_records(tmp_path / "data" / "navswap.sqlite")
