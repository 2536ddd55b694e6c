"""The stores that the settings name, as what a copy is made from and to."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import StrEnum
from pathlib import Path

from hub.cli.stopped import hubs_stopped
from hub.config import ConfigError, Settings
from hub.lifespan import RECORDS_FILE, alone_in
from hub.stores.dump import LOG, Source, Tallies, Target, documents_in
from hub.stores.sqlite_dump import SqliteSource, SqliteTarget


class Kind(StrEnum):
    """Where records are."""

    SQLITE = "sqlite"
    MONGODB = "mongodb"


def kind_of(settings: Settings) -> Kind:
    """The store that a hub with these settings uses."""
    return Kind.MONGODB if settings.mongodb_uri else Kind.SQLITE


def mongo_uri(settings: Settings) -> str:
    """Raises ConfigError when there is none."""
    if settings.mongodb_uri is None:
        raise ConfigError("MONGODB_URI", "has to name the database")
    return settings.mongodb_uri.get_secret_value()


def records_path(settings: Settings) -> Path:
    """The file of the embedded store."""
    return settings.data_dir / RECORDS_FILE


@asynccontextmanager
async def open_source(kind: Kind, settings: Settings) -> AsyncIterator[Source]:
    """One moment of the store. Raises DumpError."""
    if kind is Kind.MONGODB:
        from hub.stores.mongo_dump import MongoSource  # without MongoDB nobody needs its driver

        async with MongoSource.open(mongo_uri(settings)) as reading:
            yield reading
        return
    with SqliteSource.open(records_path(settings)) as source:
        yield source


@asynccontextmanager
async def open_target(kind: Kind, settings: Settings, *, replace: bool) -> AsyncIterator[Target]:
    """A store to be filled, all or nothing. One that holds something is refused without `replace`."""
    if kind is Kind.MONGODB:
        from hub.stores.mongo_dump import MongoTarget

        async with (
            hubs_stopped(settings),
            MongoTarget.create(mongo_uri(settings), replace=replace) as writing,
        ):
            yield writing
        return
    with (
        alone_in(settings.data_dir),
        SqliteTarget.create(records_path(settings), replace=replace) as target,
    ):
        yield target


def in_words(tallies: Tallies) -> str:
    """What was copied, for whoever waits for it."""
    return f"{documents_in(tallies):,} documents and {tallies[LOG].count:,} records of the log"
