"""`navswap simulate`: days of the demo city in minutes, and then every audit. Nothing real is touched.

Riders, staff, transporters and controllers call a hub in this process, in virtual time; the hub is killed
in the middle of commits and goes on with what is on its disk. Ends with 1 when an audit finds a fault.
"""

from __future__ import annotations

import argparse
import gc
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from hub.config import ConfigError
from hub.demo.virtual import passes
from hub.demo.week import Plan, Played, play
from hub.lifespan import RECORDS_FILE, alone_in

GARBAGE: Final = 50_000  # new objects between two looks


def add_parser(commands: Any) -> None:
    parser = commands.add_parser("simulate", help="days of the demo city in minutes", description=__doc__)
    parser.add_argument("--days", type=float, default=7.0)
    parser.add_argument("--riders", type=int, default=120, help="at most as many as the seed has: 500")
    parser.add_argument("--kills", type=int, default=None, help="of the hub, once a day when not given")
    parser.add_argument("--seed", type=int, default=7, help="the same seed gives the same days")
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="a new data directory for a hub to look at the days with"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    kills = int(arguments.days) if arguments.kills is None else arguments.kills
    with _directory() as directory, _little_garbage():
        plan = Plan(directory, arguments.days, arguments.riders, kills, arguments.seed)
        played = passes(play(plan, lambda line: print(line, file=sys.stderr, flush=True)))
        if arguments.keep is not None:
            _keep(played.records, arguments.keep)
    _tell(plan, played)
    return int(bool(played.faults))


@contextmanager
def _directory() -> Iterator[Path]:
    with TemporaryDirectory(prefix="navswap-simulate-") as name:
        yield Path(name)


@contextmanager
def _little_garbage() -> Iterator[None]:
    """Look for garbage seldom: most of what is made is gone by itself, and the rest stays."""
    usual = gc.get_threshold()
    gc.set_threshold(GARBAGE, 20, 50)
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def _keep(records: Path, directory: Path) -> None:
    """Raises ConfigError for a directory that has records, or a hub."""
    with alone_in(directory):
        if (directory / RECORDS_FILE).exists():
            raise ConfigError("--keep", f"{directory} has records already")
        shutil.move(records / RECORDS_FILE, directory / RECORDS_FILE)


def _tell(plan: Plan, played: Played) -> None:
    print(f"{plan.days:g} days of {plan.riders} riders in {played.seconds:.0f} s")
    print(f"answers    {played.answers:,}; the hub was killed {played.kills} times")
    print("\n".join(played.totals.lines()))
    for fault in played.faults:
        print(fault, file=sys.stderr)
    print(f"audits     {f'{len(played.faults):,} faults' if played.faults else 'no fault'}")
