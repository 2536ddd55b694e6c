"""The audits say nothing of what the services wrote, and name whatever was done to it afterwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from services.audits import CreditsAudit, CustodyAudit
from services.models import Battery, Custody, Holder, HolderKind, Posting, PostingState, Swap
from services.swap import Handover, PackHealth
from tests.unit.services.city import City

LOST = Holder(kind=HolderKind.LOST, id="lost")


class Books:
    """What the records hold after three swaps, as documents that can be tampered with."""

    def __init__(self, **collections: list[Any]) -> None:
        self.custody: list[Custody] = collections["custody"]
        self.packs: list[Battery] = collections["packs"]
        self.postings: list[Posting] = collections["postings"]
        self.swaps: list[Swap] = collections["swaps"]

    def faults(self) -> list[str]:
        custody, credits = CustodyAudit(), CreditsAudit()
        for record in sorted(self.custody, key=lambda record: record.id):
            custody.record(record)
        for pack in self.packs:
            custody.pack(pack)
        for posting in self.postings:
            credits.posting(posting)
        for swap in self.swaps:
            credits.swap(swap)
        return [*custody.close(), *credits.close()]


@pytest.fixture
async def books(city: City) -> Books:
    station = await city.station()
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
    now = city.services.world.records.now
    return Books(
        custody=await now.custody.find({}),
        packs=await now.batteries.find({}),
        postings=await now.credits.find({}),
        swaps=await now.swaps.find({}),
    )


def _with_chain(books: Books) -> Battery:
    return max(books.packs, key=lambda pack: pack.custody_count)


def _replace(documents: list[Any], at: int, **fields: Any) -> None:
    documents[at] = documents[at].model_copy(update=fields)


def test_what_the_services_wrote_has_no_fault(books: Books) -> None:
    assert len(books.custody) == 6
    assert books.faults() == []


TAMPERED: list[tuple[Callable[[Books], Any], str]] = [
    (lambda books: _replace(books.custody, 0, actor="somebody"), "it was changed"),
    (lambda books: _replace(books.custody, 0, taker=LOST), "it was changed"),
    (lambda books: _replace(books.custody, 0, hash="0" * 64), "it was changed"),
    (lambda books: books.custody.remove(books.custody[-1]), "has not the end that the pack knows"),
    (lambda books: books.packs.remove(_with_chain(books)), "there is a chain, and no pack"),
    (
        lambda books: _replace(books.packs, books.packs.index(_with_chain(books)), holder=LOST),
        "its holder is not who the chain says",
    ),
    (
        lambda books: _replace(books.packs, 1, holder=books.packs[0].holder),
        f"has {'battery_'}",
    ),
    (lambda books: _replace(books.postings, 0, amount=11), "not to zero"),
    (lambda books: _replace(books.postings, 0, state=PostingState.PENDING), "2 lines, pending and posted"),
    (lambda books: books.postings.remove(books.postings[0]), "1 lines"),
    (lambda books: books.swaps.remove(books.swaps[0]), "there is no such swap or job"),
    (lambda books: _replace(books.swaps, 0, credits_earned=5), "says it earned 5"),
    (lambda books: _replace(books.swaps, 0, state="cancelled"), "is posted, should be voided"),
]


@pytest.mark.parametrize(("tamper", "named"), TAMPERED)
def test_a_change_is_named(books: Books, tamper: Callable[[Books], Any], named: str) -> None:
    tamper(books)

    assert any(named in fault for fault in books.faults()), books.faults()


def test_a_link_cut_out_of_the_middle_is_named(books: Books) -> None:
    pack = _with_chain(books)
    chain = [record for record in books.custody if record.battery_id == pack.id]
    assert len(chain) == 2
    books.custody.remove(chain[0])

    assert any("a link before it is missing" in fault for fault in books.faults())
