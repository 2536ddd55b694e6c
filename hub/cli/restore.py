"""`navswap restore FILE`: the records as a backup has them, all of them or none.

The hub must not run. The file is checked before anything is written, and the store after.
"""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path
from typing import Any

from hub.cli.stores import in_words, kind_of, open_target
from hub.config import Settings
from hub.stores.archive import ArchiveReader
from hub.stores.dump import Tallies, copy_verified
from services.base import rfc3339


def add_parser(commands: Any) -> None:
    parser = commands.add_parser("restore", help="fill the records from a backup", description=__doc__)
    parser.add_argument("file", type=Path, help="what `navswap backup` made")
    parser.add_argument("--replace", action="store_true", help="also when there are records already")
    parser.add_argument("--dry-run", action="store_true", help="check the file and write nothing")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    with ArchiveReader.open(arguments.file) as archive:
        asyncio.run(archive.check())
        said = archive.manifest
        print(f"{arguments.file} is whole: made by version {said.made_by} at {rfc3339(said.made_at)}")
        if not arguments.dry_run:
            restored = asyncio.run(_restore(archive, Settings(), replace=arguments.replace))
            print(f"{in_words(restored)} are restored; the secrets have to be those of then")
    return 0


async def _restore(archive: ArchiveReader, settings: Settings, *, replace: bool) -> Tallies:
    async with open_target(kind_of(settings), settings, replace=replace) as target:
        return await copy_verified(archive, target)
