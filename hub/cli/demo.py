"""`navswap demo`: let a fleet of riders, staff and chargers live against any hub.

The hub is one that was seeded (`navswap serve --seed`), and its secret is known here: by DATA_DIR
(`--data-dir`) or JWT_SECRET. `navswap serve --demo` does both in one command.
"""

from __future__ import annotations

import argparse
import logging
from typing import Any, NoReturn

from hub.demo import fleet


def add_parser(commands: Any) -> None:
    parser = commands.add_parser("demo", help="run the demo's fleet against a hub", description=__doc__)
    fleet.add_options(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> NoReturn:
    """Run the fleet until SIGTERM or SIGINT, which ends the process."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.getLogger("hub.demo").setLevel(logging.INFO)
    where = f"{arguments.hub}, {arguments.time_factor:g} times faster than life"
    print(f"{arguments.riders} riders at {where}; Ctrl-C ends them", flush=True)
    fleet.run(arguments)
