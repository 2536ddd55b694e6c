"""The whole flow with the official client of npm: websocket alone, and with its defaults."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.e2e.flow import check_flow
from tests.e2e.process import HubProcess

HERE = Path(__file__).parent / "node"
STATION = {"id": "station_001"}
PEOPLE = {
    "rider": ("consumer", "consumer_001", None),
    "stranger": ("consumer", "consumer_002", None),
    "staff": ("staff", "staff_001", "station_001"),
    "otherStaff": ("staff", "staff_003", "station_002"),
    "admin": ("admin", "admin_001", None),
}

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")


async def station_of(hub: HubProcess) -> dict[str, Any]:
    """The station's id and place."""
    token = await hub.token("admin", "admin_001")
    where = f"{hub.rest_url}/station/{STATION['id']}/status"
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(headers=headers) as http, http.get(where) as answer:
        status = await answer.json()
    return {"id": status["id"], **status["location"]}


@pytest.mark.parametrize("transports", [["websocket"], None], ids=["websocket", "defaults"])
async def test_flow_with_the_official_client_is_heard_by_those_who_may(
    hub: HubProcess, transports: list[str] | None
) -> None:
    tokens = {who: await hub.token(*person) for who, person in PEOPLE.items()}
    station = await station_of(hub)
    order = {"url": hub.hub_url, "transports": transports, "tokens": tokens, "station": station}
    node = await asyncio.create_subprocess_exec(
        "node", "flow.mjs", cwd=HERE, stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await asyncio.wait_for(node.communicate(json.dumps(order).encode()), 60)

    assert node.returncode == 0, err.decode()[:2000] + hub.log()
    result = json.loads(out)
    assert result["transport"] == "websocket"
    check_flow(result["answers"], result["heard"], station_id=station["id"], rider="consumer_001")
