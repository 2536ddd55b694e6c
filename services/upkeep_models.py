"""What the hub itself keeps: answers, due times, acts to be accounted for, links opened, its own facts."""

from __future__ import annotations

from services.base import Document, Instant, UserId


class KeptAnswer(Document):
    """The first answer of a command, kept for a day; `id` is caller, operation and request id."""

    payload_hash: str
    answer: str  # JSON; tokens in it are kept as nonce and time, never signed
    at: Instant
    expires_at: Instant


class Timer(Document):
    """Something due: a row, so that it survives a restart. `id` is `kind:subject`."""

    kind: str
    subject: str
    due_at: Instant


class AuditRecord(Document):
    """Somebody acted for somebody else, or used a power that must be seen."""

    actor: UserId
    on_behalf_of: UserId | None = None
    action: str
    at: Instant
    details: str | None = None


class UsedLink(Document):
    """A one-time link of the dashboard that was opened; `id` is the link's nonce."""

    used_at: Instant


class InstallationFact(Document):
    """What every node must agree on; `id` says what. Collection `installation`."""

    value: str
    at: Instant
