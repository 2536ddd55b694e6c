"""The audits say nothing of what the services wrote, and name whatever was done to it afterwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from services.audits import AUDITS, CustodyAudit
from services.base import Document
from services.forms import BatteryForm, HolderForm
from services.models import Battery, Holder, HolderKind, PackHealth, PostingState
from services.place_offers import OFFER_TIMER
from services.states import EntryState, SwapState, WaitingState
from services.swap import Handover
from tests.unit.services.city import City
from tests.unit.services.roads import Roads

LOST = Holder(kind=HolderKind.LOST, id="lost")


class Books:
    """What the records hold, as documents that can be tampered with, by collection."""

    def __init__(self, collections: dict[str, list[Any]]) -> None:
        self.of = collections

    @classmethod
    async def read(cls, city: City) -> Books:
        now = city.services.world.records.now
        names = {name for make in AUDITS.values() for name in make().showers}
        return cls({name: await getattr(now, name).find({}) for name in names})

    def faults(self) -> list[str]:
        return [fault for make in AUDITS.values() for fault in self._faults(make())]

    def _faults(self, audit: Any) -> list[str]:
        for name, show in audit.showers.items():
            for document in self.of[name]:
                show(document)
        return list(audit.close())

    def change(self, collection: str, at: int, **fields: Any) -> None:
        documents = self.of[collection]
        documents[at] = documents[at].model_copy(update=fields)

    def find(self, collection: str, wanted: Callable[[Any], bool]) -> int:
        return next(at for at, document in enumerate(self.of[collection]) if wanted(document))


@pytest.fixture
async def books(city: City) -> Books:
    """Three swaps of one rider, who waits again, a job with its packs in the van, a place on offer."""
    station, other, roads = await city.station(), await city.station(), Roads(city)
    rider = await city.rider()
    for _ in range(3):
        place = await city.place(station, rider)
        scan = await city.services.qr.verify(place.qr_token.token, station_id=station.id, by="staff_x")
        assert scan.assigned_battery
        handover = Handover(
            old_battery_id=scan.old_battery_id,
            new_battery_id=scan.assigned_battery.id,
            old_battery_health=PackHealth.HEALTHY,
            old_battery_soc=95,
        )
        await city.services.swap.complete(scan.swap_id, handover, by="staff_x")
    job, van = await roads.accepted(await roads.job(station, other))
    await roads.pickup(job, van)
    await city.place(station, rider)
    await _offered(city)
    return await Books.read(city)


async def _offered(city: City) -> None:
    """A place on offer to the first of two who wait at a third station."""
    full, there = await city.station(places=1), await city.rider()
    await city.place(full, there)
    for _ in range(2):
        await city.services.waitlist.join(await city.rider(), full.id)
    await city.services.queue.leave(there, None)


def test_what_the_services_wrote_has_no_fault(books: Books) -> None:
    assert len(books.of["custody"]) == 8
    assert books.faults() == []


def _offer_timer(books: Books) -> int:
    return books.find("timers", lambda timer: timer.kind == OFFER_TIMER)


def _with_chain(books: Books) -> int:
    """The pack that was handed over most often."""
    packs: list[Battery] = books.of["batteries"]
    return packs.index(max(packs, key=lambda pack: pack.custody_count))


def _open(books: Books) -> int:
    return books.find("queues", lambda entry: entry.state is EntryState.CONFIRMED)


def _done(books: Books) -> int:
    return books.find("swaps", lambda swap: swap.state is SwapState.COMPLETED)


def _award(books: Books) -> int:
    return books.find("credits", lambda posting: posting.rule == "swap_award")


def _again(books: Books, collection: str, at: int, **fields: Any) -> None:
    """One document more, like another but for its id and these fields."""
    like: Document = books.of[collection][at]
    books.of[collection].append(like.model_copy(update={"id": "again", **fields}))


TAMPERED: list[tuple[Callable[[Books], Any], str]] = [
    (lambda books: books.change("custody", 0, actor="somebody"), "it was changed"),
    (lambda books: books.change("custody", 0, taker=LOST), "it was changed"),
    (lambda books: books.change("custody", 0, hash="0" * 64), "it was changed"),
    (lambda books: books.of["custody"].pop(), "has not the end that the pack knows"),
    (lambda books: books.of["batteries"].pop(_with_chain(books)), "there is a chain, and no pack"),
    (
        lambda books: books.change("batteries", _with_chain(books), holder=LOST),
        "its holder is not who the chain says",
    ),
    (lambda books: books.change("batteries", 1, holder=books.of["batteries"][0].holder), "has battery_"),
    (
        lambda books: books.change("swaps", _done(books), old_battery_id=None),
        "has moved 2 packs, should be 1",
    ),
    (lambda books: books.change("transport_jobs", 0, loaded_ids=()), "has moved 2 packs, should be 0"),
    (lambda books: books.change("credits", _award(books), amount=11), "not to zero"),
    (
        lambda books: books.change("credits", _award(books), state=PostingState.PENDING),
        "2 lines, pending and posted",
    ),
    (lambda books: books.of["credits"].pop(_award(books)), "1 lines"),
    (lambda books: books.of["swaps"].pop(_done(books)), "there is no such swap or job"),
    (lambda books: books.change("swaps", _done(books), credits_earned=5), "says it earned 5"),
    (
        lambda books: books.change("swaps", _done(books), state=SwapState.CANCELLED),
        "is posted, should be voided",
    ),
    (lambda books: books.change("swaps", _done(books), state=SwapState.ACTIVE), "its entry is completed"),
    (lambda books: books.change("stations", 0, capacity=0), "1 entries and offers for 0 places"),
    (lambda books: _again(books, "queues", _open(books), position=2, order=99), "2 open entries"),
    (lambda books: books.change("queues", _open(books), position=2), "were told the positions [2]"),
    (lambda books: books.change("queues", _open(books), state=EntryState.CANCELLED), "which has ended"),
    (lambda books: books.change("queues", _open(books), battery_id="other"), "bound to other"),
    (lambda books: books.change("queues", _open(books), started_at="now"), "begun without a scanned token"),
    (
        lambda books: books.change("queues", _open(books), state=EntryState.CANCELLED),
        "a token of it can be scanned",
    ),
    (
        lambda books: books.change("queues", _open(books), state=EntryState.CANCELLED),
        "waits for the entry",
    ),
    (lambda books: books.change("stations", 2, waitlisted=0), "knows of 0 turns, there are 2"),
    (lambda books: books.change("stations", 2, capacity=0), "1 entries and offers for 0 places"),
    (lambda books: books.change("waitlist", 1, position=7), "who waits was told the positions [7]"),
    (lambda books: books.change("waitlist", 0, state=WaitingState.LAPSED), "waits for the offer"),
    (lambda books: books.of["timers"].pop(_offer_timer(books)), "an offer that no timer ends"),
    (lambda books: _again(books, "waitlist", 0), "2 turns on waitlists"),
    (lambda books: _again(books, "staff_assignments", 0), "2 running shifts"),
    (lambda books: _again(books, "transport_jobs", 0), "in the jobs"),
    (lambda books: books.change("transport_jobs", 0, loaded_ids=("battery_00009",)), "battery_00009, and"),
]


@pytest.mark.parametrize(("tamper", "named"), TAMPERED)
def test_a_change_is_named(books: Books, tamper: Callable[[Books], Any], named: str) -> None:
    tamper(books)

    assert any(named in fault for fault in books.faults()), books.faults()


def test_more_promises_than_packs_are_named(books: Books) -> None:
    waiting = books.of["queues"][_open(books)]
    for number in range(1, 30):
        _again(books, "queues", _open(books), id=f"more_{number}", battery_id=None, order=100 + number)

    assert any(f"station {waiting.station_id}: 30 promises of" in fault for fault in books.faults())


def test_a_link_cut_out_of_the_middle_is_named(books: Books) -> None:
    pack = books.of["batteries"][_with_chain(books)]
    chain = [record for record in books.of["custody"] if record.battery_id == pack.id]
    assert len(chain) == 2
    books.of["custody"].remove(chain[0])

    assert any("a link before it is missing" in fault for fault in books.faults())


async def test_losses_are_told_by_who_had_the_packs(city: City) -> None:
    station, other, roads = await city.station(), await city.station(), Roads(city)
    job, van = await roads.accepted(await roads.job(station, other, packs=3))
    aboard = await roads.pickup(job, van)
    await roads.deliver(aboard, van, list(aboard.loaded_ids[1:]))
    gone = BatteryForm(
        battery_id=aboard.loaded_ids[0],
        state="quarantined",
        holder=HolderForm(kind=HolderKind.LOST, id="lost"),
    )
    await city.services.batteries.save(gone, by="admin_001")
    books, audit = await Books.read(city), CustodyAudit()

    assert books._faults(audit) == []

    assert audit.losses() == [f"van {van}: 1 of 3 packs lost, 33.3%"]
