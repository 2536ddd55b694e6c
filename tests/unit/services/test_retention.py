"""What is left of old fixes, and of the audit."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from services import retention
from services.base import rfc3339
from services.fixes import GpsFix
from services.upkeep_models import AuditRecord
from tests.unit.services.city import City

DAY = timedelta(days=1)
LONG_AGO = timedelta(days=40)  # thinned, and not dropped


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a minute does not fit into one."""
    monkeypatch.setattr(retention, "ROWS", 7)


def fix(user_id: str, at: datetime) -> GpsFix:
    return GpsFix(id=f"{user_id}:{rfc3339(at)}", user_id=user_id, lat=12.9, lng=77.5, at=at, received_at=at)


async def store(city: City, *fixes: GpsFix) -> None:
    async with city.services.world.records.transaction() as tx:
        await tx.gps_logs.insert(*fixes)


async def left(city: City, user_id: str) -> list[datetime]:
    found = await city.services.world.records.now.gps_logs.find({"user_id": user_id}, order=("at",))
    return [one.at for one in found]


async def ride(city: City, start: datetime, *, riders: int, seconds: int) -> None:
    """A fix a second of everybody, as of phones that know whole seconds only."""
    moments = [start + timedelta(seconds=second) for second in range(seconds)]
    await store(city, *(fix(f"u{number}", at) for at in moments for number in range(riders)))


async def test_of_each_minute_the_first_fix_of_everybody_stays(city: City) -> None:
    start = city.clock() - LONG_AGO
    await ride(city, start, riders=10, seconds=150)

    assert await city.services.retention.run() == {
        "gps_dropped": 0,
        "gps_thinned": 10 * 147,
        "audit_dropped": 0,
    }

    for number in range(10):
        assert await left(city, f"u{number}") == [start + timedelta(minutes=n) for n in range(3)]


async def test_it_goes_on_where_it_ended_and_does_nothing_twice(city: City) -> None:
    start = city.clock() - LONG_AGO
    await ride(city, start, riders=1, seconds=90)
    assert (await city.services.retention.run())["gps_thinned"] == 88

    assert not any((await city.services.retention.run()).values())
    assert await left(city, "u0") == [start, start + timedelta(minutes=1)]


async def test_who_goes_on_in_the_middle_of_a_minute_keeps_the_same(city: City) -> None:
    """The lease was lost after the first part."""
    start = city.clock() - LONG_AGO
    await ride(city, start, riders=3, seconds=30)
    everything = city.services.retention._following

    async def first_part(last: GpsFix | None, *window: datetime | None) -> list[GpsFix]:
        return [] if last else await everything(last, *window)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(city.services.retention, "_following", first_part)
        assert (await city.services.retention.run())["gps_thinned"] == 4

    assert (await city.services.retention.run())["gps_thinned"] == 83
    for number in range(3):
        assert await left(city, f"u{number}") == [start]


async def test_what_is_young_is_whole(city: City) -> None:
    start = city.clock() - 29 * DAY
    await ride(city, start, riders=1, seconds=90)

    assert not any((await city.services.retention.run()).values())
    city.clock.forward(days=2)
    assert (await city.services.retention.run())["gps_thinned"] == 88


async def test_nothing_is_left_after_the_days_that_it_is_kept(city: City) -> None:
    now = city.clock()
    kept = [now - timedelta(days=180), now - timedelta(days=170)]
    await store(
        city, *(fix("u", at) for at in [*kept, now - timedelta(days=180, seconds=1), now - 300 * DAY])
    )

    assert (await city.services.retention.run())["gps_dropped"] == 2
    assert await left(city, "u") == kept


async def test_the_audit_goes_by_its_own_days(city: City) -> None:
    now = city.clock()
    async with city.services.world.records.transaction() as tx:
        for days in (399, 401, 500):
            await tx.audit.insert(
                AuditRecord(id=str(days), actor="admin_001", action="user:save", at=now - days * DAY)
            )

    assert (await city.services.retention.run())["audit_dropped"] == 2
    assert [one.id for one in await city.services.world.records.now.audit.find({})] == ["399"]


async def test_a_part_is_one_short_transaction(city: City) -> None:
    await ride(city, city.clock() - LONG_AGO, riders=1, seconds=50)
    sizes: list[int] = []
    delete = city.services.retention._delete

    async def counted(name: str, ids: list[str], **more: datetime | None) -> None:
        sizes.append(len(ids))
        await delete(name, ids, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(city.services.retention, "_delete", counted)
        await city.services.retention.run()

    assert sum(sizes) == 49
    assert max(sizes) <= 7
