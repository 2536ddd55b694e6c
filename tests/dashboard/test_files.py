"""The dashboard's files keep to the page's policy, and foreign code is what its makers published."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path
from typing import Final

import pytest

DASHBOARD: Final = Path(str(files("web_dashboard")))
STATIC: Final = DASHBOARD / "static"
VENDOR: Final = STATIC / "vendor"
OURS: Final = sorted((STATIC / "js").rglob("*.js"))
UNIT_TESTS: Final = Path(__file__).parent / "js"


def test_pure_modules_pass_their_tests_under_node() -> None:
    node = shutil.which("node")
    if node is None:
        reason = "no Node.js: apt-get install nodejs"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    tests = sorted(str(path) for path in UNIT_TESTS.glob("*.test.js"))
    run = subprocess.run([node, "--test", *tests], capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def test_vendored_files_are_those_whose_hashes_are_listed() -> None:
    listed = dict(reversed(line.split()) for line in (VENDOR / "SHA384SUMS").read_text().splitlines())
    there = {
        str(path.relative_to(VENDOR)): hashlib.sha384(path.read_bytes()).hexdigest()
        for path in VENDOR.rglob("*.js")
    }
    assert there == listed


def test_every_vendored_library_has_its_licence_and_a_line_in_the_notice() -> None:
    notice = (VENDOR / "NOTICE.md").read_text()
    folders = [path for path in VENDOR.iterdir() if path.is_dir()]
    assert folders
    for folder in folders:
        assert (folder / "LICENSE").stat().st_size > 500
        assert f"`{folder.name}`" in notice


def test_page_has_no_inline_script_or_style() -> None:
    page = (DASHBOARD / "index.html").read_text()
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", page)
    assert re.findall(r"<script(?![^>]*\ssrc=)", page) == []


def test_page_names_only_files_that_exist() -> None:
    page = (DASHBOARD / "index.html").read_text()
    named = re.findall(r'(?:src|href)="/static/([^"]+)"', page)
    assert len(named) > 5
    for name in named:
        assert (STATIC / name).is_file(), name


@pytest.mark.parametrize("path", OURS, ids=lambda path: str(path.relative_to(STATIC)))
def test_module_is_checked_small_and_has_no_style_in_markup(path: Path) -> None:
    text = path.read_text()
    assert text.startswith("// @ts-check\n")
    assert len(text.splitlines()) <= 300
    assert not re.search(r"\sstyle=|innerHTML|eval\(|new Function", text)


def test_every_import_leads_to_a_file() -> None:
    for path in OURS:
        for target in re.findall(r'(?:from|import) "(\.[^"]+)"', path.read_text()):
            assert (path.parent / target).resolve().is_file(), f"{path.name} imports {target}"
