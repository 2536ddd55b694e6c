"""`navswap link`: a fresh one-time link to the dashboard of the hub with this DATA_DIR."""

from __future__ import annotations

import argparse
from typing import Any

from hub.clock import utc_now
from hub.config import Settings
from hub.ids import nonce
from hub.signing import DashboardLinks


def add_parser(commands: Any) -> None:
    parser = commands.add_parser("link", help="print a fresh dashboard link", description=__doc__)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    settings = Settings()
    code = DashboardLinks(settings.secret("link"), utc_now).make(
        nonce(), minutes=settings.dashboard_link_minutes
    )
    print(dashboard_url(settings, settings.rest_port, code))
    return 0


def dashboard_url(settings: Settings, rest_port: int, code: str) -> str:
    """Where a browser opens the dashboard with this link."""
    host = "127.0.0.1" if settings.hub_host in ("0.0.0.0", "::") else settings.hub_host  # noqa: S104
    origin = settings.public_rest_url or f"http://{host}:{rest_port}"
    return f"{origin.rstrip('/')}/#link={code}"
