"""After any history of two stations: no place is given twice, offers counted in, and nobody is forgotten."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.snapshots import Snapshots
from services.audits import faults_in
from services.base import Location
from services.board import StationBoard
from services.errors import HubError
from services.fault_models import Severity
from services.faults import Report
from services.forms import StationForm
from services.models import Station, battery_type_of
from services.states import OPEN, WAITLISTED
from services.stations import SlotReading
from tests.property.rooms import AdminClient, UserClient, plain
from tests.property.worlds import no_stats, played_in_a_city
from tests.unit.services.city import CENTRE, City

RIDERS = 5
OPERATIONS = (
    *("confirm", "join", "leave", "take") * 3,  # without these there is little to be seen
    "unjoin",
    "walk_in",
    "scan",
    "cancel",
    "charge",
    "lapse",
    "wait",
    "close",
    "burn",
    *("open",) * 6,
)
steps = st.lists(
    st.tuples(st.sampled_from(OPERATIONS), st.integers(0, RIDERS - 1), st.integers(0, 1)),
    min_size=25,
    max_size=40,
)


class Street:
    """Two stations a kilometre apart with a place each and few packs, and riders of two kinds."""

    def __init__(self, city: City) -> None:
        self.city = city
        self.services = city.services
        self.stations: list[Station] = []

    async def fill(self) -> None:
        for north in range(2):
            station = await self.city.station(places=1, charged=2, charging=1, bays=1)
            where = Location(lat=CENTRE.lat + north / 100, lng=CENTRE.lng)
            await self.services.station_admin.save(StationForm(station_id=station.id, location=where))
            self.stations.append(station)
        self.riders = [await self.city.rider() for _ in range(RIDERS - 1)]
        self.riders.append(await self.city.rider(battery_type="heavy"))

    async def step(self, operation: str, rider: int, station: int) -> None:
        act: Callable[[str, str], Awaitable[Any]] = getattr(self, f"_{operation}")
        with suppress(HubError):
            await act(await self._who(operation, rider), self.stations[station].id)

    async def _who(self, operation: str, number: int) -> str:
        """Somebody who can do it, if there is somebody: else most of a history is refused."""
        reads = self.services.world.records.now
        inside = [entry.user_id for entry in await reads.queues.find({"state": OPEN})]
        turns = [turn.user_id for turn in await reads.waitlist.find({"state": WAITLISTED})]
        fit = {
            "leave": inside,
            "join": [rider for rider in self.riders if rider not in (*inside, *turns)],
            "confirm": [rider for rider in self.riders if rider not in (*inside, *turns)],
            "unjoin": turns,
            "take": turns,
        }.get(operation) or self.riders
        return fit[number % len(fit)]

    async def _confirm(self, rider: str, station_id: str) -> None:
        await self.services.queue.confirm(rider, station_id)

    async def _join(self, rider: str, station_id: str) -> None:
        await self.services.waitlist.join(rider, station_id)

    async def _take(self, rider: str, station_id: str) -> None:
        turn = await self.services.waitlist.mine(rider)
        await self.services.queue.confirm(rider, turn.station_id if turn else station_id)

    async def _unjoin(self, rider: str, station_id: str) -> None:
        await self.services.waitlist.leave(rider, None)

    async def _leave(self, rider: str, station_id: str) -> None:
        await self.services.queue.leave(rider, None)

    async def _walk_in(self, rider: str, station_id: str) -> None:
        who: dict[str, Any] = {"user_id": rider, "name": None, "vehicle": None}
        await self.services.walk_ins.admit(station_id, **who, by="staff_x")

    async def _scan(self, rider: str, station_id: str) -> None:
        place = await self.services.queue.mine(rider)
        if place:
            await self.services.qr.verify(place.qr_token.token, station_id=place.station_id, by="staff_x")

    async def _cancel(self, rider: str, station_id: str) -> None:
        place = await self.services.queue.mine(rider)
        if place:
            await self.services.swap.cancel(place.swap_id, "jammed")

    async def _charge(self, rider: str, station_id: str) -> None:
        packs = await self.services.world.records.now.batteries.find({"holder.id": station_id})
        readings = [SlotReading(battery_id=pack.id, soc=min(100, pack.soc + 30)) for pack in packs]
        await self.services.stations.telemetry(station_id, readings)

    async def _lapse(self, rider: str, station_id: str) -> None:
        await self.city.fired(minutes=2)

    async def _wait(self, rider: str, station_id: str) -> None:
        await self.city.fired(minutes=11)

    async def _close(self, rider: str, station_id: str) -> None:
        await self.services.station_admin.close(station_id)

    async def _burn(self, rider: str, station_id: str) -> None:
        report = Report(station_id=station_id, kind="smoke", severity=Severity.CRITICAL)
        await self.services.faults.report(report, by="device_x")

    async def _open(self, rider: str, station_id: str) -> None:
        await self.services.station_admin.open(station_id)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(history=steps)
async def test_places_and_promises_agree_with_entries_and_offers_after_any_history(
    history: list[tuple[str, int, int]],
) -> None:
    async with played_in_a_city(Street) as made:
        snapshots = Snapshots(made.services, no_stats)
        users = {rider: UserClient(plain(await snapshots.user(rider))) for rider in made.riders}
        admin = AdminClient(plain(await snapshots.admin()))
        for operation, rider, station in history:
            heard = len(await made.city.told())

            await made.step(operation, rider, station)

            assert await faults_in(made.services.world.records.now, "network") == []
            for one in made.stations:
                await _nobody_is_forgotten(made, one.id)
            for event in (await made.city.told())[heard:]:
                for room in event.pop("rooms"):
                    client = admin if room == "admin" else users.get(room.removeprefix("user:"))
                    if client is not None:
                        client.hear({key: value for key, value in event.items() if key != "type"})
        await _shown_as_it_is(made, snapshots, users, admin)
        assert await made.services.stations.live_equals_records()


async def _shown_as_it_is(
    made: Street, snapshots: Snapshots, users: dict[str, UserClient], admin: AdminClient
) -> None:
    whole = AdminClient(plain(await snapshots.admin()))
    assert admin.turns == whole.turns
    assert admin.stations == whole.stations
    for rider, client in users.items():
        assert client.waiting == plain(await snapshots.user(rider))["waiting"]


async def _nobody_is_forgotten(made: Street, station_id: str) -> None:
    """Who waits is not at a closed station, and not beside a free place with a pack that fits."""
    reads = made.services.world.records.now
    board: StationBoard | None = await made.services.world.live.board(station_id)
    station = await reads.stations.get(station_id)
    assert board is not None
    assert station is not None
    turns = [turn for turn in await made.services.waitlist.all_open() if turn.station_id == station_id]
    taken = await reads.queues.count({"station_id": station_id, "state": OPEN})
    on_offer = sum(turn.state == "offered" for turn in turns)
    assert board.available_slots == max(0, station.capacity - taken - on_offer)
    assert station.is_active or not turns
    for turn in turns:
        user = await reads.users.get(turn.user_id)
        wanted = battery_type_of(user.vehicle if user else None)
        has_pack = board.stock.sellable.get(wanted, 0) > 0
        assert turn.state == "offered" or not (board.available_slots and has_pack), turn
