"""The explicit list of handlers: what is not here does not exist."""

from __future__ import annotations

from handlers import (
    admin,
    ai,
    auth,
    battery,
    credits,
    fault,
    location,
    partner,
    profile,
    qr,
    queue,
    recommend,
    room,
    shift,
    staff,
    station,
    swap,
    ticket,
    transport,
    user,
    waitlist,
)
from hub.operations import Registry


def build() -> Registry:
    """Every operation of the hub. Raises DuplicateOperation when two have the same event or route."""
    return Registry(
        queue.operation,
        waitlist.operation,
        qr.operation,
        swap.operation,
        station.operation,
        battery.operation,
        partner.operation,
        user.operation,
        profile.operation,
        credits.operation,
        staff.operation,
        shift.operation,
        location.operation,
        transport.operation,
        fault.operation,
        ticket.operation,
        admin.operation,
        ai.operation,
        recommend.operation,
        room.operation,
        auth.operation,
    )
