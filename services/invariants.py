"""What must be true of the whole network at any moment: an end frees everything, nothing is promised twice.

Like the other audits it is shown documents one by one, in the order of `SHOWN`, and names every fault.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from typing import Any, Final

from services.fault_models import Incident, Ticket
from services.job_models import EndKind, Job
from services.models import Assignment, Battery, Entry, HolderKind, QrToken, Station, Swap, battery_type_of
from services.states import (
    INCIDENT_OPEN,
    OPEN,
    OPEN_JOB,
    TICKET_OPEN,
    WAITLISTED,
    BatteryState,
    EntryState,
    JobState,
    SwapState,
)
from services.upkeep_models import Timer
from services.waiting_models import Waiting

SHOWN: Final = (
    "stations",
    "queues",
    "waitlist",
    "transport_jobs",
    "batteries",
    "swaps",
    "qr_tokens",
    "staff_assignments",
    "incidents",
    "tickets",
    "timers",
)
"""The collections that are needed, in the order in which they must be shown."""

_SOUND: Final = (BatteryState.CHARGED, BatteryState.CHARGING, BatteryState.QUARANTINED)
"""What may be promised, or was when it was; a rider whose pack is taken out of use keeps the place."""

_WAITING_ON: Final = {
    "queue": "entry",
    "waitlist": "offer",
    "job": "job",
    "fault": "incident",
    "ticket": "ticket",
}
"""What a timer is about, by the first part of its kind; of others nothing is known here."""


class NetworkAudit:
    """Shown every document of `SHOWN`; `close` tells what does not fit together."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.open_entries = self.open_jobs = 0
        self._places: dict[str, int] = {}
        self._waitlisted: dict[str, int] = {}
        self._turns: defaultdict[str, list[Waiting]] = defaultdict(list)  # the open ones, by station
        self._turns_of: Counter[str] = Counter()
        self._offers: set[str] = set()  # that no timer ends
        self._entries: dict[str, Entry] = {}  # the open ones
        self._states: dict[str, EntryState] = {}  # of every entry
        self._started: set[str] = set()
        self._waiting: defaultdict[str, list[Entry]] = defaultdict(list)
        self._taken: Counter[str] = Counter()
        self._riders: Counter[str] = Counter()
        self._jobs: dict[str, Job] = {}  # the open ones
        self._job_of: dict[str, str] = {}
        self._held: defaultdict[str, set[str]] = defaultdict(set)
        self._supply: Counter[tuple[str, str]] = Counter()  # packs to promise, by station and type
        self._on_duty: Counter[str] = Counter()
        self._used: set[str] = set()  # entries whose token was scanned
        self._open: set[tuple[str, str]] = set()  # what a timer may wait for

    @property
    def showers(self) -> dict[str, Callable[[Any], None]]:
        """Whom to show the documents of a collection to."""
        methods = (
            self.station,
            self.entry,
            self.turn,
            self.job,
            self.pack,
            self.swap,
            self.token,
            self.shift,
            self.incident,
            self.ticket,
            self.timer,
        )
        return dict(zip(SHOWN, methods, strict=True))

    @property
    def seen(self) -> str:
        return (
            f"{len(self._states):,} entries, {self.open_entries:,} of them open, {self.open_jobs:,} open jobs"
        )

    def _fault(self, what: str) -> None:
        self.faults.append(what)

    def station(self, station: Station) -> None:
        self._places[station.id] = station.capacity
        self._waitlisted[station.id] = station.waitlisted

    def entry(self, entry: Entry) -> None:
        self._states[entry.id] = entry.state
        if entry.started_at is not None:
            self._started.add(entry.id)
        if entry.state not in OPEN:
            return
        self.open_entries += 1
        self._entries[entry.id] = entry
        self._open.add(("entry", entry.id))
        self._taken[entry.station_id] += 1
        self._riders[entry.user_id] += 1
        if entry.is_waiting:
            self._waiting[entry.station_id].append(entry)

    def turn(self, turn: Waiting) -> None:
        if turn.state not in WAITLISTED:
            return
        self._turns[turn.station_id].append(turn)
        self._turns_of[turn.user_id] += 1
        if turn.is_offered:
            self._offers.add(turn.id)
            self._open.add(("offer", turn.id))
            self._taken[turn.station_id] += 1

    def job(self, job: Job) -> None:
        if job.state not in OPEN_JOB:
            return
        self.open_jobs += 1
        self._jobs[job.id] = job
        self._open.add(("job", job.id))
        for battery_id in job.loaded_ids or job.battery_ids:
            other = self._job_of.setdefault(battery_id, job.id)
            if other != job.id:
                self._fault(f"battery {battery_id}: in the jobs {other} and {job.id}")

    def pack(self, pack: Battery) -> None:
        if pack.held_for is not None:
            self._held[pack.held_for].add(pack.id)
            if pack.held_for not in self._entries and pack.held_for not in self._jobs:
                self._fault(f"battery {pack.id}: held for {pack.held_for}, which has ended or never was")
        is_for_riders = pack.held_for is None or pack.held_for in self._entries
        if pack.holder.kind is HolderKind.SLOT and pack.state in _SOUND and is_for_riders:
            self._supply[pack.holder.id, pack.battery_type] += 1

    def swap(self, swap: Swap) -> None:
        state = self._states.get(swap.entry_id)
        if state is None or swap.state is not _swap_of(state):
            self._fault(f"swap {swap.id}: {swap.state}, and its entry is {state or 'not there'}")

    def token(self, token: QrToken) -> None:
        if token.used_at is not None:
            self._used.add(token.entry_id)
        elif token.replaced_at is None and token.entry_id not in self._entries:
            self._fault(f"entry {token.entry_id}: has ended, and a token of it can be scanned")

    def shift(self, shift: Assignment) -> None:
        self._on_duty[shift.staff_id] += shift.ends_at is None

    def incident(self, incident: Incident) -> None:
        if incident.state in INCIDENT_OPEN:
            self._open.add(("incident", incident.id))

    def ticket(self, ticket: Ticket) -> None:
        if ticket.status in TICKET_OPEN:
            self._open.add(("ticket", ticket.id))

    def timer(self, timer: Timer) -> None:
        self._offers.discard(timer.subject)
        about = _WAITING_ON.get(timer.kind.partition(".")[0])
        if about is not None and (about, timer.subject) not in self._open:
            self._fault(f"timer {timer.id}: waits for the {about} {timer.subject}, which has ended")

    def close(self) -> list[str]:
        """Every fault, once everything was shown."""
        self._check_places()
        self._check_turns()
        self._check_promises()
        self._check_jobs()
        self._each_once(self._riders, "open entries")
        self._each_once(self._turns_of, "turns on waitlists")
        self._each_once(self._on_duty, "running shifts")
        for entry_id in sorted(self._used ^ self._started):
            self._fault(f"entry {entry_id}: begun without a scanned token, or the other way round")
        return self.faults

    def _check_places(self) -> None:
        for station_id, taken in sorted(self._taken.items()):
            if taken > (places := self._places.get(station_id, 0)):
                self._fault(f"station {station_id}: {taken} entries and offers for {places} places")
        for station_id, waiting in sorted(self._waiting.items()):
            told = [entry.position for entry in sorted(waiting, key=lambda entry: entry.order)]
            if told != list(range(1, len(told) + 1)):
                self._fault(f"station {station_id}: its riders were told the positions {told}")

    def _check_turns(self) -> None:
        for turn_id in sorted(self._offers):
            self._fault(f"turn {turn_id}: an offer that no timer ends")
        for station_id, counted in sorted(self._waitlisted.items()):
            turns = sorted(self._turns[station_id], key=lambda turn: turn.id)
            if len(turns) != counted:
                self._fault(f"station {station_id}: knows of {counted} turns, there are {len(turns)}")
            told = [turn.position for turn in turns if not turn.is_offered]
            if told != list(range(1, len(told) + 1)):
                self._fault(f"station {station_id}: who waits was told the positions {told}")

    def _check_promises(self) -> None:
        """A pack that is bound is held for its entry alone; for every other promise there is a pack."""
        promised: Counter[tuple[str, str]] = Counter()
        for entry in self._entries.values():
            bound = {entry.battery_id} if entry.battery_id else set()
            if self._held[entry.id] != bound:
                held = _named(self._held[entry.id])
                self._fault(f"entry {entry.id}: bound to {entry.battery_id}, and {held} held for it")
            promised[entry.station_id, battery_type_of(entry.vehicle)] += 1
        for turn in (turn for turns in self._turns.values() for turn in turns if turn.is_offered):
            promised[turn.station_id, turn.battery_type] += 1
        for (station_id, kind), promises in sorted(promised.items()):
            if promises > (packs := self._supply[station_id, kind] + self._coming(station_id)):
                self._fault(f"station {station_id}: {promises} promises of {packs} {kind} packs")

    def _coming(self, station_id: str) -> int:
        """Packs that vans bring there."""
        coming = (job for job in self._jobs.values() if job.state is JobState.IN_TRANSIT)
        return sum(
            len(job.loaded_ids)
            for job in coming
            if job.target.kind is EndKind.STATION and job.target.id == station_id
        )

    def _check_jobs(self) -> None:
        for job in self._jobs.values():
            wanted = set(job.loaded_ids or job.battery_ids)
            if self._held[job.id] != wanted:
                self._fault(f"job {job.id}: has {_named(wanted)}, and {_named(self._held[job.id])} held")

    def _each_once(self, count: Counter[str], what: str) -> None:
        for id, number in sorted(count.items()):
            if number > 1:
                self._fault(f"{id}: {number} {what}")


def _swap_of(state: EntryState) -> SwapState:
    """The state of a swap that follows from its entry's."""
    if state in (EntryState.ACTIVE, EntryState.COMPLETED):
        return SwapState(state)
    return SwapState.PENDING if state in OPEN else SwapState.CANCELLED


def _named(ids: Iterable[str]) -> str:
    return ", ".join(sorted(ids)) or "nothing"
