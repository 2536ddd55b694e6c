"""`navswap doctor`: look at settings, stores, clocks, secrets, versions and the machine; say what to do.

Ends with 1 when something must be put right.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from dataclasses import asdict
from typing import Any, Final

from pydantic import ValidationError

from hub.config import Settings
from hub.doctor.examination import examine
from hub.doctor.finding import Finding, State, fail

_MARKS: Final = {State.OK: "ok", State.WARN: "WARN", State.FAIL: "FAIL"}


def add_parser(commands: Any) -> None:
    parser = commands.add_parser("doctor", help="check settings, stores and machine", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print a list of findings for a machine")
    parser.add_argument(
        "--accept-secrets", action="store_true", help="this node's secrets are the installation's from now on"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    findings = asyncio.run(_findings(accept=arguments.accept_secrets))
    if arguments.json:
        print(json.dumps([asdict(finding) for finding in findings], indent=1))
    else:
        _print(findings)
    return int(any(finding.state is State.FAIL for finding in findings))


async def _findings(*, accept: bool) -> list[Finding]:
    try:
        settings = Settings()
    except ValidationError as error:
        return [_unreadable(fault) for fault in error.errors(include_input=False)]
    return await examine(settings, accept_secrets=accept)


def _unreadable(fault: Any) -> Finding:
    name = ".".join(map(str, fault["loc"])).upper()
    return fail("settings", f"{name}: {fault['msg']}", f"correct {name}; nothing else was looked at")


def _print(findings: list[Finding]) -> None:
    width = max(len(finding.check) for finding in findings)
    for finding in findings:
        print(f"{_MARKS[finding.state]:<5}{finding.check:<{width}}  {finding.found}")
        if finding.advice:
            print(f"{'':<{width + 7}}-> {finding.advice}")
