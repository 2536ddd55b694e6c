"""Are the settings such that a hub may start, and do they name what is there?"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from dotenv import dotenv_values

from hub.compose import COMPOSE_SETTINGS
from hub.config import ConfigError, Settings, check, setting_name
from hub.doctor.finding import Finding, fail, ok, warn

ENV_FILE: Final = Path(".env")


async def settings_allow_start(settings: Settings) -> list[Finding]:
    """The same check that `navswap serve` makes first."""
    try:
        check(settings)
    except ConfigError as error:
        return [fail("settings", str(error), f"change {error.setting}")]
    alone = settings.environment == "development" and settings.mongodb_uri is not None
    if alone:
        advice = "set ENVIRONMENT=production, so that unsafe settings are refused"
        return [warn("settings", "a development hub on shared stores", advice)]
    return [ok("settings", f"a {settings.environment} hub may start with them")]


async def named_files_exist(settings: Settings) -> list[Finding]:
    """Files and directories that settings name."""
    named = {
        setting_name(field): value
        for field in type(settings).model_fields
        if isinstance(value := getattr(settings, field), Path) and field != "data_dir"
    }
    missing = [f"{name}={path}" for name, path in named.items() if not path.exists()]
    if missing:
        return [fail("files", f"not there: {', '.join(missing)}", "correct the path or unset the setting")]
    return [ok("files", f"{len(named)} named by settings, all there")]


async def names_are_known(_settings: Settings) -> list[Finding]:
    """A misspelled name in `.env` is silently another one."""
    if not ENV_FILE.exists():
        return [ok("names", "no .env here; the environment alone counts")]
    known = {setting_name(field) for field in Settings.model_fields} | set(COMPOSE_SETTINGS)
    unknown = sorted(set(dotenv_values(ENV_FILE)) - known)
    if unknown:
        advice = "`navswap config` lists the names there are"
        return [warn("names", f".env sets what is no setting: {', '.join(unknown)}", advice)]
    return [ok("names", "every name in .env is a setting")]
