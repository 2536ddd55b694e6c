"""Events applied to an old snapshot give the new snapshot, after any history, in every room."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.snapshots import Snapshots
from services.base import Location
from services.errors import HubError
from services.forms import BatteryForm, HolderForm, ProfileForm, StationForm
from services.models import HolderKind, PackHealth, Vehicle
from services.states import BatteryState
from services.stations import SlotReading
from services.swap import Handover
from tests.property.rooms import AdminClient, StaffClient, StationClient, UserClient, comparable, plain
from tests.property.worlds import no_stats, played_in_a_city
from tests.unit.services.city import City

RIDERS = 4
WHAT_MOVES = (
    "state",
    "position",
    "estimated_wait_minutes",
    "pack",
    "hold_until",
    "answer_by",
    "qr_expires_at",
)
OPERATIONS = (
    "foresee",
    "confirm",
    "from_afar",
    "park",
    "leave",
    "arrive",
    "depart",
    "scan",
    "complete",
    "fault",
    "cancel",
    "renew",
    "coming",
    "charge",
    "wait",
    "close",
    "open",
    "resize",
    "profile",
    "take_out",
    "put_back",
    "join",
    "unjoin",
    "walk_in",
    "lapse",
)

steps = st.lists(st.tuples(st.sampled_from(OPERATIONS), st.integers(0, RIDERS - 1)), min_size=1, max_size=25)


class World:
    """One station, four riders, and what each operation does."""

    def __init__(self, city: City) -> None:
        self.city = city
        self.services = city.services
        self.snapshots = Snapshots(city.services, no_stats)

    async def fill(self) -> None:
        self.station = await self.city.station(places=3, charged=3, charging=2, bays=1)
        self.riders = [await self.city.rider() for _ in range(RIDERS)]

    async def step(self, operation: str, rider: str) -> None:
        act: Callable[[str], Awaitable[Any]] = getattr(self, f"_{operation}")
        with suppress(HubError):  # refused: nothing may have changed, and that is checked too
            await act(rider)

    async def _confirm(self, rider: str) -> None:
        await self.services.queue.confirm(rider, self.station.id)

    async def _from_afar(self, rider: str) -> None:
        at = self.station.location
        near = Location(lat=at.lat + 0.1, lng=at.lng)
        await self.services.queue.confirm(rider, self.station.id, near=near)

    async def _park(self, rider: str) -> None:
        for _ in range(7):
            self.city.clock.forward(seconds=60)
            await self.city.ping(rider, self.station, 3000)

    async def _leave(self, rider: str) -> None:
        await self.services.queue.leave(rider, None)

    async def _arrive(self, rider: str) -> None:
        self.city.clock.forward(minutes=1)
        await self.city.arrive(rider, self.station)

    async def _depart(self, rider: str) -> None:
        for metres in (1500, 1600):
            self.city.clock.forward(seconds=45)
            await self.city.ping(rider, self.station, metres)

    async def _scan(self, rider: str) -> None:
        place = await self.services.queue.mine(rider)
        if place:
            await self.services.qr.verify(place.qr_token.token, station_id=self.station.id, by="staff_x")

    async def _complete(self, rider: str, health: PackHealth = PackHealth.HEALTHY) -> None:
        place = await self.services.queue.mine(rider)
        if place:
            swap, old = await self.services.swap.get(place.swap_id), await self.city.pack_of(rider)
            handover = Handover(
                old_battery_id=old.id if old else None,
                new_battery_id=swap.assigned_battery_id or "",
                old_battery_health=health,
            )
            await self.services.swap.complete(place.swap_id, handover, by="staff_x")

    async def _fault(self, rider: str) -> None:
        await self._complete(rider, PackHealth.FAULTY)

    async def _cancel(self, rider: str) -> None:
        place = await self.services.queue.mine(rider)
        if place:
            await self.services.swap.cancel(place.swap_id, "jammed")

    async def _renew(self, rider: str) -> None:
        await self.services.queue.renew_qr(rider)

    async def _coming(self, rider: str) -> None:
        await self.services.queue.still_coming(rider, coming=True)

    async def _charge(self, rider: str) -> None:
        packs = await self.services.world.records.now.batteries.find({"holder.id": self.station.id})
        readings = [SlotReading(battery_id=pack.id, soc=min(100, pack.soc + 30)) for pack in packs]
        await self.services.stations.telemetry(self.station.id, readings)

    async def _join(self, rider: str) -> None:
        await self.services.waitlist.join(rider, self.station.id)

    async def _unjoin(self, rider: str) -> None:
        await self.services.waitlist.leave(rider, None)

    async def _walk_in(self, rider: str) -> None:
        who: dict[str, Any] = {"user_id": rider, "name": None, "vehicle": None}
        await self.services.walk_ins.admit(self.station.id, **who, by="staff_x")

    async def _lapse(self, rider: str) -> None:
        await self.city.fired(minutes=2)

    async def _wait(self, rider: str) -> None:
        await self.city.fired(minutes=9)

    async def _foresee(self, rider: str) -> None:
        begun = await self.services.foresight.begin()
        await self.services.foresight.look(begun, self.station.id)

    async def _close(self, rider: str) -> None:
        await self.services.station_admin.close(self.station.id)

    async def _open(self, rider: str) -> None:
        await self.services.station_admin.open(self.station.id)

    async def _resize(self, rider: str) -> None:
        size = self.riders.index(rider) + 1
        form = StationForm(station_id=self.station.id, name=f"Of {size}", capacity=size, bays=size)
        await self.services.station_admin.save(form)

    async def _profile(self, rider: str) -> None:
        vehicle = Vehicle(id=f"KA-{self.city.clock():%H%M}")
        await self.services.people_saves.save_profile(rider, ProfileForm(name="Asha", vehicle=vehicle))

    async def _take_out(self, rider: str) -> None:
        free = {"holder.id": self.station.id, "held_for": None}
        packs = await self.services.world.records.now.batteries.find(free)
        for pack in packs[:1]:
            await self._save_pack(pack.id, HolderForm(kind=HolderKind.WORKSHOP), None)

    async def _put_back(self, rider: str) -> None:
        away = {"holder.kind": HolderKind.WORKSHOP}
        for pack in await self.services.world.records.now.batteries.find(away):
            slot = HolderForm(kind=HolderKind.SLOT, id=self.station.id)
            await self._save_pack(pack.id, slot, BatteryState.CHARGING)

    async def _save_pack(self, id: str, holder: HolderForm, state: BatteryState | None) -> None:
        await self.services.batteries.save(BatteryForm(battery_id=id, holder=holder, state=state), by="admin")


def world() -> AbstractAsyncContextManager[World]:
    return played_in_a_city(World)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(before=steps, after=steps)
async def test_events_applied_to_a_snapshot_give_the_next_snapshot(
    before: list[tuple[str, int]], after: list[tuple[str, int]]
) -> None:
    async with world() as made:
        for operation, number in before:
            await made.step(operation, made.riders[number])
        station_id, snapshots = made.station.id, made.snapshots
        public = StationClient(plain(await snapshots.station(station_id)))
        staff = StaffClient(plain(await snapshots.staff(station_id)))
        admin = AdminClient(plain(await snapshots.admin()))
        users = {rider: UserClient(plain(await snapshots.user(rider))) for rider in made.riders}
        heard = len(await made.city.told())

        for operation, number in after:
            await made.step(operation, made.riders[number])
        rooms: dict[str, Any] = {
            f"station:{station_id}": public,
            f"station:{station_id}:staff": staff,
            "admin": admin,
        }
        rooms |= {f"user:{rider}": client for rider, client in users.items()}
        for event in (await made.city.told())[heard:]:
            for room in event.pop("rooms"):
                rooms[room].hear({key: value for key, value in event.items() if key != "type"})

        await _same(made, public, staff, admin, users)
        assert await made.services.stations.live_equals_records()


async def _same(
    made: World, public: StationClient, staff: StaffClient, admin: AdminClient, users: dict[str, UserClient]
) -> None:
    fresh = plain(await made.snapshots.station(made.station.id))
    assert public.view == fresh
    now = StaffClient(plain(await made.snapshots.staff(made.station.id)))
    assert comparable(staff.entries) == comparable(now.entries)
    assert staff.packs == now.packs
    assert staff.view["station"] == fresh["station"]
    whole = AdminClient(plain(await made.snapshots.admin()))
    assert admin.stations == whole.stations
    assert comparable(admin.entries) == comparable(whole.entries)
    assert admin.turns == whole.turns
    for rider, client in users.items():
        mine = plain(await made.snapshots.user(rider))
        assert client.credits == mine["credits"]
        assert client.user == mine["user"]
        assert client.waiting == mine["waiting"]
        assert (client.entry is None) == (mine["entry"] is None)
        for field in WHAT_MOVES:
            assert client.entry is None or client.entry[field] == mine["entry"][field]
