"""What is served beside the operations: status, docs, the dashboard, other origins' pages."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

from services.stations import StationService
from tests.support.hub import RunningHub

OPEN_PATHS = [
    "/",
    "/healthz",
    "/readyz",
    "/openapi.json",
    "/asyncapi.json",
    "/docs",
    "/dashboard/config.json",
]


async def _get(hub: RunningHub, path: str, **headers: str) -> tuple[int, dict[str, str], str]:
    async with hub.http.get(hub.rest_url + path, headers=headers) as answer:
        return answer.status, dict(answer.headers), await answer.text()


@pytest.mark.parametrize("path", OPEN_PATHS)
async def test_some_paths_need_no_token(hub: RunningHub, path: str) -> None:
    assert (await _get(hub, path))[0] == 200


async def test_metrics_are_for_this_machine_and_admins(hub: RunningHub) -> None:
    proxied = {"X-Forwarded-For": "203.0.113.7"}
    rider, admin = hub.rider(), hub.admin()

    assert (await _get(hub, "/metrics"))[0] == 200
    assert (await _get(hub, "/metrics", **proxied))[0] == 401
    assert (await _get(hub, "/metrics", **proxied, Authorization=f"Bearer {rider.token}"))[0] == 403
    assert (await _get(hub, "/metrics", **proxied, Authorization=f"Bearer {admin.token}"))[0] == 200


# -- ready


async def test_ready_says_no_while_live_state_differs_and_repairs_it(
    hub: RunningHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    await hub.station()
    readiness = hub.hub.readiness
    assert all((await readiness.checks()).values())
    with monkeypatch.context() as patch:

        async def fails(self: StationService) -> None:
            raise OSError("no")

        patch.setattr(StationService, "rebuild_live", fails)
        live = hub.hub.services.world.live
        await live.replace_all([], [], since=await live.mark())
        readiness._checked_at = -10.0
        status, _, body = await _get(hub, "/readyz")
        assert (status, '"live":false' in body) == (503, True)

    async with asyncio.timeout(10):
        while (await _get(hub, "/readyz"))[0] != 200:  # noqa: ASYNC110
            await asyncio.sleep(0.1)  # the repairing task waits for no one: ask again
    assert len(await hub.hub.services.world.live.boards()) == 1


async def test_ready_says_no_when_records_cannot_be_written(
    hub: RunningHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(type(hub.hub.resources.log), "keep_position", fails)
    hub.hub.readiness._checked_at = -10.0

    status, _, body = await _get(hub, "/readyz")

    assert (status, '"commands":false' in body) == (503, True)


async def test_every_background_task_is_seen_at_both_places(hub: RunningHub) -> None:
    async with hub.http.get(f"{hub.rest_url}/readyz") as answer:
        told = (await answer.json())["tasks"]
    async with hub.http.get(f"{hub.rest_url}/metrics") as answer:
        page = await answer.text()

    owned = {task.get_name() for task in hub.hub.supervisor._tasks}
    assert {"timers", "prune", "positions", "readiness"} <= owned
    assert set(told) == owned
    for name in owned:
        assert told[name] == {"state": "running", "restarts": 0}
        assert f'hub_task_running{{task="{name}"}} 1.0' in page
    assert "hub_timers_late_seconds" in page


# -- docs


async def test_openapi_has_a_route_for_every_operation(hub: RunningHub) -> None:
    async with hub.http.get(f"{hub.rest_url}/openapi.json") as answer:
        document = await answer.json()

    assert document["openapi"].startswith("3.1")
    for operation in hub.hub.registry:
        if operation.rest:
            method, path = operation.rest
            route = document["paths"][path][method.lower()]
            assert route["operationId"] == operation.event
    _check_references(document)


async def test_asyncapi_has_every_event(hub: RunningHub) -> None:
    async with hub.http.get(f"{hub.rest_url}/asyncapi.json") as answer:
        document = await answer.json()

    assert document["asyncapi"] == "3.0.0"
    messages = document["channels"]["hub"]["messages"]
    assert {"queue:confirm", "queue:updated", "hub:session", "stats:tick"} <= {
        m["name"] for m in messages.values()
    }
    done = {id: operation["action"] for id, operation in document["operations"].items()}
    ways = {(message["name"], done.get(id)) for id, message in messages.items()}
    assert {("queue:still-coming", "receive"), ("queue:still-coming", "send")} <= ways  # both are there
    _check_references(document)


def _check_references(document: Any) -> None:
    """Everything that is referred to is there."""
    for reference in re.findall(r"'\$ref': '(#[^']+)'", str(document)):
        found = document
        for part in reference[2:].split("/"):
            found = found[part.replace("~1", "/")]


async def test_the_docs_page_loads_nothing_from_anywhere(hub: RunningHub) -> None:
    _, headers, page = await _get(hub, "/docs")

    assert "queue:confirm" in page
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    linked = set(re.findall(r'href="#([^"]+)"', page))
    assert linked == set(ids)  # everything is reached from the contents
    assert {operation.event for operation in hub.hub.registry} < linked
    assert "POST /queue/confirm" in page
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', page)
    assert "'unsafe" not in headers["Content-Security-Policy"]


# -- the dashboard


async def test_a_link_opens_the_dashboard_once(hub: RunningHub) -> None:
    link = hub.hub.links.make("nonce", minutes=5)

    answers = await asyncio.gather(*(_open(hub, link) for _ in range(10)))

    opened = [body for status, body in answers if status == 200]
    assert sorted(status for status, _ in answers) == [200] + [409] * 9
    assert {body["code"] for status, body in answers if status == 409} == {"token_used"}
    assert set(opened[0]) == {"token", "expires_at", "socket_url", "rest_url"}
    admin = hub.anybody(opened[0]["token"])
    assert (await admin.call("room:join", room="admin")).ok


async def _open(hub: RunningHub, link: Any) -> tuple[int, Any]:
    async with hub.http.post(f"{hub.rest_url}/auth/link", json={"link": link}) as answer:
        return answer.status, await answer.json(content_type=None)


@pytest.mark.parametrize(
    ("link", "code"), [("forged", "token_invalid"), ("x" * 5000, "token_invalid"), (5, "validation_failed")]
)
async def test_a_bad_link_opens_nothing(hub: RunningHub, link: Any, code: str) -> None:
    assert (await _open(hub, link))[1]["code"] == code


async def test_a_late_link_and_another_signature_open_nothing(hub: RunningHub) -> None:
    late = hub.hub.links.make("nonce", minutes=-1)
    station = await hub.station()
    qr_token = (await hub.rider().confirm(station)).data["qr_token"]

    assert (await _open(hub, late))[1]["code"] == "token_expired"
    assert (await _open(hub, qr_token))[1]["code"] == "token_invalid"


async def test_the_page_may_talk_to_the_two_doors_and_nothing_else(hub: RunningHub) -> None:
    _, headers, _ = await _get(hub, "/")
    policy = headers["Content-Security-Policy"]
    assert f"connect-src 'self' {hub.socket_url} {hub.socket_url.replace('http', 'ws')};" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy

    async with hub.http.get(hub.rest_url, headers={"Host": "evil.example;script-src *"}) as answer:
        assert "evil" not in answer.headers.get("Content-Security-Policy", "")


async def test_addresses_follow_the_request_or_the_settings(hub: RunningHub, make_hub: Any) -> None:
    async with hub.http.get(
        f"{hub.rest_url}/dashboard/config.json", headers={"Host": "hub.local:1"}
    ) as answer:
        said = await answer.json()
    assert said == {
        "socket_url": f"http://hub.local:{hub.hub.socket_port}",
        "rest_url": f"http://hub.local:{hub.hub.rest_port}",
    }
    public = await make_hub(public_socket_url="https://live.example", public_rest_url="https://api.example")
    async with public.http.get(f"{public.rest_url}/dashboard/config.json") as answer:
        assert await answer.json() == {
            "socket_url": "https://live.example",
            "rest_url": "https://api.example",
        }


@pytest.mark.parametrize(
    "path", ["/static/../../hub/app.py", "/static/%2e%2e/%2e%2e/pyproject.toml", "/static/"]
)
async def test_only_the_dashboards_own_files_are_served(hub: RunningHub, path: str) -> None:
    assert (await _get(hub, path))[0] in (403, 404)


# -- pages of other origins


async def test_other_origins_are_refused_unless_they_are_named(make_hub: Any) -> None:
    hub = await make_hub(cors_allowed_origins="https://app.example, https://b.example/")
    own = f"http://127.0.0.1:{hub.hub.rest_port}"
    for origin, allowed in {
        "https://app.example": True,
        "https://b.example": True,
        own: True,
        "https://evil.example": False,
        "null": False,
        f"http://evil.example:{hub.hub.rest_port}": False,
    }.items():
        answers = [
            await _get(hub, "/healthz", Origin=origin),
            await _get(hub, "/nothing", Origin=origin),
        ]
        shown = {headers.get("Access-Control-Allow-Origin") for _, headers, _ in answers}
        assert shown == {origin if allowed else None}, origin
        assert await _socket_opens(hub, origin) is allowed, origin


async def _socket_opens(hub: RunningHub, origin: str) -> bool:
    url = f"{hub.socket_url}/socket.io/?EIO=4&transport=polling"
    async with hub.http.get(url, headers={"Origin": origin}) as answer:
        return answer.status == 200 and answer.headers.get("Access-Control-Allow-Origin") == origin


async def test_a_preflight_is_answered(make_hub: Any) -> None:
    hub = await make_hub(cors_allowed_origins=("https://app.example",))
    asked = {
        "Origin": "https://app.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,idempotency-key",
    }
    async with hub.http.options(f"{hub.rest_url}/queue/confirm", headers=asked) as answer:
        assert answer.status == 204
        assert "Idempotency-Key" in answer.headers["Access-Control-Allow-Headers"]
