"""`navswap backup FILE`: everything the records hold at one moment, in one file, while the hub runs.

The secrets are not in it: keep DATA_DIR/secrets, or the settings, somewhere else.
"""

from __future__ import annotations

import argparse
import asyncio
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from hub.cli.stores import Kind, in_words, kind_of, open_source
from hub.clock import utc_now
from hub.config import Settings
from hub.stores.archive import ArchiveWriter, Manifest, new_file
from hub.stores.dump import Tallies, copy
from services.base import rfc3339


def add_parser(commands: Any) -> None:
    parser = commands.add_parser("backup", help="copy the records into a file", description=__doc__)
    parser.add_argument("file", type=Path, help="the file to make; it must not exist")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    manifest = asyncio.run(_backup(Settings(), arguments.file))
    print(f"{in_words(manifest.sections)}, as of {rfc3339(manifest.made_at)}, are in {arguments.file}")
    return 0


async def _backup(settings: Settings, path: Path) -> Manifest:
    kind = kind_of(settings)
    with new_file(path) as file, ArchiveWriter.open(file) as archive:
        async with open_source(kind, settings) as source:
            began_at = utc_now()
            tallies = await copy(source, archive)
        manifest = _manifest(kind, began_at, tallies)
        archive.finish(manifest)
    return manifest


def _manifest(kind: Kind, at: datetime, tallies: Tallies) -> Manifest:
    return Manifest(made_at=at, made_by=version("navswap-hub"), store=kind, sections=tallies)
