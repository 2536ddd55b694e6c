"""Fills an empty store with the demo city; the same every time, in one transaction."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from hub.demo.places import SHOPS, STATIONS, station_id
from services.base import Clock
from services.models import (
    Assignment,
    Battery,
    Holder,
    HolderKind,
    Partner,
    Role,
    Station,
    User,
    Vehicle,
)
from services.ports import Records
from services.states import BatteryState

SEED: Final = 20_26
PLACES, BAYS, FREE_SLOTS = 20, 2, 8
FEWEST_PACKS, MOST_PACKS, FEWEST_CHARGED, MOST_CHARGED = 30, 60, 12, 20
CONSUMERS, TRANSPORTERS = 500, 20
CHARGED_SOC: Final = 90.0
MODELS: Final = (
    "Ather 450X",
    "Ola S1 Air",
    "TVS iQube",
    "Bajaj Chetak",
    "Mahindra Treo",
    "Piaggio Ape E-City",
)
GIVEN: Final = (
    "Aarav", "Aditi", "Akash", "Ananya", "Arjun", "Bhavana", "Chetan", "Deepa", "Farhan", "Gauri", "Harish",
    "Ishita", "Jyoti", "Karthik", "Lakshmi", "Manoj", "Meera", "Naveen", "Nisha", "Pooja", "Prakash", "Priya",
    "Rahul", "Ramesh", "Sana", "Shreya", "Suresh", "Tanvi", "Uma", "Varun", "Vikram", "Yash",
)  # fmt: skip
FAMILY: Final = (
    "Acharya", "Bhat", "Das", "Fernandes", "Gowda", "Hegde", "Iyer", "Joshi", "Kulkarni", "Menon", "Nair",
    "Naik", "Pai", "Patil", "Rao", "Reddy", "Shetty", "Sharma", "Singh", "Urs",
)  # fmt: skip


async def fill(records: Records, *, clock: Clock) -> bool:
    """Fill the store; false, and nothing is touched, when it has a station already."""
    if await records.now.stations.count({}):
        return False
    rng, now = random.Random(SEED), clock()  # noqa: S311 - a demo city is no secret
    async with records.transaction() as tx:
        await tx.stations.insert(*(_station(index) for index in range(len(STATIONS))))
        await tx.users.insert(*_users(rng, now))
        await tx.staff_assignments.insert(*_shifts(now))
        await tx.batteries.insert(*_packs(rng, now))
        await tx.partner_shops.insert(*_partners())
    return True


def _station(index: int) -> Station:
    name, place = STATIONS[index]
    slots = MOST_PACKS + FREE_SLOTS
    return Station(id=station_id(index), name=name, location=place, capacity=PLACES, bays=BAYS, slots=slots)


def _name(rng: random.Random) -> str:
    return f"{rng.choice(GIVEN)} {rng.choice(FAMILY)}"


def _users(rng: random.Random, now: datetime) -> Iterator[User]:
    def user(id: str, role: Role, name: str, **more: object) -> User:
        return User.model_validate({"id": id, "role": role, "name": name, "created_at": now, **more})

    for number in range(1, CONSUMERS + 1):
        plate = f"KA-{rng.randint(1, 59):02}-{rng.choice('ABEHJKM')}{rng.choice('ABCDEH')}-{number:04}"
        vehicle = Vehicle(id=plate, model=rng.choice(MODELS))
        yield user(f"consumer_{number:03}", Role.CONSUMER, _name(rng), vehicle=vehicle)
    for index in range(len(STATIONS)):
        for number in (2 * index + 1, 2 * index + 2):
            yield user(f"staff_{number:03}", Role.STAFF, _name(rng), station_id=station_id(index))
        yield user(
            f"device_{index + 1:03}",
            Role.DEVICE,
            f"{STATIONS[index][0]} controller",
            station_id=station_id(index),
        )
    for number in range(1, TRANSPORTERS + 1):
        yield user(f"transporter_{number:03}", Role.TRANSPORTER, _name(rng))
    yield user("admin_001", Role.ADMIN, _name(rng))


def _shifts(now: datetime) -> Iterator[Assignment]:
    for index in range(len(STATIONS)):
        for number in (2 * index + 1, 2 * index + 2):
            staff = f"staff_{number:03}"
            yield Assignment(id=f"shift_{staff}", staff_id=staff, station_id=station_id(index), starts_at=now)


def _packs(rng: random.Random, now: datetime) -> Iterator[Battery]:
    number = 0
    for index in range(len(STATIONS)):
        charged = rng.randint(FEWEST_CHARGED, MOST_CHARGED)
        for slot in range(rng.randint(FEWEST_PACKS, MOST_PACKS)):
            number += 1
            is_charged = slot < charged
            soc = rng.uniform(CHARGED_SOC, 100) if is_charged else rng.uniform(8, CHARGED_SOC - 1)
            state = BatteryState.CHARGED if is_charged else BatteryState.CHARGING
            holder = Holder(kind=HolderKind.SLOT, id=station_id(index), slot=slot + 1)
            yield _pack(rng, number, state, holder, soc, now)
    for consumer in range(1, CONSUMERS + 1):
        number += 1
        holder = Holder(kind=HolderKind.RIDER, id=f"consumer_{consumer:03}")
        yield _pack(rng, number, BatteryState.IN_USE, holder, rng.uniform(15, 85), now)


def _pack(
    rng: random.Random, number: int, state: BatteryState, holder: Holder, soc: float, now: datetime
) -> Battery:
    return Battery(
        id=f"battery_{number:05}",
        state=state,
        holder=holder,
        soc=round(soc, 1),
        soh=round(rng.uniform(82, 100), 1),
        temperature_c=round(rng.uniform(24, 34), 1),
        cycles=rng.randint(3, 700),
        updated_at=now,
    )


def _partners() -> Iterator[Partner]:
    for index, (name, place) in enumerate(SHOPS):
        yield Partner(id=f"shop_{index + 1:03}", name=name, location=place, capacity=40)
