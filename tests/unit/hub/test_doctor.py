"""What the doctor sees, and what it says to do."""

from __future__ import annotations

import resource
import shutil
import socket
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from hub.config import Settings
from hub.doctor import machine, secrets, stores
from hub.doctor import settings as own_settings
from hub.doctor.clocks import clock_of
from hub.doctor.finding import Finding, State
from hub.stores.sqlite import SqliteStore

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
STRONG = "0123456789abcdefghijklmnopqrstuvwxyz"


class Usage(NamedTuple):
    total: int
    used: int
    free: int


def made(tmp_path: Path, **fields: Any) -> Settings:
    return Settings(_env_file=None, data_dir=tmp_path / "data", **fields)


def states(findings: list[Finding]) -> list[State]:
    return [finding.state for finding in findings]


@pytest.mark.parametrize(
    ("skew_s", "way_s", "state"),
    [
        (0.0, 0.01, State.OK),
        (0.6, 0.01, State.WARN),
        (-0.6, 0.01, State.WARN),
        (-8.0, 0.01, State.FAIL),
        (0.6, 1.0, State.OK),  # a slow answer: nobody can say
    ],
)
def test_a_clock_is_judged_by_what_is_sure(skew_s: float, way_s: float, state: State) -> None:
    answered_at = NOON + timedelta(seconds=way_s)
    theirs = NOON + timedelta(seconds=way_s / 2 + skew_s)
    found = clock_of("redis", theirs, NOON, answered_at)
    assert found.state is state
    assert (found.advice is None) is (state is State.OK)


def test_packages_are_compared_with_the_lock() -> None:
    lock = f"""
pytest=={version("pytest")} \\
    --hash=sha256:00
mypy==0.0.1 ; python_full_version < '3.12' \\
    --hash=sha256:00
mypy=={version("mypy")} ; python_full_version >= '3.12' \\
    --hash=sha256:00
colorama==0.4.6 ; sys_platform == 'none'
aiohttp==0.0.1 \\
no-such-package==1.0 \\
"""
    assert list(machine.differing(lock)) == [
        f"aiohttp {version('aiohttp')} for 0.0.1",
        "no-such-package is missing",
    ]


async def test_the_checkouts_own_lock_is_found() -> None:
    found = machine.lock_file()
    assert found is not None
    assert found.name == "requirements.lock"


@pytest.mark.parametrize(
    ("jwt", "qr", "expected"),
    [
        (STRONG, STRONG[::-1], [State.OK, State.OK, State.OK]),
        ("a" * 64, STRONG, [State.FAIL, State.OK, State.OK]),
        ("short", STRONG, [State.FAIL, State.OK, State.OK]),
        (STRONG, STRONG, [State.OK, State.OK, State.WARN]),
        (None, None, [State.OK, State.OK, State.OK]),
    ],
)
async def test_secrets_are_judged_and_never_shown(
    tmp_path: Path, jwt: str | None, qr: str | None, expected: list[State]
) -> None:
    findings = await secrets.secrets_are_strong(made(tmp_path, jwt_secret=jwt, qr_secret=qr))
    assert states(findings) == expected
    assert not any(secret in str(findings) for secret in (jwt, qr) if secret)
    assert not (tmp_path / "data").exists()  # nothing is made


async def test_a_secret_file_that_others_can_read_is_a_failure(tmp_path: Path) -> None:
    settings = made(tmp_path)
    settings.secret("jwt")
    assert states(await secrets.secrets_are_private(settings)) == [State.OK]
    secrets.kept_path(settings, "jwt").chmod(0o644)
    assert states(await secrets.secrets_are_private(settings)) == [State.FAIL]


async def test_a_node_with_another_secret_is_found_and_a_change_can_be_accepted(tmp_path: Path) -> None:
    first = made(tmp_path, jwt_secret=STRONG, qr_secret=STRONG[::-1])
    second = made(tmp_path, jwt_secret=STRONG, qr_secret=STRONG.upper())
    async with SqliteStore.open(tmp_path / "hub.sqlite", clock=lambda: NOON) as store:

        async def look(settings: Settings, *, accept: bool = False) -> Finding:
            [found] = await secrets.secrets_are_the_installations(
                store.records, settings, lambda: NOON, accept=accept
            )
            return found

        assert (await look(first)).state is State.OK
        assert (await look(first)).state is State.OK
        different = await look(second)
        assert different.state is State.FAIL
        assert different.found.startswith("qr: ")
        assert (await look(second, accept=True)).state is State.OK
        assert (await look(first)).state is State.FAIL
        kept = await store.records.now.installation.find({})
    assert STRONG.upper() not in str(kept)


async def test_misspelled_names_in_the_env_file_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = made(tmp_path)
    assert states(await own_settings.names_are_known(settings)) == [State.OK]
    (tmp_path / ".env").write_text("QUEUE_MAX_CAPACTY=9\nREDIS_PASSWORD=x\nHUB_PORT=9\n")
    [found] = await own_settings.names_are_known(settings)
    assert found.state is State.WARN
    assert found.found.endswith(": QUEUE_MAX_CAPACTY")


async def test_settings_that_forbid_the_start_and_files_that_are_not_there_are_failures(
    tmp_path: Path,
) -> None:
    [unsafe] = await own_settings.settings_allow_start(made(tmp_path, environment="production"))
    assert unsafe.state is State.FAIL
    assert unsafe.advice == "change JWT_SECRET"
    [missing] = await own_settings.named_files_exist(made(tmp_path, jwt_jwks_file=tmp_path / "keys.json"))
    assert missing.state is State.FAIL
    assert "JWT_JWKS_FILE=" in missing.found


async def test_a_port_of_another_program_is_a_failure(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        ports = {"hub_host": "127.0.0.1", "hub_port": port, "rest_port": 0}
        socket_door, rest_door = await machine.ports_are_free_or_ours(made(tmp_path, **ports))
    assert (socket_door.state, rest_door.state) == (State.FAIL, State.OK)
    assert "HUB_PORT" in str(socket_door.advice)


@pytest.mark.parametrize(
    ("free", "state"), [(50 << 30, State.OK), (500 << 20, State.WARN), (10 << 20, State.FAIL)]
)
async def test_little_room_on_the_disk_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, state: State
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _place: Usage(1 << 40, 0, free))
    assert states(await machine.disk_has_room(made(tmp_path))) == [state]


async def test_few_descriptors_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (1024, 4096))
    assert states(await machine.descriptors_suffice(made(tmp_path))) == [State.WARN]


@pytest.fixture
def store_file(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return tmp_path / "data" / "navswap.sqlite"


async def test_records_that_cannot_be_used_are_failures_and_stay_as_they_are(store_file: Path) -> None:
    assert stores.embedded_file(store_file.parent)[0] is False
    async with SqliteStore.open(store_file, clock=lambda: NOON):
        pass
    usable, findings = stores.embedded_file(store_file.parent)
    assert usable
    assert states(findings) == [State.OK, State.OK]
    for pragma, state in (
        ("user_version = 99", State.FAIL),
        ("user_version = 1", State.WARN),
        ("application_id = 7", State.FAIL),
    ):
        with closing(sqlite3.connect(store_file)) as connection:
            connection.execute(f"PRAGMA {pragma}")
        usable, findings = stores.embedded_file(store_file.parent)
        assert (usable, states(findings)) == (False, [state])


def test_a_file_that_is_no_database_is_a_failure(store_file: Path) -> None:
    store_file.write_bytes(b"this is no database" * 100)
    usable, findings = stores.embedded_file(store_file.parent)
    assert (usable, states(findings)) == (False, [State.FAIL])


async def test_writing_and_reading_leaves_one_note(tmp_path: Path) -> None:
    async with SqliteStore.open(tmp_path / "hub.sqlite", clock=lambda: NOON) as store:
        for _ in range(2):
            found = await stores.write_and_read(store.records, lambda: NOON)
            assert found.state in (State.OK, State.WARN)  # a slow disk is no fault of the check
            assert "durable" in found.found
        [note] = await store.records.now.installation.find({})
    assert note.version == 1
