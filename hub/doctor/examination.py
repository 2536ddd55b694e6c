"""The explicit list of checks, and the one place where they run."""

from __future__ import annotations

import asyncio
from typing import Final

from hub.clock import utc_now
from hub.config import Settings
from hub.doctor import machine, secrets
from hub.doctor import settings as own_settings
from hub.doctor.finding import Check, Finding, fail
from hub.doctor.kafka import kafka_works
from hub.doctor.mongo import Look, mongo_works
from hub.doctor.redis import redis_works
from hub.doctor.stores import embedded_file, write_and_read
from hub.lifespan import RECORDS_FILE
from hub.stores.sqlite import SqliteStore
from services.ports import Records

CHECK_S: Final = 15.0  # longest time for one check

CHECKS: Final[tuple[Check, ...]] = (
    own_settings.settings_allow_start,
    own_settings.names_are_known,
    own_settings.named_files_exist,
    secrets.secrets_are_strong,
    secrets.secrets_are_private,
    machine.python_is_supported,
    machine.packages_are_locked_ones,
    machine.engine_loads,
    machine.ports_are_free_or_ours,
    machine.disk_has_room,
    machine.descriptors_suffice,
    redis_works,
    kafka_works,
)


async def examine(settings: Settings, *, accept_secrets: bool) -> list[Finding]:
    """Run every check, one after the other, each within its time."""

    async def look(records: Records) -> list[Finding]:
        found = await secrets.secrets_are_the_installations(records, settings, utc_now, accept=accept_secrets)
        return [await write_and_read(records, utc_now), *found]

    async def records_work(settings: Settings) -> list[Finding]:
        return await _records_work(settings, look)

    return [finding for check in (*CHECKS, records_work) for finding in await _run(check, settings)]


async def _run(check: Check, settings: Settings) -> list[Finding]:
    name = getattr(check, "__name__", "check").replace("_", " ")
    try:
        async with asyncio.timeout(CHECK_S):
            return await check(settings)
    except TimeoutError:
        return [fail(name, f"no answer within {CHECK_S:g} s", "see whether that server is alive")]
    except Exception as error:
        return [fail(name, f"{type(error).__name__}: {error}", "put this right, then look again")]


async def _records_work(settings: Settings, look: Look) -> list[Finding]:
    """The store that a hub would open: there, sound, writable, and of the same secrets."""
    if settings.mongodb_uri is not None:
        return await mongo_works(settings.mongodb_uri.get_secret_value(), look)
    usable, findings = embedded_file(settings.data_dir)
    if usable:
        async with SqliteStore.open(settings.data_dir / RECORDS_FILE, clock=utc_now) as store:
            findings += await look(store.records)
    return findings
