"""Secrets that the hub makes for itself, as files that only its user can read."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from pathlib import Path
from typing import Final

SECRET_BYTES: Final = 48
OWNER_ONLY: Final = 0o600


def kept_secret(directory: Path, name: str) -> str:
    """The secret of that name; made when it is asked for first. Processes that race get the same one."""
    path = directory / "secrets" / name
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        _make(path)
    return path.read_text().strip()


def hub_name(directory: Path) -> str:
    """Who the hub of this directory is, to others who must not know its secrets."""
    return hashlib.sha256(kept_secret(directory, "hub").encode()).hexdigest()[:16]


def _make(path: Path) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(SECRET_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        # A link fails when the name is taken: whoever is second reads the first one's secret.
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()
