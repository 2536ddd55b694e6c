"""Settings: where they come from, what is refused, what is shown."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from hub.cli import main
from hub.config import ConfigError, Settings, check
from hub.keyring import kept_secret

LONG = "a secret of its own, long enough for anybody"
FINE = {"environment": "production", "jwt_secret": LONG, "qr_secret": LONG[::-1], "allow_root": True}


def _settings(**given: Any) -> Settings:
    return Settings(_env_file=None, **given)


def test_a_proper_production_starts() -> None:
    check(_settings(**FINE))


@pytest.mark.parametrize(
    ("change", "setting"),
    [
        ({"jwt_secret": None}, "JWT_SECRET"),
        ({"jwt_secret": "change-this-secret-key"}, "JWT_SECRET"),
        ({"jwt_secret": "short"}, "JWT_SECRET"),
        ({"qr_secret": None}, "QR_SECRET"),
        ({"qr_secret": "changeme"}, "QR_SECRET"),
        ({"cors_allowed_origins": ("*",)}, "CORS_ALLOWED_ORIGINS"),
        ({"cors_allowed_origins": "https://a.example,*"}, "CORS_ALLOWED_ORIGINS"),
    ],
)
def test_production_refuses_and_names_the_setting(change: dict[str, Any], setting: str) -> None:
    with pytest.raises(ConfigError) as refused:
        check(_settings(**{**FINE, **change}))
    assert refused.value.setting == setting


def test_production_refuses_root_unless_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(ConfigError, match="ALLOW_ROOT"):
        check(_settings(**{**FINE, "allow_root": False}))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    check(_settings(**{**FINE, "allow_root": False}))


def test_development_takes_anything() -> None:
    check(_settings(cors_allowed_origins="*", jwt_secret="x"))


def test_redis_host_is_read_at_start_and_refused_without_its_password() -> None:
    check(_settings(redis_host="redis+sentinel://one,two/city"))
    with pytest.raises(ConfigError, match="unknown option") as refused:
        check(_settings(redis_host="redis://hub:swordfish@one?typo=1"))

    assert refused.value.setting == "REDIS_HOST"
    assert "swordfish" not in str(refused.value)


@pytest.mark.parametrize(
    ("given", "setting"),
    [
        ({"kafka_security_protocol": "SASL_SSL"}, "KAFKA_SASL_USERNAME"),
        ({"kafka_security_protocol": "SASL_PLAINTEXT", "kafka_sasl_username": "hub"}, "KAFKA_SASL_PASSWORD"),
        ({"kafka_security_protocol": "SSL", "kafka_ssl_keyfile": "key.pem"}, "KAFKA_SSL_CERTFILE"),
    ],
)
def test_half_a_sign_in_to_kafka_is_refused(given: dict[str, Any], setting: str) -> None:
    check(_settings(**given))  # nobody is asked for anything without brokers
    with pytest.raises(ConfigError) as refused:
        check(_settings(kafka_bootstrap_servers="kafka:9092", **given))
    assert refused.value.setting == setting


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("REST_PORT=9000\nHUB_PORT=9001\n")
    monkeypatch.setenv("HUB_PORT", "9002")
    monkeypatch.setenv("LOG_LEVEL", "WARNING")
    monkeypatch.setenv("CORS_ALLOWED_ORIGINS", "https://a.example/, https://b.example")

    settings = Settings()

    assert (settings.rest_port, settings.hub_port, settings.log_level) == (9000, 9002, "warning")
    assert settings.cors_allowed_origins == ("https://a.example", "https://b.example")


def test_links_open_on_every_node_that_has_the_same_jwt_secret(tmp_path: Path) -> None:
    one, other = (_settings(jwt_secret=LONG, data_dir=tmp_path / name) for name in ("one", "other"))

    assert one.secret("link") == other.secret("link")
    assert LONG not in one.secret("link")
    assert _settings(data_dir=tmp_path).secret("link") == _settings(data_dir=tmp_path).secret("link")


def test_every_setting_says_what_it_is() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert len(field.description) > 10, name


def test_the_rules_are_the_settings() -> None:
    rules = _settings(queue_hold_minutes=5, swap_credits=7, geofence_radius_meters=100).rules()

    assert (rules.queue_hold_minutes, rules.swap_credits, rules.geofence_radius_m) == (5, 7, 100)


def test_config_masks_secrets(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("JWT_SECRET", LONG)
    monkeypatch.setenv("MONGODB_URI", "mongodb://root:swordfish@db")

    assert main(["config"]) == 0

    printed = capsys.readouterr().out
    assert LONG not in printed
    assert "swordfish" not in printed
    assert "QUEUE_MAX_CAPACITY=20" in printed
    assert "JWT_SECRET=**********" in printed


def test_serve_refuses_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ENVIRONMENT", "production")
    assert main(["serve"]) == 2
    assert "JWT_SECRET" in capsys.readouterr().err

    monkeypatch.setenv("HUB_PORT", "high")
    assert main(["serve"]) == 2
    assert "HUB_PORT" in capsys.readouterr().err


# -- secrets the hub makes


def test_a_secret_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    first = kept_secret(tmp_path, "jwt")

    assert len(first) >= 48
    assert kept_secret(tmp_path, "jwt") == first
    assert kept_secret(tmp_path, "qr") != first
    assert stat.S_IMODE((tmp_path / "secrets" / "jwt").stat().st_mode) == 0o600
    assert sorted(path.name for path in (tmp_path / "secrets").iterdir()) == ["jwt", "qr"]


def test_processes_that_race_get_the_same_secret(tmp_path: Path) -> None:
    with ProcessPoolExecutor(4) as pool:
        made = set(pool.map(kept_secret, [tmp_path] * 32, ["jwt"] * 32))

    assert len(made) == 1


def test_a_secret_that_is_set_is_taken(tmp_path: Path) -> None:
    assert _settings(data_dir=tmp_path, jwt_secret=LONG).secret("jwt") == LONG
    assert not (tmp_path / "secrets").exists()
