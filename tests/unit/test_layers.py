"""The import rule: arrows point down only (docs/adr/0009)."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

MAY_NOT_IMPORT = {
    "services": {"hub", "handlers", "web_dashboard", "tests"},
    "mlmodels": {"hub", "handlers", "services", "web_dashboard", "tests"},
    "handlers": {"mlmodels", "web_dashboard", "tests"},
    "hub": {"web_dashboard", "tests"},
}
WIRING = {"hub/app.py", "hub/registry.py", "hub/lifespan.py"}
DRIVERS = {"sqlite3", "motor", "pymongo", "redis", "aiokafka", "aiohttp", "socketio", "engineio", "socketify"}


def imports(path: Path) -> set[str]:
    """Every module that a file imports, with its full name."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found.add(node.module)
    return found


def top(module: str) -> str:
    return module.partition(".")[0]


def files(package: str) -> list[Path]:
    found = sorted((ROOT / package).rglob("*.py"))
    assert found, package
    return found


@pytest.mark.parametrize("package", sorted(MAY_NOT_IMPORT))
def test_package_imports_nothing_above_it(package: str) -> None:
    for path in files(package):
        above = {module for module in imports(path) if top(module) in MAY_NOT_IMPORT[package]}
        assert not above, f"{path.relative_to(ROOT)} imports {above}"


@pytest.mark.parametrize("package", ["services", "handlers", "mlmodels"])
def test_rules_know_no_driver_and_no_transport(package: str) -> None:
    for path in files(package):
        drivers = {module for module in imports(path) if top(module) in DRIVERS}
        assert not drivers, f"{path.relative_to(ROOT)} imports {drivers}"


def test_handlers_import_of_the_hub_only_its_operations() -> None:
    for path in files("handlers"):
        of_hub = {module for module in imports(path) if top(module) == "hub"}
        assert of_hub <= {"hub.operations"}, f"{path.relative_to(ROOT)} imports {of_hub}"


def test_engine_knows_nothing_of_the_network() -> None:
    for path in files("hub/engine"):
        known = {
            module
            for module in imports(path)
            if top(module) in {"services", "handlers"}
            or (top(module) == "hub" and not module.startswith("hub.engine"))
        }
        assert not known, f"{path.relative_to(ROOT)} imports {known}"


def test_only_the_wiring_imports_handlers() -> None:
    for path in files("hub"):
        name = str(path.relative_to(ROOT))
        wired = {module for module in imports(path) if top(module) == "handlers"}
        assert not wired or name in WIRING, f"{name} imports {wired}"


def test_motor_stays_in_its_adapter() -> None:
    users = {
        str(path.relative_to(ROOT)) for path in files("hub") if "motor" in {top(m) for m in imports(path)}
    }
    assert users <= {"hub/stores/mongo.py"}
