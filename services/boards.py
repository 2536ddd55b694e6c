"""Keeps every station's board true: one step at the end of each change of a station."""

from __future__ import annotations

from services.board import Place, StationBoard, Stock, project, ranked, staffed_bays
from services.charging import minutes_to
from services.duty import Crew, count_on_duty
from services.errors import NotFound, raise_
from services.events import QueueCalled, QueueChanged, QueueUpdated, StationUpdated
from services.models import Entry, HolderKind, PackPromise, Station
from services.place_offers import PlaceOffers, offered, open_turns
from services.ports import Snapshot, Transaction
from services.promises import SHORT, Promises, Stand
from services.staff_facts import StaffChanged
from services.staff_views import roster_of
from services.states import OPEN, TICKET_OPEN, BatteryState, EntryState
from services.timers import set_timer, timer
from services.world import World


class Boards:
    """Projects boards, and publishes them with the change that made them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._promises = Promises(world)
        self._offers = PlaceOffers(world, self._promises)

    async def get(self, station_id: str) -> StationBoard:
        """The board from live state, or from the records when live state has lost it. Raises NotFound."""
        board = await self._world.live.board(station_id)
        if board is not None:
            return board
        reads = self._world.records.now
        station = await reads.stations.get(station_id) or raise_(NotFound(station_id=station_id))
        board = await self.project(reads, station)
        await self._world.live.put_board(board)
        return board

    async def project(self, reads: Snapshot | Transaction, station: Station) -> StationBoard:
        """The board as the records are."""
        crew = await count_on_duty(reads, station.id)
        entries, turns = await open_entries(reads, station.id), await open_turns(reads, station)
        stand = await self._promises.stand(reads, station.id, entries, turns)
        places = ranked(entries, staffed_bays(station.bays, crew.present), stand.outlook())
        told = [entry.told(position, wait, pack) for entry, position, wait, pack in places]
        return await self._project(reads, station, told, crew, stand, on_offer=offered(turns))

    async def publish(self, tx: Transaction, station: Station) -> None:
        """Write the station's next version, bind packs, call who is next, and tell everybody what moved.

        The last step of every transaction that changed the station's queue or stock. `station` may
        carry changed fields; its version is still the stored one. Who changes the staff on duty there
        sets `staff_on_duty` to none.
        """
        await self._publish(tx, station, await open_entries(tx, station.id), None)

    async def join(self, tx: Transaction, station: Station, entries: list[Entry], joining: Entry) -> Entry:
        """Publish with one more entry behind the open ones; it is written with its place, and answered.

        A rider who is there already is given a pack, and is called, by the next publishing.
        """
        told = await self._publish(tx, station, [*entries, joining], joining)
        return next(entry for entry in told if entry.id == joining.id)

    async def _publish(
        self, tx: Transaction, station: Station, entries: list[Entry], joining: Entry | None
    ) -> list[Entry]:
        crew = await self._crew(tx, station)
        turns = await open_turns(tx, station)
        station = station.changed(
            staff_on_duty=crew.on_duty, staff_present=crew.present, waitlisted=len(turns)
        )
        await tx.stations.replace(station)
        bays = staffed_bays(station.bays, crew.present)
        entries, stand = await self._promises.bind(tx, station.id, entries, turns, but=joining)
        if turns:
            turns = await self._offers.serve(tx, station, entries, turns)
            if len(turns) < station.waitlisted:
                station = station.changed(waitlisted=len(turns))
                await tx.stations.replace(station)
            stand = await self._promises.stand(tx, station.id, entries, turns)
        places = ranked(await self._call_next(tx, bays, entries), bays, stand.outlook())
        told = [await self._tell(tx, place, is_new=place[0] is joining) for place in places]
        board = await self._project(tx, station, told, crew, stand, on_offer=offered(turns))
        await self._promises.watch(tx, station.id, stand)
        tx.log(self._queue_changed(board), self._station_updated(board))
        tx.after_commit(lambda: self._world.live.put_board(board))
        return told

    async def _crew(self, tx: Transaction, station: Station) -> Crew:
        """The staff as counted last, or counted anew; then everybody there is told who they are."""
        if station.staff_on_duty is not None and station.staff_present is not None:
            return Crew(station.staff_on_duty, station.staff_present)
        people = await roster_of(tx, station.id)
        tx.log(
            StaffChanged(
                **self._world.stamp(),
                version=station.version + 1,
                station_id=station.id,
                items=tuple(people),
            )
        )
        return Crew.of(people)

    async def _tell(self, tx: Transaction, place: Place, *, is_new: bool) -> Entry:
        """Tell a rider whose position or wait is no longer what they were told; write who is new."""
        entry, position, wait, pack = place
        told = entry.told(position, wait, pack)
        if is_new:
            await tx.queues.insert(told)
        elif told is not entry:
            await tx.queues.replace(told)
        else:
            return entry
        if told.pack is PackPromise.SHORT and entry.pack is not PackPromise.SHORT:
            await set_timer(tx, timer(SHORT, told.id, self._world.clock()))
        tx.log(self.queue_updated(told))
        return told

    async def _project(
        self,
        reads: Snapshot | Transaction,
        station: Station,
        told: list[Entry],
        crew: Crew,
        stand: Stand,
        *,
        on_offer: int,
    ) -> StationBoard:
        return project(
            station,
            told,
            await self._stock(reads, station.id, stand, held=len(told)),
            bays=staffed_bays(station.bays, crew.present),
            staff_on_duty=crew.on_duty,
            open_tickets=await reads.tickets.count({"station_id": station.id, "status": TICKET_OPEN}),
            on_offer=on_offer,
        )

    async def _stock(
        self, reads: Snapshot | Transaction, station_id: str, stand: Stand, *, held: int
    ) -> Stock:
        safety_stock = self._world.rules.safety_stock
        has_some = any(stand.sellable(safety_stock).values())
        ready = None if has_some else await self._next_ready(reads, station_id)
        return stand.stock(safety_stock=safety_stock, held=held, ready_minutes=ready)

    async def _next_ready(self, reads: Snapshot | Transaction, station_id: str) -> float | None:
        here = {"holder.kind": HolderKind.SLOT, "holder.id": station_id}
        fullest = await reads.batteries.first({**here, "state": BatteryState.CHARGING}, order=("-soc",))
        if fullest is None:
            return None
        return round(minutes_to(self._world.rules.charged_soc, fullest.soc), 1)

    async def _call_next(self, tx: Transaction, bays: int, entries: list[Entry]) -> list[Entry]:
        """Call those present whose pack is there, in order, while a bay is free for them."""
        served = [entry for entry in entries if not entry.is_waiting or entry.called_at is not None]
        free_bays = bays - len(served)
        result = []
        for entry in entries:
            if free_bays > 0 and _can_be_called(entry):
                entry = await self._call(tx, entry)
                free_bays -= 1
            result.append(entry)
        return result

    async def _call(self, tx: Transaction, entry: Entry) -> Entry:
        now = self._world.clock()
        until = now + self._world.rules.queue_call
        called = entry.changed(called_at=now, call_until=until)
        await tx.queues.replace(called)
        await set_timer(tx, timer("queue.call", entry.id, until))
        tx.log(
            QueueCalled(
                **self._world.stamp(),
                version=called.version,
                station_id=entry.station_id,
                user_id=entry.user_id,
                entry_id=entry.id,
                state=called.state,
                called_at=now,
                call_until=until,
            )
        )
        return called

    def queue_updated(self, entry: Entry) -> QueueUpdated:
        """The rider's own view of an entry, as an event."""
        return QueueUpdated(
            **self._world.stamp(),
            version=entry.version,
            station_id=entry.station_id,
            user_id=entry.user_id,
            entry_id=entry.id,
            swap_id=entry.swap_id,
            state=entry.state,
            position=entry.position,
            estimated_wait_minutes=entry.told_wait,
            hold_until=entry.hold_until,
            called_at=entry.called_at,
            call_until=entry.call_until,
            qr_expires_at=self._world.rules.qr_expires_at(entry.qr_issued_at, walk_in=entry.walk_in),
            battery_id=entry.battery_id,
            pack=entry.pack,
            answer_by=entry.answer_by,
        )

    def _queue_changed(self, board: StationBoard) -> QueueChanged:
        return QueueChanged(
            **self._world.stamp(),
            version=board.version,
            station_id=board.station_id,
            length=board.length,
            active=board.active,
            capacity=board.capacity,
            available_slots=board.available_slots,
            estimated_wait_minutes=board.newcomer_wait,
            entries=tuple(entry.public for entry in board.entries),
        )

    def _station_updated(self, board: StationBoard) -> StationUpdated:
        return StationUpdated(
            **self._world.stamp(),
            version=board.version,
            station_id=board.station_id,
            station_name=board.name,
            **dict(board.figures),
        )


def _can_be_called(entry: Entry) -> bool:
    return entry.state is EntryState.ARRIVED and entry.called_at is None and entry.battery_id is not None


async def open_entries(reads: Snapshot | Transaction, station_id: str) -> list[Entry]:
    """A station's open entries, who came first first."""
    return await reads.queues.find({"station_id": station_id, "state": OPEN}, order=("order",))
