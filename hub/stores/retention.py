"""How long the event log is kept, whoever keeps it."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

KEEP_LOG: Final = timedelta(days=7)
"""Records that every reader has read stay this long, for replays and for a look back."""

LONGEST_LOG: Final = timedelta(days=30)
"""After this a record goes, read or not: a reader that is gone for good must not fill the disk."""
