"""`navswap simulate` and `navswap audit`, called as the command does."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from hub.cli import main


def test_days_are_played_kept_and_audited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "kept"
    monkeypatch.setenv("DATA_DIR", str(kept))
    monkeypatch.delenv("MONGODB_URI", raising=False)
    simulate = ["simulate", "--days", "0.02", "--riders", "5", "--kills", "1", "--keep", str(kept)]

    assert main(simulate) == 0
    told = capsys.readouterr().out
    assert main(["audit", "all"]) == 0
    whole = capsys.readouterr()
    assert main(simulate) == 2  # there are records already
    assert "has records already" in capsys.readouterr().err
    with closing(sqlite3.connect(kept / "navswap.sqlite")) as records:
        records.execute(
            "UPDATE batteries SET doc = json_set(doc, '$.held_for', 'nobody') WHERE id = 'battery_00001'"
        )
        records.commit()
    assert main(["audit", "network"]) == 1
    broken = capsys.readouterr()

    assert "audits     no fault" in told
    assert "the hub was killed 1 times" in told
    assert whole.out.count(": no fault") == 3
    assert whole.err == ""
    assert broken.out.endswith(": 1 faults\n")
    assert broken.err == "battery battery_00001: held for nobody, which has ended or never was\n"
