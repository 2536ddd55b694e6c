"""What every adapter of `Live` promises."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from hub.stores.memory import MemoryLive
from services.base import Location
from services.cells import COARSEST, FINEST, HEAT, cell_of, parent
from services.fences import FenceTrack, ZoneTrack
from services.kept_forecasts import KeptForecast
from services.ports import Allowance, Live
from tests.contract.documents import NOON, HandClock, board, fix


async def test_board_of_a_newer_version_stays(live: Live) -> None:
    await live.put_board(board(version=2, name="Second"))
    await live.put_board(board(version=1, name="First"))
    assert (await live.board("station_001")) == board(version=2, name="Second")

    await live.put_board(board(version=3, name="Third"))

    assert (await live.board("station_001")) == board(version=3, name="Third")
    assert await live.board("station_404") is None


async def test_boards_come_by_id(live: Live) -> None:
    for name in ("station_003", "station_001", "station_002"):
        await live.put_board(board(name))

    assert [one.station_id for one in await live.boards()] == ["station_001", "station_002", "station_003"]


async def test_boards_are_found_by_cells_of_any_resolution(live: Live) -> None:
    south = board("south", location=Location(lat=-33.9, lng=18.4))
    for one in (board("b"), board("a"), south):
        await live.put_board(one)

    for resolution in range(COARSEST, FINEST + 1):
        here, there = parent(board().cell, resolution), parent(south.cell, resolution)
        assert await live.boards_in([here]) == [board("a"), board("b")]
        assert await live.boards_in([there, here, there]) == [board("a"), board("b"), south]
    assert await live.boards_in([cell_of(Location(lat=60, lng=-40))]) == []
    assert await live.boards_in([]) == []
    assert await live.count_boards() == 3


async def test_station_that_moves_is_found_where_it_is(live: Live) -> None:
    old, new = board(), board(version=2, location=Location(lat=-33.9, lng=18.4))
    here, there = parent(old.cell, HEAT), parent(new.cell, HEAT)
    await live.put_board(old)
    await live.put_board(new)
    await live.put_board(old)  # late

    assert (await live.boards_in([here]), await live.boards_in([there])) == ([], [new])

    await live.replace_all([old.model_copy(update={"version": 3})], [], since=await live.mark())
    assert [one.version for one in await live.boards_in([here, there])] == [3]

    await live.replace_all([], [], since=await live.mark())
    assert (await live.boards_in([here, there]), await live.count_boards()) == ([], 0)


async def test_position_moves_forward_only(live: Live) -> None:
    newest = fix(at=NOON, lat=13)

    assert await live.put_position(newest) is True
    assert await live.put_position(fix(at=NOON, lat=1)) is False
    assert await live.put_position(fix(at=NOON - timedelta(seconds=1), lat=1)) is False

    assert await live.position("consumer_001") == newest
    assert await live.position("nobody") is None
    later = fix(at=NOON + timedelta(microseconds=1))
    assert await live.put_position(later) is True
    assert await live.positions() == [later]


async def test_fences_come_back(live: Live) -> None:
    track = FenceTrack(station_id="station_001", outer=ZoneTrack(inside=True, out_since=NOON))

    await live.put_fences("consumer_001", track)

    assert await live.fences("consumer_001") == track
    assert await live.fences("nobody") is None


async def test_replace_all_forgets_what_was(live: Live) -> None:
    await live.put_board(board("old", version=9))
    await live.put_board(board("station_001", version=9))
    await live.put_position(fix("old"))
    await live.put_fences("old", FenceTrack(station_id="old"))

    await live.replace_all([board("station_001", version=3)], [fix("new")], since=await live.mark())

    assert await live.boards() == [board("station_001", version=3)]
    assert await live.positions() == [fix("new")]
    assert await live.fences("old") is None


async def test_rebuild_never_goes_back_behind_what_came_since_it_began(live: Live) -> None:
    await live.put_board(board("station_001", version=4))
    await live.put_position(fix("mover"))
    await live.put_position(fix("gone"))
    track = FenceTrack(station_id="station_001")
    mark = await live.mark()  # now the records are read
    await live.put_board(board("station_001", version=5))
    await live.put_board(board("station_new", version=1))
    later = fix("mover", at=NOON + timedelta(seconds=1))
    await live.put_position(later)
    await live.put_fences("mover", track)
    await live.put_position(fix("newcomer"))

    await live.replace_all([board("station_001", version=4)], [fix("mover")], since=mark)

    assert await live.boards() == [board("station_001", version=5), board("station_new", version=1)]
    assert sorted(one.user_id for one in await live.positions()) == ["mover", "newcomer"]
    assert await live.position("mover") == later
    assert await live.position("gone") is None
    assert await live.fences("mover") == track


async def test_rebuild_replaces_what_is_newer_than_the_records_for_no_reason(live: Live) -> None:
    """As after the records were restored from a backup."""
    await live.put_board(board("station_001", version=9, name="Phantom"))
    await live.put_position(fix(at=NOON + timedelta(hours=1)))
    await live.put_fences("consumer_001", FenceTrack(station_id="station_001"))

    await live.replace_all([board("station_001", version=3)], [fix(at=NOON)], since=await live.mark())

    assert await live.board("station_001") == board("station_001", version=3)
    assert await live.position("consumer_001") == fix(at=NOON)
    assert await live.fences("consumer_001") is None
    await live.put_board(board("station_001", version=4))
    assert (await live.boards())[0].version == 4


def forecast(id: str = "station_001", value: float = 0.4) -> KeptForecast:
    band = {"low": 0.2, "high": 0.7, "confidence": 0.6}
    return KeptForecast(model="load_prediction", id=id, at=NOON, value=value, **band, own={"weeks": 3})


async def test_the_newest_forecast_is_kept(live: Live) -> None:
    await live.put_forecast(forecast(), for_s=60)
    await live.put_forecast(forecast(value=0.5), for_s=60)

    assert await live.forecast("load_prediction", "station_001") == forecast(value=0.5)
    assert await live.forecast("load_prediction", "station_002") is None
    assert await live.forecast("fault_prediction", "station_001") is None


async def test_a_forecast_is_not_kept_longer_than_it_is_worth(live: Live, clock: HandClock) -> None:
    await live.put_forecast(forecast(), for_s=0.001)
    clock.forward(seconds=1)

    async with asyncio.timeout(5):
        while await live.forecast("load_prediction", "station_001") is not None:
            pass


async def test_60_calls_a_minute(live: Live, clock: HandClock) -> None:
    answers = [await live.allow("u", per_minute=60, per_hour=1000) for _ in range(60)]
    assert answers == [Allowance(True)] * 60

    clock.forward(seconds=15)
    assert await live.allow("u", per_minute=60, per_hour=1000) == Allowance(False, 45.0)

    assert (await live.allow("other", per_minute=60, per_hour=1000)).allowed
    clock.forward(seconds=45)
    assert (await live.allow("u", per_minute=60, per_hour=1000)).allowed


async def test_hour_is_counted_over_many_minutes(live: Live, clock: HandClock) -> None:
    for _ in range(4):
        assert (await live.allow("u", per_minute=2, per_hour=4)).allowed
        clock.forward(minutes=1)

    assert await live.allow("u", per_minute=2, per_hour=4) == Allowance(False, 56 * 60.0)
    clock.forward(minutes=56)
    assert (await live.allow("u", per_minute=2, per_hour=4)).allowed


async def test_refused_calls_are_not_counted(live: Live, clock: HandClock) -> None:
    for _ in range(10):
        await live.allow("u", per_minute=1, per_hour=3)
    clock.forward(minutes=1)

    assert (await live.allow("u", per_minute=1, per_hour=3)).allowed


async def test_retry_is_when_both_windows_allow_it(live: Live) -> None:
    await live.allow("u", per_minute=1, per_hour=1)

    assert await live.allow("u", per_minute=1, per_hour=1) == Allowance(False, 3600.0)


async def test_0_is_no_limit(live: Live) -> None:
    for _ in range(100):
        assert (await live.allow("u", per_minute=0, per_hour=0)).allowed


async def test_clock_set_back_does_not_lock_anybody_out(live: Live, clock: HandClock) -> None:
    await live.allow("u", per_minute=1, per_hour=10)
    clock.forward(days=-1)

    assert (await live.allow("u", per_minute=1, per_hour=10)).allowed


async def test_memory_is_bounded(clock: HandClock) -> None:
    live = MemoryLive(clock=clock, most_users=3)

    for number in range(10):
        await live.put_position(fix(f"u{number}"))
        await live.put_fences(f"u{number}", FenceTrack(station_id="s"))
        await live.allow(f"u{number}", per_minute=1, per_hour=1)

    assert [one.user_id for one in await live.positions()] == ["u7", "u8", "u9"]
    assert await live.fences("u6") is None
    assert await live.fences("u9")
    assert (await live.allow("u0", per_minute=1, per_hour=1)).allowed  # forgotten
    assert not (await live.allow("u9", per_minute=1, per_hour=1)).allowed


@pytest.mark.parametrize("most_users", [1, 3])
async def test_rebuild_is_bounded_too(clock: HandClock, most_users: int) -> None:
    live = MemoryLive(clock=clock, most_users=most_users)

    await live.replace_all([], [fix(f"u{number}") for number in range(10)], since=await live.mark())

    assert len(await live.positions()) == most_users
