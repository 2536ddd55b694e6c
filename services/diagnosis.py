"""Level 2: will a fault need a person, and what should they do? The fault model's answer."""

from __future__ import annotations

from datetime import datetime

from mlmodels.catalog import FAULT
from mlmodels.history import Faults, History, PackReading, Place
from mlmodels.runtime import Runtime
from services.fault_models import Analysis, Incident, Reason
from services.models import Battery
from services.past_faults import faults_of
from services.ports import Snapshot, Transaction, Where
from services.runbooks import ADVICE, runbook_for
from services.states import TICKET_OPEN


async def signs_of(
    reads: Snapshot | Transaction, incident: Incident, pack: Battery | None, at: datetime
) -> History:
    """What the records know of a fault."""
    tickets: Where = {"station_id": incident.station_id, "status": TICKET_OPEN}
    return History(
        at=at,
        horizon_minutes=FAULT.horizon.usual,
        place=Place(open_tickets=await reads.tickets.count(tickets)),
        faults=await faults_of(reads, incident.station_id, incident.raised_at, incident=incident),
        pack=reading_of(pack) if pack else None,
    )


def reading_of(pack: Battery) -> PackReading:
    return PackReading(soc=pack.soc, soh=pack.soh, temperature_c=pack.temperature_c, cycles=pack.cycles)


def diagnose(models: Runtime, signs: History, kind: str) -> Analysis:
    """The opinion on a fault with these signs."""
    forecast = models.predict(FAULT.name, FAULT.build(signs))
    return Analysis(
        probability=round(forecast.estimate.value, 3),
        reasons=tuple(Reason(feature=name, effect=round(effect, 3)) for name, effect in forecast.reasons),
        recommendation=advice(kind, signs.faults),
        source=forecast.source,
        model_version=forecast.version,
        at=signs.at,
    )


def advice(kind: str, signs: Faults) -> str:
    """What somebody should do about a fault of this kind."""
    runbook = runbook_for(kind)
    if runbook is not None:
        return ADVICE[runbook.name]
    if signs.same_7d:
        return "It has come back: look for the cause on site instead of resetting it again."
    return "Have a look at it on site and write down what you find."
