"""Background work: owners that start again, timers of tokens, the log's reader."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.doors.expiry import Expiry
from hub.fanout import Fanout
from hub.leases import AloneLeases, Lease
from hub.metrics import Metrics
from hub.supervisor import Supervisor
from services.ports import LogRecord

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)


@pytest.mark.parametrize("failure", [RuntimeError("no"), asyncio.CancelledError("of a library's own")])
async def test_a_task_that_fails_is_started_again(
    monkeypatch: pytest.MonkeyPatch, failure: BaseException
) -> None:
    monkeypatch.setattr("hub.supervisor.FIRST_PAUSE_S", 0.001)
    runs, alive = [0], asyncio.Event()

    async def work() -> None:
        runs[0] += 1
        if runs[0] < 3:
            raise failure
        alive.set()
        await asyncio.Event().wait()

    supervisor = Supervisor(metrics := Metrics())
    supervisor.own("work", work)
    async with asyncio.timeout(5):
        await alive.wait()
    await supervisor.stop()

    assert runs == [3]
    assert supervisor.states() == {"work": {"state": "running", "restarts": 2}}
    assert 'hub_task_restarts_total{task="work"} 2.0' in metrics.page().decode()


async def test_a_task_that_swallows_a_cancellation_is_ended_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("hub.cancelled.AGAIN_S", 0.01)
    begun = asyncio.Event()

    async def work() -> None:
        begun.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        await asyncio.Event().wait()

    supervisor = Supervisor(Metrics())
    supervisor.own("work", work)
    await begun.wait()
    async with asyncio.timeout(5):
        await supervisor.stop()


async def test_a_task_that_fails_as_it_is_ended_is_not_started_again() -> None:
    begun = asyncio.Event()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            raise RuntimeError("no goodbye")

    supervisor = Supervisor(Metrics())
    supervisor.own("work", work)
    await begun.wait()
    async with asyncio.timeout(5):
        await supervisor.stop()
    assert supervisor.states()["work"]["restarts"] == 0


async def test_a_task_that_has_failed_is_told_until_it_runs_again() -> None:
    failed = asyncio.Event()

    async def fails() -> None:
        failed.set()
        raise RuntimeError("no")

    async def ends() -> None:
        return

    supervisor = Supervisor(metrics := Metrics())
    supervisor.own("fails", fails)
    supervisor.own("ends", ends)
    await failed.wait()
    await asyncio.sleep(0)
    states, page = supervisor.states(), metrics.page().decode()
    await supervisor.stop()

    assert states == {
        "fails": {"state": "pausing", "restarts": 1},
        "ends": {"state": "done", "restarts": 0},
    }
    assert 'hub_task_running{task="fails"} 0.0' in page
    assert 'hub_task_running{task="ends"} 1.0' in page


async def test_work_of_one_node_is_started_again_with_a_greater_fence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("hub.supervisor.FIRST_PAUSE_S", 0.001)
    leases, fences, alive = AloneLeases(clock=lambda: NOW), [], asyncio.Event()

    async def work(lease: Lease) -> None:
        fences.append(lease.fence)
        if len(fences) < 3:
            raise RuntimeError("no")
        alive.set()
        await asyncio.Event().wait()

    supervisor = Supervisor(Metrics())
    supervisor.own_on_one_node("work", leases, work)
    async with asyncio.timeout(5):
        await alive.wait()
    assert leases.held() == {"work": True}
    await supervisor.stop()

    assert len(fences) == len(set(fences)) == 3
    assert fences == sorted(fences)
    assert leases.held() == {"work": False}


class _Sockets:
    def __init__(self) -> None:
        self.now = NOW
        self.said: list[tuple[str, str]] = []
        self.expiry = Expiry(lambda: self.now, self.expired, self.cut)

    async def expired(self, sid: str, at: float) -> None:
        self.said.append(("expired", sid))
        self.expiry.cut(sid, at + 60)

    async def cut(self, sid: str) -> None:
        self.said.append(("cut", sid))

    async def after(self, seconds: float) -> list[tuple[str, str]]:
        self.now = NOW + timedelta(seconds=seconds)
        await self.expiry._fire_due()
        return self.said


async def test_a_token_ends_and_a_minute_later_its_socket() -> None:
    sockets = _Sockets()
    sockets.expiry.watch("a", NOW.timestamp() + 10)

    assert await sockets.after(9) == []
    assert await sockets.after(10) == [("expired", "a")]
    assert await sockets.after(69) == [("expired", "a")]
    assert await sockets.after(70) == [("expired", "a"), ("cut", "a")]


async def test_a_renewed_token_and_a_gone_socket_are_left_alone() -> None:
    sockets = _Sockets()
    for sid in ("renewed", "gone", "late"):
        sockets.expiry.watch(sid, NOW.timestamp() + 10)
    sockets.expiry.watch("renewed", NOW.timestamp() + 500)
    sockets.expiry.forget("gone")
    await sockets.after(20)
    sockets.expiry.watch("late", NOW.timestamp() + 500)  # renewed after it was told

    assert await sockets.after(499) == [("expired", "late")]


async def test_renewing_for_ever_does_not_grow() -> None:
    sockets = _Sockets()
    for step in range(50_000):
        sockets.expiry.watch("a", NOW.timestamp() + 100 + step)

    assert len(sockets.expiry._heap) < 2_000


async def test_a_sooner_end_wakes_the_sleeper() -> None:
    told = asyncio.Event()

    async def expired(_sid: str, _at: float) -> None:
        told.set()

    async def cut(_sid: str) -> None: ...

    expiry = Expiry(lambda: datetime.now(UTC), expired, cut)
    expiry.watch("far", datetime.now(UTC).timestamp() + 1000)
    task = asyncio.create_task(expiry.run())
    await asyncio.sleep(0)
    expiry.watch("near", datetime.now(UTC).timestamp() + 0.05)
    async with asyncio.timeout(2):
        await told.wait()
    task.cancel()


class _Engine:
    def __init__(self) -> None:
        self.sent: list[tuple[str, Any, Any]] = []

    async def emit(self, event: str, data: Any, *, room: Any, once: Any = None) -> None:
        self.sent.append((event, data, room))


def _record(seq: int, name: str | None, rooms: tuple[str, ...]) -> LogRecord:
    return LogRecord(seq, f"id{seq}", name, rooms, None, None, "key", NOW, b'{"n": %d}' % seq)


async def test_facts_go_to_their_rooms_in_order_and_others_to_listeners_alone() -> None:
    fanout, heard = Fanout(engine := _Engine(), Metrics()), []
    fanout.listen(lambda record, payload: heard.append((record.seq, payload["n"])))

    await fanout.deliver(
        [
            _record(4, "queue:changed", ("a", "b")),
            _record(5, None, ()),
            _record(9, "swap:completed", ("admin",)),
        ]
    )

    assert engine.sent == [("queue:changed", {"n": 4}, ["a", "b"]), ("swap:completed", {"n": 9}, ["admin"])]
    assert heard == [(4, 4), (5, 5), (9, 9)]
