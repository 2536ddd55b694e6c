"""Readers of the log: in order, at least once, from where they were."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import pytest

from hub.stores import outbox
from hub.stores.outbox import Lag, OutboxReader
from services.ports import Log, LogRecord, Records
from tests.contract.documents import HandClock, heard


class Listener:
    """Takes deliveries, fails when told to, and can be waited for."""

    def __init__(self) -> None:
        self.ids: list[int] = []
        self.fail = 0
        self.failure: BaseException = ConnectionError("the broker is away")
        self._changed = asyncio.Event()

    async def deliver(self, records: Sequence[LogRecord]) -> None:
        if self.fail:
            self.fail -= 1
            self._changed.set()
            raise self.failure
        self.ids += [int(record.id) for record in records]
        self._changed.set()

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not true():
                await self._changed.wait()
                self._changed.clear()


async def write(records: Records, *numbers: int) -> None:
    async with records.transaction() as tx:
        tx.log(*(heard(number) for number in numbers))


@pytest.fixture
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "FIRST_PAUSE_S", 0.001)


async def test_delivers_in_order_what_was_and_what_comes(
    records: Records, log: Log, clock: HandClock
) -> None:
    heard_by = Listener()
    await write(records, 1, 2)

    async with OutboxReader(log, "rooms", heard_by.deliver, clock=clock) as reader:
        await heard_by.until(lambda: heard_by.ids == [1, 2])
        await write(records, 3)
        await heard_by.until(lambda: heard_by.ids == [1, 2, 3])
        assert await reader.lag() == Lag(0, 0.0)

    assert await log.position("rooms") == await log.last()


async def test_goes_on_where_it_was(records: Records, log: Log, clock: HandClock) -> None:
    first, second = Listener(), Listener()
    await write(records, 1, 2)
    async with OutboxReader(log, "kafka", first.deliver, clock=clock):
        await first.until(lambda: first.ids == [1, 2])
    await write(records, 3, 4)

    async with OutboxReader(log, "kafka", second.deliver, clock=clock):
        await second.until(lambda: second.ids == [3, 4])


async def test_from_newest_hears_only_what_comes(records: Records, log: Log, clock: HandClock) -> None:
    listener = Listener()
    await write(records, 1, 2)

    async with OutboxReader(log, "rooms", listener.deliver, clock=clock, from_newest=True):
        await write(records, 3)
        await listener.until(lambda: listener.ids == [3])


@pytest.mark.usefixtures("short_pauses")
@pytest.mark.parametrize("failure", [ConnectionError("away"), asyncio.CancelledError("of a driver's own")])
async def test_failed_delivery_comes_again_and_nothing_is_skipped(
    records: Records, log: Log, clock: HandClock, failure: BaseException
) -> None:
    listener = Listener()
    listener.failure = failure
    listener.fail = 3
    await write(records, 1, 2)

    async with OutboxReader(log, "kafka", listener.deliver, clock=clock):
        await listener.until(lambda: listener.ids == [1, 2])

    assert listener.ids == [1, 2]


async def test_lag_and_place_tell_what_was_not_delivered(
    records: Records, log: Log, clock: HandClock
) -> None:
    listener = Listener()
    listener.fail = 1
    await write(records, 1, 2)

    async with OutboxReader(log, "kafka", listener.deliver, clock=clock) as reader:
        await listener.until(lambda: listener.fail == 0)
        clock.forward(seconds=30)
        assert await reader.lag() == Lag(2, 30.0)
        assert reader.at == 0

    assert await log.position("kafka") is None


async def test_stopped_in_the_middle_of_a_delivery_delivers_it_again(
    records: Records, log: Log, clock: HandClock
) -> None:
    begun, again = asyncio.Event(), Listener()

    async def never_ends(_: Sequence[LogRecord]) -> None:
        begun.set()
        await asyncio.Event().wait()

    await write(records, 1)
    async with OutboxReader(log, "rooms", never_ends, clock=clock):
        async with asyncio.timeout(5):
            await begun.wait()

    async with OutboxReader(log, "rooms", again.deliver, clock=clock):
        await again.until(lambda: again.ids == [1])


async def test_place_is_kept_while_it_runs(
    records: Records, log: Log, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "KEEP_EVERY_S", 0.0)
    listener = Listener()

    async with OutboxReader(log, "rooms", listener.deliver, clock=clock):
        await write(records, 1)
        await listener.until(lambda: listener.ids == [1])
        await write(records, 2)
        await listener.until(lambda: listener.ids == [1, 2])
        assert await log.position("rooms") in (1, 2)  # kept while it runs, not at its end alone
