"""`navswap token`: prints a token for somebody."""

from __future__ import annotations

import argparse
from datetime import timedelta
from typing import Any

from hub.auth import Authenticator
from hub.clock import utc_now
from hub.config import Settings
from services.models import Role


def add_parser(commands: Any) -> None:
    parser = commands.add_parser("token", help="print a token", description=__doc__)
    parser.add_argument("--role", required=True, choices=[role.value for role in Role])
    parser.add_argument("--user", required=True, help="the user's id")
    parser.add_argument("--station", help="the station of a staff member or a device")
    parser.add_argument("--name", help="shown to others; the id when not given")
    parser.add_argument(
        "--ttl", type=float, default=24 * 3600, help="seconds until it ends; a day by default"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    token, _ = Authenticator.of(Settings(), utc_now).issue(
        arguments.user,
        Role(arguments.role),
        ttl=timedelta(seconds=arguments.ttl),
        name=arguments.name,
        station_id=arguments.station,
    )
    print(token)
    return 0
