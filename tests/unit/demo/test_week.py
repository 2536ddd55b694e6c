"""A day of the demo city in seconds: killed in the middle of commits, whole at its end, alike each time."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from hub.demo.near import NearHub
from hub.demo.totals import quantile
from hub.demo.virtual import WORK_S, VirtualClock, passes
from hub.demo.week import BEGINS_AT, Plan, Played, play
from hub.lifespan import RECORDS_FILE
from services.audits import faults_in
from services.models import Role
from services.rules import Rules


def played(directory: Path, **plan: Any) -> Played:
    directory.mkdir()
    return passes(play(Plan(directory, **plan), lambda line: None))


def test_a_day_until_its_afternoon_with_four_kills_leaves_nothing_half_done(tmp_path: Path) -> None:
    day = played(tmp_path / "day", days=0.6, riders=20, kills=4)

    assert day.faults == []
    assert day.kills == 4
    totals = day.totals
    assert totals.entries["completed"] > 60
    assert totals.jobs["delivered"] > 10
    assert totals.packs_carried > 40
    assert totals.incidents["recovered"] > 20
    assert totals.tickets["resolved"] > 2
    assert totals.wait_p50_minutes is not None
    assert totals.wait_p90_minutes is not None
    assert 0 < totals.wait_p50_minutes <= totals.wait_p90_minutes < 60
    assert (day.records / RECORDS_FILE).exists()


def test_the_same_plan_gives_the_same_hour(tmp_path: Path) -> None:
    hour = {"days": 0.03, "riders": 6, "kills": 1}
    one, again = (played(tmp_path / name, **hour) for name in "ab")

    assert (one.totals, one.answers, one.faults) == (again.totals, again.answers, [])
    assert one.totals.fixes > 20


def near(directory: Path) -> NearHub:
    numbers = iter(range(10**9))
    clock = VirtualClock(BEGINS_AT)
    return NearHub(directory, clock=clock, ids=lambda: f"{next(numbers):012}", rules=Rules())


CALL = {"station_id": "station_001", "kind": "slot_jam", "severity": "low"}


@pytest.mark.parametrize("moment_s", [0.0, WORK_S / 2, WORK_S, 2 * WORK_S])
def test_a_command_that_a_kill_cuts_off_is_done_once(tmp_path: Path, moment_s: float) -> None:
    """Whether it was committed or not: the client asks again with the same request id."""

    async def life() -> tuple[dict[str, Any], int, list[str]]:
        hub = near(tmp_path)
        await hub.start()
        admin = hub.client("admin_001", Role.ADMIN)
        saved = await admin.call(
            "station:save", station_id="station_001", name="One", location={"lat": 13, "lng": 77}
        )
        assert saved["ok"], saved
        asking = asyncio.ensure_future(admin.call("fault:report", **CALL))
        await asyncio.sleep(moment_s)
        await hub.kill()
        await hub.start()
        answer = await asking
        reads = hub.services.world.records.now
        found = await reads.incidents.count({}), await faults_in(reads)
        await hub.stop()
        return answer, *found

    answer, incidents, faults = passes(life())

    assert answer["ok"], answer
    assert answer["data"]["reports"] == 1
    assert (incidents, faults) == (1, [])


def test_events_reach_the_rooms_of_a_hub_that_was_started_again(tmp_path: Path) -> None:
    heard: list[str] = []

    async def hear(event: dict[str, Any]) -> None:
        heard.append(event["station_id"])

    async def life() -> None:
        hub = near(tmp_path)
        await hub.start()
        admin = hub.client("admin_001", Role.ADMIN)

        async def join(_: dict[str, Any]) -> None:
            await admin.call("room:join", room="admin")

        admin.on("hub:session", join)
        admin.on("station:updated", hear)
        await admin.keep_connected()
        for number in (1, 2):
            await asyncio.sleep(1)
            where = {"lat": 13, "lng": 77}
            await admin.call("station:save", station_id=f"station_{number}", name="x", location=where)
            await asyncio.sleep(1)
            await hub.kill()
            with pytest.raises(ConnectionError):
                hub.services.world.clock()
            await hub.start()
        await hub.stop()

    passes(life())
    assert {"station_1", "station_2"} <= set(heard)


def test_a_quantile_is_a_value_that_was_seen() -> None:
    assert quantile([], 0.5) is None
    assert quantile([3.0], 0.9) == 3.0
    assert [quantile([1.0, 2.0, 3.0, 4.0], share) for share in (0.25, 0.5, 0.9)] == [1.0, 2.0, 4.0]
