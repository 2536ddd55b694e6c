"""`navswap migrate --from sqlite --to mongodb`: move an installation to another store, all of it or nothing.

The hub must not run. Both stores are those of the settings: the file under DATA_DIR, and MONGODB_URI. The
old one stays as it is. Every collection and the log are compared by count and digest at the end.
"""

from __future__ import annotations

import argparse
import asyncio
from contextlib import AsyncExitStack
from typing import Any

from hub.cli.stores import Kind, in_words, mongo_uri, open_source, open_target
from hub.config import ConfigError, Settings
from hub.lifespan import alone_in
from hub.stores.dump import SECTIONS, Tallies, copy_verified, tally


def add_parser(commands: Any) -> None:
    parser = commands.add_parser("migrate", help="move the records to another store", description=__doc__)
    kinds = [kind.value for kind in Kind]
    parser.add_argument("--from", dest="source", required=True, choices=kinds)
    parser.add_argument("--to", dest="target", required=True, choices=kinds)
    parser.add_argument("--replace", action="store_true", help="also when the target holds records already")
    parser.add_argument("--dry-run", action="store_true", help="read and count the source, write nothing")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    settings, source, target = Settings(), Kind(arguments.source), Kind(arguments.target)
    if source is target:
        raise ConfigError("--to", "is the store to move from")
    mongo_uri(settings)
    tallies = asyncio.run(_migrate(settings, source, target, arguments))
    _print(tallies)
    print(f"{in_words(tallies)} {'would be' if arguments.dry_run else 'are'} in {target.value}")
    return 0


async def _migrate(settings: Settings, source: Kind, target: Kind, arguments: argparse.Namespace) -> Tallies:
    async with AsyncExitStack() as stack:
        if source is Kind.SQLITE:
            stack.enter_context(alone_in(settings.data_dir))  # nothing is written to what is left behind
        reading = await stack.enter_async_context(open_source(source, settings))
        if arguments.dry_run:
            return await tally(reading)
        writing = await stack.enter_async_context(open_target(target, settings, replace=arguments.replace))
        return await copy_verified(reading, writing)


def _print(tallies: Tallies) -> None:
    for section in SECTIONS:
        counted = tallies[section]
        print(f"{section:<20}{counted.count:>12,}  sha256 {counted.sha256[:16]}")
