"""Are the secrets strong, private, and the same on every node?"""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Literal

from hub.config import SHORTEST_SECRET, Settings
from hub.doctor.finding import Finding, fail, ok, warn
from services.base import Clock
from services.ports import Records
from services.upkeep_models import InstallationFact

Name = Literal["jwt", "qr"]

NAMES: Final[tuple[Name, ...]] = ("jwt", "qr")
KEPT: Final = (*NAMES, "link")  # files; with JWT_SECRET set, that of the dashboard's links follows from it
FEWEST_CHARACTERS: Final = 10  # different ones: a long row of one letter is no secret
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_ADVICE: Final = "set one of your own: openssl rand -hex 32"


async def secrets_are_strong(settings: Settings) -> list[Finding]:
    """Length and variety; a hub's own ones are both."""
    return [_strength(settings, name) for name in ("jwt", "qr")] + [_are_different(settings)]


def given(settings: Settings, name: Name) -> str | None:
    """The secret as set, or as kept under DATA_DIR; none when neither: nothing is made here."""
    if secret := settings.given_secret(name):
        return secret
    path = kept_path(settings, name)
    return path.read_text().strip() if path.exists() else None


def kept_path(settings: Settings, name: str) -> Path:
    """Where a secret is kept that the hub made for itself."""
    return settings.data_dir / "secrets" / name


def _strength(settings: Settings, name: Name) -> Finding:
    label, secret = f"secret {name}", given(settings, name)
    if secret is None:
        return ok(label, "will be made at the first start, under DATA_DIR")
    if len(secret) < SHORTEST_SECRET:
        return fail(label, f"{len(secret)} characters, fewer than {SHORTEST_SECRET}", _ADVICE)
    if len(set(secret)) < FEWEST_CHARACTERS:
        return fail(label, f"only {len(set(secret))} different characters", _ADVICE)
    return ok(label, f"{len(secret)} characters")


def _are_different(settings: Settings) -> Finding:
    jwt, qr = given(settings, "jwt"), given(settings, "qr")
    if jwt is not None and jwt == qr:
        return warn(
            "secrets", "JWT_SECRET and QR_SECRET are the same", "set two: one leaked is then one leaked"
        )
    return ok("secrets", "each has its own")


async def secrets_are_private(settings: Settings) -> list[Finding]:
    """Nobody but the hub's user reads the files."""
    kept = [path for name in KEPT if (path := kept_path(settings, name)).exists()]
    open_ones = [str(path) for path in kept if path.stat().st_mode & _OTHERS]
    if open_ones:
        return [
            fail("secret files", f"others can read {', '.join(open_ones)}", "chmod 600, then make new ones")
        ]
    return [ok("secret files", f"{len(kept)} under DATA_DIR, readable by their owner alone")]


def fingerprint(name: Name, secret: str) -> str:
    """Says whether two secrets are the same, and costs a guesser a hundred milliseconds a guess."""
    salt = f"navswap fingerprint of {name}".encode()
    return hashlib.scrypt(secret.encode(), salt=salt, n=2**15, r=8, p=1, maxmem=2**26, dklen=16).hex()


async def secrets_are_the_installations(
    records: Records, settings: Settings, clock: Clock, *, accept: bool
) -> list[Finding]:
    """Compare with the fingerprints in the records: the first node's are kept, and with `accept` these."""
    mine = {name: fingerprint(name, secret) for name in NAMES if (secret := given(settings, name))}
    kept = await _keep(records, mine, clock, accept=accept)
    different = [name for name in mine if kept[name].value != mine[name]]
    if different:
        return [_different(different, (kept[name] for name in different))]
    return [ok("secrets on all nodes", f"{', '.join(mine) or 'none yet'}: as kept in the records")]


async def _keep(
    records: Records, mine: dict[Name, str], clock: Clock, *, accept: bool
) -> dict[Name, InstallationFact]:
    kept: dict[Name, InstallationFact] = {}
    async with records.transaction() as tx:
        for name, value in mine.items():
            present = await tx.installation.get(f"secret:{name}")
            if present is None:
                present = InstallationFact(id=f"secret:{name}", value=value, at=clock())
                await tx.installation.insert(present)
            elif accept and present.value != value:
                present = present.changed(value=value, at=clock())
                await tx.installation.replace(present)
            kept[name] = present
    return kept


def _different(names: Iterable[str], kept: Iterable[InstallationFact]) -> Finding:
    since = min(fact.at for fact in kept)
    return fail(
        "secrets on all nodes",
        f"{', '.join(names)}: not the one that the installation had on {since:%Y-%m-%d}",
        "give every node the same; if it was changed on purpose: navswap doctor --accept-secrets",
    )
