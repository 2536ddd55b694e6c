"""Stations with staff, and people asked to help elsewhere."""

from __future__ import annotations

from services.diversions import DivertOrder
from services.models import Role, Station, User
from services.staff_views import DiversionView
from tests.unit.services.city import City


async def crew(city: City, station: Station) -> list[str]:
    """The ids of those on duty."""
    return [row.staff_id for row in await city.services.staff.on_duty(station.id)]


async def newcomer(city: City, name: str, station_id: str | None = None) -> str:
    """Somebody of whom there is no record: their token alone says where they work."""
    await city.services.people.seen(name, role=Role.STAFF, name=name.title(), station_id=station_id)
    return name


async def user(city: City, name: str) -> User:
    return await city.services.people.get(name)


async def ask(city: City, here: Station, there: Station, *staff_ids: str) -> DiversionView:
    order = DivertOrder(
        from_station_id=here.id, to_station_id=there.id, staff_ids=list(staff_ids), reason="a long queue"
    )
    return await city.services.diversions.divert(order, by="admin_1")


async def answer(city: City, asked: DiversionView, staff_id: str, *, accept: bool = True) -> DiversionView:
    return await city.services.diversions.respond(
        asked.diversion_id, staff_id, accept=accept, reason="because", claimed=None
    )


async def divert(city: City, here: Station, there: Station, staff_id: str) -> DiversionView:
    """Asked and accepted."""
    return await answer(city, await ask(city, here, there, staff_id), staff_id)


async def counted(city: City, station: Station) -> tuple[int, int]:
    """Staff on duty and staffed bays, as the live board shows them."""
    board = await city.services.world.live.board(station.id)
    assert board
    return board.staff_on_duty, board.bays
