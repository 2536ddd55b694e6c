"""Background work: owners that start again, timers of tokens, the log's reader."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.doors.expiry import Expiry
from hub.fanout import READER, Fanout
from hub.metrics import Metrics
from hub.supervisor import Supervisor
from services.ports import LogRecord

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)


async def test_a_task_that_fails_is_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.supervisor.FIRST_PAUSE_S", 0.001)
    runs, alive = [0], asyncio.Event()

    async def work() -> None:
        runs[0] += 1
        if runs[0] < 3:
            raise RuntimeError("no")
        alive.set()
        await asyncio.Event().wait()

    supervisor = Supervisor(metrics := Metrics())
    supervisor.own("work", work)
    async with asyncio.timeout(5):
        await alive.wait()
    await supervisor.stop()

    assert runs == [3]
    assert 'hub_task_restarts_total{task="work"} 2.0' in metrics.page().decode()


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


class _Log:
    """A log in a list."""

    def __init__(self, records: Iterable[LogRecord]) -> None:
        self.records = list(records)
        self.kept: int | None = None
        self.idle = asyncio.Event()

    async def read(self, *, after: int, limit: int) -> list[LogRecord]:
        return [record for record in self.records if record.seq > after][:limit]

    async def last(self) -> int:
        return self.records[-1].seq if self.records else 0

    async def position(self, reader: str) -> int | None:
        assert reader == READER
        return self.kept

    async def keep_position(self, reader: str, seq: int) -> None:
        self.kept = seq

    async def wait(self, *, after: int, timeout_s: float) -> bool:
        if after < await self.last():
            return True
        self.idle.set()
        await asyncio.Event().wait()
        return False


class _Engine:
    def __init__(self) -> None:
        self.sent: list[tuple[str, Any, Any]] = []

    async def emit(self, event: str, data: Any, *, room: Any) -> None:
        self.sent.append((event, data, room))


def _record(seq: int, name: str | None = "queue:changed", rooms: tuple[str, ...] = ("admin",)) -> LogRecord:
    return LogRecord(seq, f"id{seq}", name, rooms, None, None, "key", NOW, b'{"n": %d}' % seq)


async def _read(log: _Log) -> tuple[_Engine, Fanout]:
    fanout = Fanout(log, engine := _Engine(), Metrics(), time=asyncio.get_running_loop().time)
    await fanout.start()
    task = asyncio.create_task(fanout.run())
    async with asyncio.timeout(2):
        await log.idle.wait()
    task.cancel()
    return engine, fanout


async def test_facts_go_to_their_rooms_in_order_and_others_to_nobody() -> None:
    log = _Log([_record(4, rooms=("a", "b")), _record(5, name=None, rooms=()), _record(9)])
    log.kept = 3

    engine, _ = await _read(log)

    assert engine.sent == [("queue:changed", {"n": 4}, ["a", "b"]), ("queue:changed", {"n": 9}, ["admin"])]


async def test_after_a_crash_nothing_is_missing() -> None:
    """The place was kept before the last events were emitted: they come again."""
    log = _Log(_record(seq) for seq in range(1, 1501))
    log.kept = 700

    engine, fanout = await _read(log)
    await fanout.keep()

    assert [data["n"] for _, data, _ in engine.sent] == list(range(701, 1501))
    assert log.kept == 1500


async def test_a_first_reader_begins_at_the_end() -> None:
    engine, _ = await _read(_Log([_record(1), _record(2)]))

    assert engine.sent == []
