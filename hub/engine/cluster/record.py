"""A session as it is kept for every node: JSON, with the epoch in which its numbers mean something."""

from __future__ import annotations

from typing import Any

import orjson

from hub.engine.session import Session


def dump(session: Session, epoch: str) -> bytes:
    """Raises TypeError for what is no JSON."""
    rooms = dict(session.rooms)
    kept = {
        "epoch": epoch,
        "sid": session.sid,
        "namespace": session.namespace,
        "started": session.started,
        "lost": session.lost,
        "everyone": rooms.pop(None, None),
        "rooms": rooms,
        "left": session.left,
        "user": session.kept_of_user,
    }
    try:
        return orjson.dumps(kept)
    except TypeError:
        raise TypeError("several nodes: rooms are named by text, user sessions are JSON") from None


def session_of(pid: str, claim: str, kept: dict[str, Any]) -> Session:
    """A session whose client is somewhere, or nowhere."""
    session = Session.__new__(Session)
    session.pid, session.claim, session.client = pid, claim, None
    session.expires_at = float("inf")
    fill(session, kept)
    return session


def fill(session: Session, kept: dict[str, Any]) -> None:
    """Make it what was kept last."""
    session.sid, session.namespace = kept["sid"], kept["namespace"]
    session.started, session.lost = kept["started"], kept["lost"]
    session.rooms = kept["rooms"]
    if kept["everyone"] is not None:
        session.rooms[None] = kept["everyone"]
    session.left = tuple((room, joined, left) for room, joined, left in kept["left"])
    session.user_session = kept["user"]
