"""docker-compose.yml against our own rules. No container is run here: see docs/deploy.md."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from hub.compose import COMPOSE_SETTINGS
from hub.config import ConfigError, Settings, check, setting_name
from hub.doors.pages import env_example

ROOT: Final = Path(__file__).parents[2]
TEXT: Final = (ROOT / "docker-compose.yml").read_text()
FILE: Final[dict[str, Any]] = yaml.safe_load(TEXT)
SERVICES: Final[dict[str, Any]] = FILE["services"]
IMAGES: Final = {
    "mongo": "mongo:7.0",
    "redis": "redis:7-alpine",
    "kafka": "confluentinc/cp-kafka:7.5.",
    "zookeeper": "confluentinc/cp-zookeeper:7.5.",
}
SECRETS: Final = {"JWT_SECRET", "QR_SECRET", "MONGO_PASSWORD", "MONGO_ROOT_PASSWORD", "REDIS_PASSWORD"}
KNOWN: Final = {setting_name(field) for field in Settings.model_fields} | set(COMPOSE_SETTINGS)
VARIABLE: Final = re.compile(r"(?<!\$)\$\{(\w+)(?::([-?])([^}]*))?\}")


def expanded(text: str, given: dict[str, str]) -> str:
    """As compose fills it in. Raises KeyError for a variable that has to be set and is not."""

    def value(found: re.Match[str]) -> str:
        name, kind, default = found.groups()
        return given.get(name) or (default if kind == "-" else given[name])

    return VARIABLE.sub(value, text)


def test_the_services_are_the_promised_ones() -> None:
    assert set(SERVICES) == {"backend", *IMAGES}
    assert SERVICES["backend"]["build"] == "."
    for name, image in IMAGES.items():
        assert SERVICES[name]["image"].startswith(image)


@pytest.mark.parametrize("name", sorted(IMAGES))
def test_no_store_is_published(name: str) -> None:
    assert "ports" not in SERVICES[name]
    assert "network_mode" not in SERVICES[name]


def test_the_doors_are_published_on_loopback_unless_told_otherwise() -> None:
    addresses = [expanded(port, {}) for port in SERVICES["backend"]["ports"]]
    assert addresses == ["127.0.0.1:8000:8000", "127.0.0.1:8080:8080"]


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_each_service_is_watched_bounded_and_restarted(name: str) -> None:
    service = SERVICES[name]
    assert service["healthcheck"]["test"]
    assert {"interval", "timeout", "retries"} <= set(service["healthcheck"])
    assert service["restart"] == "unless-stopped"
    assert service["networks"] == ["navswap-network"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}
    assert {"max-size", "max-file"} == set(service["logging"]["options"])


@pytest.mark.parametrize("name", ["backend", "mongo", "redis"])
def test_root_is_read_only_where_the_image_allows_it(name: str) -> None:
    assert SERVICES[name]["read_only"] is True


def test_network_and_volumes_are_declared() -> None:
    assert FILE["networks"] == {"navswap-network": {"name": "navswap-network"}}
    mounts = [mount for service in SERVICES.values() for mount in service.get("volumes", ())]
    named = {mount.partition(":")[0] for mount in mounts if not mount.startswith(".")}
    assert named == set(FILE["volumes"])
    for mount in mounts:
        source, _, target = mount.partition(":")
        if source.startswith("."):
            assert (ROOT / source).is_file()
            assert target.endswith(":ro")


def test_who_waits_says_for_what() -> None:
    for service in SERVICES.values():
        for name, wait in service.get("depends_on", {}).items():
            assert name in SERVICES
            assert wait["condition"] in ("service_healthy", "service_started")
    waits = SERVICES["backend"]["depends_on"]
    assert {name for name, wait in waits.items() if wait["condition"] == "service_healthy"} == {
        "mongo",
        "redis",
    }


def test_every_variable_is_a_known_setting() -> None:
    assert {name for name, _, _ in VARIABLE.findall(TEXT)} <= KNOWN
    assert set(SERVICES["backend"]["environment"]) <= KNOWN


def test_nothing_starts_without_each_secret() -> None:
    demanded = {name for name, kind, _ in VARIABLE.findall(TEXT) if kind == "?"}
    assert demanded == SECRETS
    given = dict.fromkeys(SECRETS, "x")
    assert expanded(TEXT, given)
    for name in SECRETS:
        with pytest.raises(KeyError, match=name):
            expanded(TEXT, dict.fromkeys(SECRETS - {name}, "x"))


def test_no_secret_is_in_the_file_or_in_the_example() -> None:
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if re.search("SECRET|PASSWORD|AUTH", name):
                assert value == "" or value.startswith("${")
    example = (ROOT / ".env.example").read_text()
    assert example == env_example()
    for name in SECRETS:
        assert re.search(rf"^#{name}=$", example, re.MULTILINE), name


def test_the_hub_would_start_with_what_compose_gives_it(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = {name: f"{name}-0123456789-abcdefghijklmnopq" for name in SECRETS}
    for name, value in SERVICES["backend"]["environment"].items():
        monkeypatch.setenv(name, expanded(value, secrets))
    settings = Settings(_env_file=None)
    assert settings.environment == "production"
    monkeypatch.setattr("os.geteuid", lambda: 10001)
    check(settings)
    monkeypatch.setenv("JWT_SECRET", "changeme")
    with pytest.raises(ConfigError, match="JWT_SECRET"):
        check(Settings(_env_file=None))


def test_the_hub_has_time_to_drain() -> None:
    grace_s = float(SERVICES["backend"]["stop_grace_period"].removesuffix("s"))
    assert grace_s >= Settings.model_fields["drain_seconds"].default * 2


def test_redis_never_evicts_and_keeps_a_log() -> None:
    command = SERVICES["redis"]["command"]
    options = dict(zip(command[1::2], command[2::2], strict=True))
    assert options["--maxmemory-policy"] == "noeviction"
    assert options["--appendonly"] == "yes"
    assert options["--requirepass"] == "${REDIS_PASSWORD}"


def test_mongo_makes_itself_a_replica_set_that_the_hub_asks_for() -> None:
    command = SERVICES["mongo"]["command"]
    name = command[command.index("--replSet") + 1]
    assert "/healthy.js" in SERVICES["mongo"]["healthcheck"]["test"]
    script = (ROOT / "deploy/mongo/healthy.js").read_text()
    assert f'_id: "{name}"' in script
    assert 'host: "mongo:27017"' in script
    assert f"replicaSet={name}" in SERVICES["backend"]["environment"]["MONGODB_URI"]
