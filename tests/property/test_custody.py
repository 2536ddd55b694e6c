"""Whatever operators, riders and staff do to packs: one holder each, whole chains, no promise broken."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.batteries import FITS
from services.errors import HubError
from services.forms import BatteryForm, HolderForm
from services.models import Battery, HolderKind, Role, User
from services.states import BATTERY_MOVES, OPEN, BatteryState
from tests.property.test_rooms import World, world
from tests.support.audits import faults

VAN = "transporter_x"

holders = st.builds(
    HolderForm,
    kind=st.sampled_from(HolderKind),
    id=st.sampled_from(["station_001", "consumer_007", "consumer_009", VAN, "shop"]),
    slot=st.none() | st.integers(0, 9),
)
saves = st.builds(
    BatteryForm,
    battery_id=st.sampled_from([f"battery_{number:05}" for number in (2, 3, 5)] + ["new"]),
    state=st.none() | st.sampled_from(BatteryState),
    holder=st.none() | holders,
    soc=st.none() | st.sampled_from([5.0, 95.0]),
)
acts = st.tuples(st.sampled_from(["confirm", "scan", "complete", "leave"]), st.integers(0, 3))

Step = BatteryForm | tuple[str, int]


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(saves | acts, min_size=10, max_size=30))
async def test_every_pack_has_one_holder_and_a_whole_chain(steps: list[Step]) -> None:
    async with world() as made:
        await _transporter(made)
        for step in steps:
            before = await _packs(made)
            await _do(made, step)
            _check_moves(before, await _packs(made))
        await _check_promises(made)
        assert await faults(made.services.world.records) == []
        assert await made.services.stations.live_equals_records()


async def _transporter(made: World) -> None:
    van = User(id=VAN, role=Role.TRANSPORTER, name=VAN, created_at=made.city.clock())
    async with made.services.world.records.transaction() as tx:
        await tx.users.insert(van)


async def _packs(made: World) -> dict[str, Battery]:
    return {pack.id: pack for pack in await made.services.world.records.now.batteries.find({})}


async def _do(made: World, step: Step) -> None:
    if isinstance(step, BatteryForm):
        with suppress(HubError):
            await made.services.batteries.save(step, by="admin_x")
    else:
        await made.step(step[0], made.riders[step[1]])


def _check_moves(before: dict[str, Battery], after: dict[str, Battery]) -> None:
    """No pack goes, none is in a state that its holder cannot have, and every move is in the table."""
    assert set(before) <= set(after)
    for id, pack in after.items():
        assert pack.state in FITS[pack.holder.kind]
        if id in before and before[id].state is not pack.state:
            assert pack.state in BATTERY_MOVES[before[id].state]


async def _check_promises(made: World) -> None:
    entries = await made.services.world.records.now.queues.find({"state": OPEN})
    held = {pack.held_for: pack for pack in (await _packs(made)).values() if pack.held_for}
    assert set(held) == {entry.id for entry in entries if entry.battery_id}
    for pack in held.values():
        assert (pack.holder.id, pack.state) == (made.station.id, BatteryState.CHARGED)
