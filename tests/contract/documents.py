"""Documents and facts for the contract suites, short to write."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from services.admin_models import CellTraffic, Checkpoint, CheckpointPart
from services.base import Document, Location
from services.board import StationBoard, Stock
from services.events import GpsMoved, SwapStarted
from services.fault_models import Incident, Severity, Ticket
from services.figures import BatteryCounts
from services.fixes import GpsFix, Trace
from services.job_models import Difference, EndKind, Job, JobEnd
from services.models import (
    Assignment,
    Battery,
    Custody,
    Entry,
    Holder,
    HolderKind,
    Partner,
    Posting,
    PostingState,
    QrToken,
    Role,
    Station,
    Swap,
    User,
    Vehicle,
)
from services.staff_models import Diversion
from services.states import (
    BatteryState,
    DiversionState,
    EntryState,
    IncidentState,
    JobState,
    SwapState,
    WaitingState,
)
from services.upkeep_models import AuditRecord, InstallationFact, KeptAnswer, Timer, UsedLink
from services.waiting_models import Waiting

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
PLACE = Location(lat=12.9716, lng=77.5946)


@dataclass
class HandClock:
    """Time that stands until it is moved."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **step: float) -> None:
        self.now += timedelta(**step)


def user(id: str = "consumer_001", **fields: Any) -> User:
    return User(**{"id": id, "role": Role.CONSUMER, "name": "Asha", "created_at": NOON, **fields})


def station(id: str = "station_001", **fields: Any) -> Station:
    made = {"id": id, "name": "Indiranagar", "location": PLACE, "capacity": 20, "slots": 40}
    return Station(**{**made, **fields})


def entry(id: str = "entry_1", **fields: Any) -> Entry:
    made = {
        "id": id,
        "station_id": "station_001",
        "user_id": f"user_of_{id}",
        "user_name": "Asha",
        "swap_id": f"swap_of_{id}",
        "state": EntryState.CONFIRMED,
        "order": 1,
        "confirmed_at": NOON,
        "hold_until": NOON + timedelta(minutes=30),
        "qr_nonce": "nonce",
        "qr_issued_at": NOON,
    }
    return Entry(**{**made, **fields})


def battery(id: str = "battery_1", *, slot: int = 1, at: str = "station_001", **fields: Any) -> Battery:
    made = {
        "id": id,
        "state": BatteryState.CHARGED,
        "holder": Holder(kind=HolderKind.SLOT, id=at, slot=slot),
        "soc": 95.0,
        "soh": 98.5,
        "updated_at": NOON,
    }
    return Battery(**{**made, **fields})


def swap(id: str = "swap_1", **fields: Any) -> Swap:
    made = {
        "id": id,
        "entry_id": f"entry_of_{id}",
        "user_id": "consumer_001",
        "station_id": "station_001",
        "state": SwapState.PENDING,
        "assigned_battery_id": None,
        "created_at": NOON,
    }
    return Swap(**{**made, **fields})


def posting(id: str = "posting_1", *, amount: int = 10, **fields: Any) -> Posting:
    made = {
        "id": id,
        "account": "consumer_001",
        "amount": amount,
        "rule": "swap_award",
        "source": f"source_of_{id}",
        "state": PostingState.POSTED,
        "reason": "battery swap",
        "at": NOON,
    }
    return Posting(**{**made, **fields})


def job(id: str = "job_1", **fields: Any) -> Job:
    made = {
        "id": id,
        "state": JobState.PENDING,
        "source": JobEnd(kind=EndKind.STATION, id="station_001", name="Indiranagar", location=PLACE),
        "target": JobEnd(kind=EndKind.PARTNER, id="shop_001", name="Shop", location=PLACE),
        "battery_ids": ("battery_1", "battery_2"),
        "differences": (Difference(at_end="from", missing=(), surplus=("x",), noted_at=NOON),),
        "distance_m": 1234,
        "credits": 143,
        "priority": 1,
        "created_by": "admin_001",
        "created_at": NOON,
        "expires_at": NOON + timedelta(hours=1),
    }
    return Job(**{**made, **fields})


def timer(id: str = "hold:1", *, due_at: datetime = NOON) -> Timer:
    return Timer(id=id, kind="hold", subject="1", due_at=due_at)


def fix(user_id: str = "consumer_001", *, at: datetime = NOON, **fields: Any) -> GpsFix:
    made = {"id": f"{user_id}:{at}", "user_id": user_id, "lat": 12.97, "lng": 77.59}
    return GpsFix(**{**made, "at": at, "received_at": at, **fields})


def one_of_each() -> dict[str, Document]:
    """By collection; with odd texts, parts, and numbers that are easily spoiled."""
    return {
        "users": user(name='O\'Brien "ಬೆಂಗಳೂರು" \\ 🔋\n', vehicle=Vehicle(id="KA01")),
        "stations": station(location=Location(lat=-0.1, lng=179.999999)),
        "queues": entry(wait_p50_minutes=0.1, position=1),
        "waitlist": Waiting(
            id="turn",
            station_id="s",
            user_id="u",
            user_name="Asha",
            battery_type="standard",
            state=WaitingState.OFFERED,
            since=NOON,
            offered_until=NOON + timedelta(seconds=120),
        ),
        "swaps": swap(old_battery_soc=1e-9),
        "batteries": battery(soc=33.333333333333336),
        "custody": Custody(
            id="battery_1:00000001",
            battery_id="battery_1",
            number=1,
            giver=None,
            taker=Holder(kind=HolderKind.SLOT, id="station_001", slot=1),
            actor="admin_001",
            proof="battery:save",
            at=NOON,
            previous_hash="",
            hash="0" * 64,
        ),
        "qr_tokens": QrToken(
            id="0" * 64, entry_id="e", user_id="u", station_id="s", issued_at=NOON, expires_at=NOON
        ),
        "credits": posting(amount=-10),
        "gps_logs": fix(
            at=NOON + timedelta(microseconds=1),
            trust=0.4,
            trust_reasons=("mock", "clock_skew"),
            trace=Trace(doubts={"mock": NOON}, step=(1e-07, -0.1 / 3), even=2),
        ),
        "staff_assignments": Assignment(id="shift", staff_id="staff_1", station_id="s", starts_at=NOON),
        "diversions": Diversion(
            id="part",
            diversion_id="diversion",
            staff_id="staff_1",
            staff_name="Asha",
            from_station_id="s",
            to_station_id="t",
            reason="a queue",
            state=DiversionState.OFFERED,
            asked_by="admin_1",
            travel_minutes=12.5,
            offered_at=NOON,
            expires_at=NOON + timedelta(minutes=10),
        ),
        "incidents": Incident(
            id="incident",
            station_id="s",
            kind="slot_jam",
            cause="slot_jam:",
            severity=Severity.HIGH,
            state=IncidentState.ACTING,
            level=1,
            reported_by="device",
            raised_at=NOON,
            last_reported_at=NOON,
        ),
        "tickets": Ticket(
            id="ticket", station_id="s", severity=Severity.HIGH, kind="battery", opened_at=NOON
        ),
        "partner_shops": Partner(id="shop_001", name="Shop", location=PLACE, capacity=8),
        "transport_jobs": job(),
        "kept_answers": KeptAnswer(
            id="u:queue:confirm:1", payload_hash="0", answer='{"ok": true}', at=NOON, expires_at=NOON
        ),
        "timers": timer(),
        "audit": AuditRecord(id="audit", actor="admin_001", action="swap:cancel", at=NOON),
        "checkpoints": Checkpoint(id="2026-11-24T12:00:00.000000Z", taken_at=NOON, seq=7, things=1),
        "checkpoint_parts": CheckpointPart(
            id="2026-11-24T12:00:00.000000Z/000000",
            checkpoint_id="2026-11-24T12:00:00.000000Z",
            last_key="station:s",
            things="eJw=",
        ),
        "traffic": CellTraffic(
            id="8860145b5bfffff",
            until=NOON,
            rank="0.4000:8860145b5bfffff",
            vehicles=2,
            distance_m=900,
            time_s=300,
            free_flow_mps=5,
            congestion=0.6,
            past=(0, 1.5),
        ),
        "used_links": UsedLink(id="nonce", used_at=NOON),
        "installation": InstallationFact(id="secret:qr", value="0f", at=NOON),
    }


def heard(number: int, *, station_id: str = "station_001") -> SwapStarted:
    """A fact that is only in the log."""
    return SwapStarted(
        id=f"{number:06}",
        at=NOON,
        version=number,
        station_id=station_id,
        swap_id="swap",
        entry_id="entry",
        user_id="user",
        staff_id="staff",
        battery_id=None,
    )


def moved(number: int) -> GpsMoved:
    return GpsMoved(
        id=f"{number:06}",
        at=NOON,
        version=0,
        user_id="consumer_001",
        location=PLACE,
        accuracy_m=None,
        speed_mps=None,
        heading=None,
        fix_at=NOON,
        trust=1.0,
        trust_reasons=(),
    )


def board(station_id: str = "station_001", version: int = 1, **fields: Any) -> StationBoard:
    counts = BatteryCounts(total=1, charged=1, charging=0, quarantined=0, held=0)
    made = {
        "station_id": station_id,
        "version": version,
        "name": "Indiranagar",
        "location": PLACE,
        "is_active": True,
        "capacity": 20,
        "slots": 40,
        "bays": 2,
        "entries": (),
        "stock": Stock(counts=counts, sellable={"standard": 1}),
        "staff_on_duty": 2,
        "open_tickets": 0,
    }
    return StationBoard(**{**made, **fields})
