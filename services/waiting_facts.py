"""Facts about turns on a waitlist. Each carries the whole turn, so that who hears one needs no other."""

from __future__ import annotations

from typing import ClassVar, Self

from services.events import AtStation, Topic
from services.waiting_models import Waiting, WaitingView, waiting_view
from services.world import Stamp


class WaitlistUpdated(WaitingView, AtStation):
    """Where a rider stands on a waitlist has changed."""

    name: ClassVar[str | None] = "waitlist:updated"
    topic: ClassVar[Topic | None] = None

    def rooms(self) -> tuple[str, ...]:
        return (f"user:{self.user_id}", "admin")

    @classmethod
    def of(cls, turn: Waiting, stamp: Stamp) -> Self:
        return cls(**stamp, **dict(waiting_view(turn)))


class WaitlistJoined(WaitlistUpdated):
    """A rider waits for a place."""

    type = "waitlist.joined"
    topic: ClassVar[Topic | None] = Topic.SWAP


class WaitlistEnded(WaitlistUpdated):
    """A turn is over: taken, lapsed, left, or ended by the hub."""

    type = "waitlist.ended"
    topic: ClassVar[Topic | None] = Topic.SWAP


class QueueOffered(WaitlistUpdated):
    """A place and a pack are kept for the rider until `offered_until`: `queue:confirm` takes them."""

    name = "queue:offered"
    type = "queue.offered"
    topic: ClassVar[Topic | None] = Topic.SWAP
