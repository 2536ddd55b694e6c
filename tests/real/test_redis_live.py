"""`RedisLive` on real servers: what the contract does not say of a store that is shared and can be lost."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from hub.stores.redis_client import MOST_CONNECTIONS
from hub.stores.redis_commands import DEADLINE_S
from services.errors import Unavailable
from services.fences import FenceTrack
from services.ports import Allowance
from tests.contract.documents import NOON, board, fix
from tests.real.live_support import is_back, opened, rebuild, watched
from tests.real.redis_server import RedisServer, single

SLACK_S = 0.5  # of a busy machine


# -- what it holds


async def test_every_key_goes_by_itself_or_has_a_reason(redis_url: str) -> None:
    async with opened(redis_url) as live:
        await live.put_fences("consumer_001", FenceTrack(station_id="station_001"))
        await live.allow("consumer_001:command", per_minute=1, per_hour=1)

        client = live._commands.client
        lives = {key.decode(): await client.ttl(key) for key in await client.keys("*")}

    stay = {key for key, seconds in lives.items() if seconds == -1 and not key.startswith("fence:")}
    # reasons: the table of RedisLive
    assert stay == {"queue:station_001", "queues", "places:{queues}", "live:0"}
    assert set(lives) - stay >= {"location:consumer_001", "locations", "rate:consumer_001:command"}
    assert all(0 < seconds <= 24 * 3600 for key, seconds in lives.items() if seconds != -1)


async def test_positions_are_bounded_and_the_oldest_go_first(redis_url: str) -> None:
    async with opened(redis_url, most_users=3) as live:
        for number in range(1, 10):
            await live.put_position(fix(f"u{number}", at=NOON + timedelta(seconds=number)))

        assert [one.user_id for one in await live.positions()] == ["u7", "u8", "u9"]
        assert await live.position("u6") is None
        assert await live.position("u9")


async def test_a_rebuild_is_bounded_too(redis_url: str) -> None:
    async with opened(redis_url, most_users=3) as live:
        fixes = [fix(f"u{number}", at=NOON + timedelta(seconds=number)) for number in range(10)]
        await live.replace_all([], fixes, since=await live.mark())

        assert [one.user_id for one in await live.positions()] == ["u7", "u8", "u9"]
        assert len(await live._commands.client.keys("location:*")) == 3


async def test_windows_go_by_the_clock_of_the_server(redis_url: str) -> None:
    async with opened(redis_url) as live:
        assert (await live.allow("u", per_minute=1, per_hour=10)).allowed
        refused = await live.allow("u", per_minute=1, per_hour=10)

    assert not refused.allowed
    assert 55 < refused.retry_after_s <= 60


async def test_nothing_under_way_is_unbounded(redis_url: str) -> None:
    async with opened(redis_url) as live:
        async with asyncio.TaskGroup() as group:
            for _ in range(20 * MOST_CONNECTIONS):
                group.create_task(live.put_board(board(version=4)))
        ours = await live._commands.client.client_list()

    assert 1 < len([one for one in ours if one["name"] == "navswap-live"]) <= MOST_CONNECTIONS


async def test_commands_that_travel_together_fail_alone(redis_url: str) -> None:
    async with opened(redis_url) as live:
        await live._commands.client.set("rate:broken", "of another program")
        await live._commands.client.script_flush()  # each script is sent anew

        keys = [f"u{number}" for number in range(300)]
        keys[150] = "broken"
        asked = [live.allow(key, per_minute=1, per_hour=1) for key in keys]
        answers = await asyncio.gather(*asked, return_exceptions=True)

        assert [type(answer) for answer in answers].count(Unavailable) == 1
        assert isinstance(answers[150], Unavailable)
        assert all(answer.allowed for answer in answers if not isinstance(answer, BaseException))
        assert live._commands._trips == 0


async def test_who_gives_up_leaves_the_others_alone(redis_server: RedisServer) -> None:
    async with opened(redis_server.url) as live:
        with redis_server.paused():
            tasks = [asyncio.create_task(live.allow(f"u{n}", per_minute=1, per_hour=1)) for n in range(40)]
            _, waiting = await asyncio.wait(tasks, timeout=0.2)  # that is: until they wait for answers
            assert len(waiting) == 40
            for task in tasks[::2]:
                task.cancel()
        answers = await asyncio.gather(*tasks, return_exceptions=True)

        assert {type(answer) for answer in answers[::2]} == {asyncio.CancelledError}
        assert answers[1::2] == [Allowance(True)] * 20


async def test_a_key_of_another_kind_is_replaced(redis_url: str) -> None:
    """The predecessor kept lists under these names."""
    async with opened(redis_url) as live:
        client = live._commands.client
        for key in ("queue:station_001", "queue:station_002", "location:consumer_001", "location:new"):
            await client.delete(key)
            await client.rpush(key, "of another program")

        await rebuild(live)
        await live.put_board(board("station_002"))
        await live.put_position(fix("new"))

        assert [one.station_id for one in await live.boards()] == ["station_001", "station_002"]
        assert {one.user_id for one in await live.positions()} == {"consumer_001", "new"}


# -- what it loses


async def test_an_emptied_server_gives_no_wrong_answer(redis_url: str) -> None:
    async with opened(redis_url) as live:
        await live._commands.client.flushdb()

        with pytest.raises(Unavailable):
            await live.boards()
        with pytest.raises(Unavailable):
            await live.position("consumer_001")
        with pytest.raises(Unavailable):
            await live.positions()
        assert await live.board("station_001") is None  # the caller turns to the records
        assert (await live.allow("u", per_minute=1, per_hour=1)).allowed  # windows begin anew

        await rebuild(live)
        assert [one.version for one in await live.boards()] == [3]
        assert await live.position("nobody") is None


async def test_emptied_and_written_to_again_it_is_still_not_whole(redis_url: str) -> None:
    async with opened(redis_url) as live:
        await live._commands.client.flushdb()
        await live.put_board(board("station_002"))
        await live.put_position(fix("new"))

        with pytest.raises(Unavailable):
            await live.boards()
        with pytest.raises(Unavailable):
            await live.position("consumer_001")


async def test_emptied_during_a_rebuild_it_is_begun_anew(redis_url: str) -> None:
    async with opened(redis_url) as live:
        mark = await live.mark()
        await live._commands.client.flushdb()

        with pytest.raises(Unavailable):
            await live.replace_all([board(version=3)], [fix()], since=mark)
        with pytest.raises(Unavailable):
            await live.boards()


async def test_emptied_it_is_made_again_without_a_hand(redis_url: str) -> None:
    async with opened(redis_url) as live, watched(live):
        await live._commands.client.flushdb()
        await is_back(live, within_s=3)


async def test_an_unreadable_board_is_made_again_without_a_hand(redis_url: str) -> None:
    async with opened(redis_url) as live, watched(live):
        await live._commands.client.hset("queue:station_001", mapping={"digest": "x", "board": "{}"})
        await live._commands.client.hset("queues", "station_001", "3:x")

        assert await live.board("station_001") is None
        await is_back(live, within_s=3)


async def test_two_nodes_see_one_loss_and_one_mends_it(redis_url: str) -> None:
    async with opened(redis_url) as one, opened(redis_url) as other:
        mended = []
        for name, live in (("one", one), ("other", other)):
            live.wholeness.on_lost = lambda name=name: mended.append(name)  # type: ignore[misc]
        await one._commands.client.flushdb()

        await asyncio.gather(one.wholeness._see(), other.wholeness._see())
        assert len(mended) == 1
        await rebuild(one if mended == ["one"] else other)
        await asyncio.gather(one.wholeness._see(), other.wholeness._see())

        assert [board.version for board in await one.boards()] == [3]
        assert await one.boards() == await other.boards()


async def test_a_server_that_died_is_unavailable_at_once_and_made_again(redis_server: RedisServer) -> None:
    async with opened(redis_server.url) as live, watched(live):
        redis_server.kill()
        for ask in (
            live.boards,
            lambda: live.allow("u", per_minute=1, per_hour=1),
            lambda: live.put_board(board()),
        ):
            async with asyncio.timeout(SLACK_S):
                with pytest.raises(Unavailable):
                    await ask()

        redis_server.start()
        await is_back(live)


async def test_a_server_that_comes_back_with_less_is_found_out(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Restarted, Redis reads what it saved last: what was then, with every mark in its place."""
    with single(tmp_path_factory.mktemp("redis")) as server:
        async with opened(server.url) as live, watched(live):
            await live.put_board(board("station_002"))
            server.ask("SAVE")
            await rebuild(live)  # the records know of no second station
            server.kill()
            server.start()
            assert server.ask("EXISTS", "queues", "queue:station_002", "live:0") == 3

            await is_back(live)


async def test_a_silent_server_is_unavailable_within_the_deadline(redis_server: RedisServer) -> None:
    async with opened(redis_server.url) as live, watched(live):
        loop = asyncio.get_running_loop()
        with redis_server.paused():
            began = loop.time()
            asked = [live.allow(f"u{number}", per_minute=1, per_hour=1) for number in range(200)]
            answers = await asyncio.gather(*asked, return_exceptions=True)
            took = loop.time() - began

        assert {type(answer) for answer in answers} == {Unavailable}
        assert took < DEADLINE_S + SLACK_S
        await is_back(live)
        assert (await live.allow("later", per_minute=1, per_hour=1)).allowed
