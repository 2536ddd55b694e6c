"""`navswap import` and `navswap audit` as an operator runs them."""

from __future__ import annotations

import json
from pathlib import Path

import aiohttp
import pytest

from tests.e2e.commands import Ended, navswap
from tests.e2e.process import running_hub
from tests.support.stores import STORES

FILES = {
    "stations": "station_id,name,location.lat,location.lng,slots\nhebbal,Hebbal,13.04,77.59,4\n",
    "partners": "partner_id,name,location.lat,location.lng,capacity\nshop,Shop,13,77.6,8\n",
    "users": "user_id,role,name,vehicle.id,station_id\nrider,consumer,Asha,KA-01,\nravi,staff,Ravi,,hebbal\n",
    "batteries": (
        "battery_id,holder.kind,holder.id,holder.slot,soc\n"
        "one,slot,hebbal,,95\ntwo,slot,hebbal,4,40\nthree,rider,rider,,20\nfour,partner,shop,,95\n"
    ),
}


async def imported(tmp_path: Path, kind: str, text: str) -> Ended:
    path = tmp_path / f"{kind}.csv"
    path.write_text(text)
    return await navswap(tmp_path / "data", "import", kind, str(path))


async def filled(tmp_path: Path) -> None:
    for kind, text in FILES.items():
        said = await imported(tmp_path, kind, text)
        assert said.code == 0, said.err


async def test_a_hub_serves_what_was_imported(tmp_path: Path) -> None:
    await filled(tmp_path)

    async with running_hub(tmp_path, "") as hub, aiohttp.ClientSession() as http:
        token = await hub.token("admin", "admin_001")
        headers = {"Authorization": f"Bearer {token}"}
        async with http.get(f"{hub.rest_url}/station/hebbal/status", headers=headers) as answer:
            status = json.loads(await answer.read())
        audits = [await navswap(hub.data_dir, "audit", what) for what in ("custody", "credits")]

    assert status["batteries"] == {"total": 2, "charged": 1, "charging": 1, "quarantined": 0, "held": 0}
    assert (status["queue"]["capacity"], status["staff_on_duty"]) == (20, 1)
    assert [(said.code, said.err) for said in audits] == [(0, ""), (0, "")]
    assert audits[0].out == "4 packs with 4 custody records: no fault\n"


async def test_the_same_files_again_change_nothing(tmp_path: Path) -> None:
    await filled(tmp_path)

    again = [await imported(tmp_path, kind, text) for kind, text in FILES.items()]

    assert [said.code for said in again] == [0] * 4
    assert all(said.out.endswith(" read, 0 new or changed\n") for said in again)


async def test_a_file_with_faults_is_refused_whole_with_its_lines(tmp_path: Path) -> None:
    await filled(tmp_path)
    header = "battery_id,holder.kind,holder.id,holder.slot\n"
    wrong = f"{header}new,slot,hebbal,2\nfive,slot,hebbal,4\nsix,slot,gone,\n"

    said = await imported(tmp_path, "batteries", wrong)

    path = tmp_path / "batteries.csv"
    assert said.code == 1
    assert said.err.splitlines() == [
        f"{path}:3: conflict: station_id hebbal, slot 4, battery_id two",
        f"{path}:4: not_found: station_id gone",
        "nothing was imported",
    ]
    assert len(STORES.documents(tmp_path / "data", "batteries")) == 4
    invalid = await imported(tmp_path, "stations", "station_id,bays\nhebbal,0\nnew,\n")
    assert [line.partition("stations.csv:")[2][:7] for line in invalid.err.splitlines()[:1]] == ["2: bays"]


@pytest.mark.embedded
async def test_an_embedded_store_is_not_written_beside_its_hub(tmp_path: Path) -> None:
    async with running_hub(tmp_path, ""):
        said = await imported(tmp_path, "stations", FILES["stations"])

    assert said.code == 2
    assert "DATA_DIR: another hub uses" in said.err


async def test_a_file_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    said = await navswap(tmp_path / "data", "import", "stations", str(tmp_path / "nothing.csv"))

    assert said.code == 1
    assert said.err == "navswap: No such file or directory\n"
