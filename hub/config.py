"""Every setting: its unit, its default, and what follows from it. `navswap config` prints them."""

from __future__ import annotations

import hmac
import os
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from hub.keyring import kept_secret
from hub.stores.redis_address import RedisAddress
from mlmodels.catalog import CATALOG
from mlmodels.files import ModelPaths
from services.rules import RebalancingMode, Rules

WEAK: Final = frozenset(
    ("secret", "changeme", "change-me", "change-this-secret-key", "password", "default", "jwt_secret")
)
SHORTEST_SECRET: Final = 32  # characters


class ConfigError(Exception):
    """The hub must not start with these settings; `setting` is the one to change."""

    def __init__(self, setting: str, why: str) -> None:
        super().__init__(f"{setting}: {why}")
        self.setting = setting


class Settings(BaseSettings):
    """Read from the environment, then from `.env`."""

    model_config = SettingsConfigDict(
        env_file=".env", extra="ignore", frozen=True, env_ignore_empty=True, protected_namespaces=()
    )

    # --- where it runs
    environment: Literal["development", "production"] = Field(
        "development", description="`production` refuses to start with unsafe settings"
    )
    hub_host: str = Field("0.0.0.0", description="address that both doors listen on")  # noqa: S104
    hub_port: int = Field(
        8000, ge=0, le=65535, description="TCP port of the Socket.IO door; 0 takes a free one"
    )
    rest_port: int = Field(8080, ge=0, le=65535, description="TCP port of the REST door; 0 takes a free one")
    public_socket_url: str | None = Field(
        None, description="where browsers find the Socket.IO door; else the request's host with HUB_PORT"
    )
    public_rest_url: str | None = Field(
        None, description="where browsers find the REST door; else the request's host with REST_PORT"
    )
    data_dir: Path = Field(
        Path("data"), description="directory of the records and of the secrets that the hub makes"
    )
    engine: Literal["auto", "uws", "aiohttp"] = Field(
        "auto", description="server beneath Socket.IO; `auto` takes uWebSockets where it can be loaded"
    )
    allow_root: bool = Field(False, description="production: let the hub run as root")

    # --- stores
    mongodb_uri: SecretStr | None = Field(
        None, description="records in this MongoDB replica set; without it in SQLite under DATA_DIR"
    )
    redis_host: SecretStr | None = Field(
        None,
        description="live state in this Redis, shared by the nodes; without it in memory: host, host:port, "
        "redis://, rediss://, unix://, redis+sentinel://host,host/service or redis+cluster://host,host",
    )
    kafka_bootstrap_servers: str | None = Field(
        None,
        description="publish the event log to these brokers, by comma, and take telemetry from them; "
        "without it the log stays in the records",
    )
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="how the brokers are spoken to"
    )
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "PLAIN", description="how the hub signs in, with SASL_PLAINTEXT and SASL_SSL"
    )
    kafka_sasl_username: str | None = Field(None, description="the hub's user at the brokers")
    kafka_sasl_password: SecretStr | None = Field(None, description="and its password")
    kafka_ssl_cafile: Path | None = Field(
        None, description="PEM file of the authority that signed the brokers' certificates; else the system's"
    )
    kafka_ssl_certfile: Path | None = Field(
        None, description="PEM file of the hub's own certificate, where the brokers ask for one"
    )
    kafka_ssl_keyfile: Path | None = Field(None, description="PEM file of that certificate's key")
    kafka_topic_prefix: str = Field(
        "", pattern=r"^[A-Za-z0-9._-]{0,100}$", description="put before the name of every topic"
    )
    kafka_group_id: str = Field(
        "navswap-hub", min_length=1, description="consumer group of the nodes that take telemetry"
    )
    kafka_create_topics: bool = Field(
        True, description="make topics that are missing; 0 where somebody else makes them"
    )
    kafka_topic_partitions: int = Field(12, ge=1, description="partitions of a topic that the hub makes")

    # --- who may do what
    jwt_secret: SecretStr | None = Field(
        None, description="signs and checks HS256 tokens; without it made at first start, under DATA_DIR"
    )
    jwt_jwks_file: Path | None = Field(
        None, description="public keys of an identity provider (RS256, ES256), checked besides JWT_SECRET"
    )
    qr_secret: SecretStr | None = Field(
        None, description="signs the riders' QR tokens; without it made at first start, under DATA_DIR"
    )
    dashboard_link_minutes: float = Field(
        60, gt=0, description="minutes for which a printed dashboard link can be opened, once"
    )
    cors_allowed_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="origins of other sites' pages that may call, by comma; the dashboard's own always may",
    )
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="addresses or networks of proxies, by comma, whose X-Forwarded-For is believed",
    )
    rate_limit_per_minute: int = Field(
        60, ge=0, description="commands per user and minute; reads 5 times, positions 10 times; 0 is no limit"
    )
    rate_limit_per_hour: int = Field(
        1000, ge=0, description="commands per user and hour; reads 5 times, positions 10 times; 0 is no limit"
    )

    # --- the rules
    queue_max_capacity: int = Field(20, ge=1, description="places of a new station's queue")
    queue_hold_minutes: float = Field(30, gt=0, description="minutes that a place waits for its rider")
    queue_call_minutes: float = Field(
        10, gt=0, description="minutes that a called rider has to come to the bay"
    )
    geofence_radius_meters: float = Field(
        500, gt=0, description="metres around a station within which somebody has arrived; twice that is near"
    )
    qr_token_expiry_minutes: float = Field(15, gt=0, description="minutes until a QR token must be renewed")
    gps_max_speed_mps: float = Field(
        70, ge=0, description="m/s; a fix that would need more is rejected as a jump; 0 is no limit"
    )
    swap_credits: int = Field(10, ge=0, description="credits that a rider earns by a swap")
    transport_base_credits: int = Field(100, ge=0, description="credits of a transport job before distance")
    staff_minimum: int = Field(1, ge=0, description="staff that a diversion must leave at a station")
    diversion_offer_minutes: float = Field(
        10, gt=0, description="minutes that somebody has to answer whether they go to another station"
    )
    safety_stock: int = Field(
        0, ge=0, description="charged packs per station and type that are never promised"
    )

    # --- how long
    gps_full_days: float = Field(30, ge=1, description="days for which every accepted fix is kept")
    gps_keep_days: float = Field(
        180, ge=1, description="days after which fixes go; after GPS_FULL_DAYS one a minute is left of them"
    )
    audit_keep_days: float = Field(400, ge=1, description="days for which it is kept who acted for whom")

    rebalancing: RebalancingMode = Field(
        RebalancingMode.SUGGEST,
        description="packs where riders will miss them: `off`, `suggest` tells admins, `create` makes jobs",
    )

    # --- limits
    command_deadline_seconds: float = Field(
        10, gt=0, description="seconds until an operation is given up as `unavailable`"
    )
    drain_seconds: float = Field(
        10, ge=0, description="seconds over which clients are sent away when the hub stops"
    )
    recovery_window_seconds: float = Field(
        120, ge=0, description="seconds for which a lost connection can be taken up again; 0 turns it off"
    )
    connect_rate: float = Field(
        0,
        ge=0,
        description="new connections per second; more are told to come back later (503); 0 is no limit",
    )
    max_backpressure_bytes: int = Field(
        1024 * 1024, ge=64 * 1024, description="bytes that wait for a slow client before it is disconnected"
    )

    # --- models
    model_base_path: Path | None = Field(None, description="directory of the models; else the packaged ones")
    model_load_prediction_path: Path | None = Field(None, description="file of the load_prediction model")
    model_fault_prediction_path: Path | None = Field(None, description="file of the fault_prediction model")
    model_action_recommendation_path: Path | None = Field(
        None, description="file of the action_recommendation model"
    )
    model_traffic_forecast_path: Path | None = Field(None, description="file of the traffic_forecast model")
    model_micro_area_traffic_path: Path | None = Field(
        None, description="file of the micro_area_traffic model"
    )
    model_customer_arrival_path: Path | None = Field(None, description="file of the customer_arrival model")
    model_battery_usage_trend_path: Path | None = Field(
        None, description="file of the battery_usage_trend model"
    )
    model_battery_rebalancing_path: Path | None = Field(
        None, description="file of the battery_rebalancing model"
    )
    model_staff_diversion_path: Path | None = Field(None, description="file of the staff_diversion model")
    model_battery_stock_order_path: Path | None = Field(
        None, description="file of the battery_stock_order model"
    )
    model_partner_storage_allocation_path: Path | None = Field(
        None, description="file of the partner_storage_allocation model"
    )
    model_energy_stability_path: Path | None = Field(None, description="file of the energy_stability model")
    model_station_reliability_path: Path | None = Field(
        None, description="file of the station_reliability model"
    )

    # --- logs
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="what is logged: this and worse"
    )
    log_format: Literal["text", "json"] = Field("text", description="`json` for machines: one object a line")

    @field_validator("cors_allowed_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(origin.strip().rstrip("/") for origin in value.split(",") if origin.strip())

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _networks(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        names = tuple(name.strip() for name in value.split(",") if name.strip())
        for name in names:
            ip_network(name, strict=False)  # its ValueError says what is wrong
        return names

    @field_validator("log_level", "environment", "log_format", "rebalancing", mode="before")
    @classmethod
    def _lower(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    def rules(self) -> Rules:
        """The figures that the services work with."""
        return Rules(
            queue_hold_minutes=self.queue_hold_minutes,
            queue_hold_most_minutes=max(60.0, self.queue_hold_minutes),
            queue_call_minutes=self.queue_call_minutes,
            queue_max_capacity=self.queue_max_capacity,
            geofence_radius_m=self.geofence_radius_meters,
            qr_token_expiry_minutes=self.qr_token_expiry_minutes,
            gps_max_speed_mps=self.gps_max_speed_mps,
            swap_credits=self.swap_credits,
            transport_base_credits=self.transport_base_credits,
            staff_minimum=self.staff_minimum,
            diversion_offer_minutes=self.diversion_offer_minutes,
            safety_stock=self.safety_stock,
            rebalancing=self.rebalancing,
            gps_full_days=self.gps_full_days,
            gps_keep_days=self.gps_keep_days,
            audit_keep_days=self.audit_keep_days,
        )

    def model_paths(self) -> ModelPaths:
        """Where the models' files are."""
        named = {name: getattr(self, f"model_{name}_path") for name in CATALOG}
        given = {name: path for name, path in named.items() if path is not None}
        return ModelPaths(self.model_base_path, given)

    def secret(self, name: Literal["jwt", "qr", "link"]) -> str:
        """A secret: as set, else the one kept under DATA_DIR."""
        return self.given_secret(name) or kept_secret(self.data_dir, name)

    def given_secret(self, name: Literal["jwt", "qr", "link"]) -> str | None:
        """A secret as set. That of links follows from JWT_SECRET: each node opens the links of every node."""
        if name == "link":
            key = self.given_secret("jwt")
            return hmac.new(key.encode(), b"navswap dashboard links", "sha256").hexdigest() if key else None
        given = self.jwt_secret if name == "jwt" else self.qr_secret
        return given.get_secret_value() if given else None


def setting_name(field: str) -> str:
    """A field as it is named in the environment."""
    return field.upper()


def check(settings: Settings) -> None:
    """Raises ConfigError, with the setting to change, where the hub must not start."""
    if settings.redis_host is not None:
        _check_redis(settings.redis_host.get_secret_value())
    if settings.kafka_bootstrap_servers is not None:
        _check_kafka(settings)
    if settings.environment == "production":
        _check_production(settings)


def _check_redis(target: str) -> None:
    try:
        RedisAddress.parse(target)
    except ValueError as error:
        raise ConfigError("REDIS_HOST", str(error)) from error


def _check_kafka(settings: Settings) -> None:
    if settings.kafka_security_protocol.startswith("SASL"):
        for field in ("kafka_sasl_username", "kafka_sasl_password"):
            if getattr(settings, field) is None:
                raise ConfigError(
                    setting_name(field), f"has to be set with {settings.kafka_security_protocol}"
                )
    if settings.kafka_ssl_keyfile is not None and settings.kafka_ssl_certfile is None:
        raise ConfigError("KAFKA_SSL_CERTFILE", "has to be set with KAFKA_SSL_KEYFILE")


def _check_production(settings: Settings) -> None:
    if not (settings.jwt_jwks_file and settings.jwt_secret is None):
        _check_secret("JWT_SECRET", settings.jwt_secret)
    _check_secret("QR_SECRET", settings.qr_secret)
    if "*" in settings.cors_allowed_origins:
        raise ConfigError("CORS_ALLOWED_ORIGINS", "`*` lets every site call; name the origins")
    if hasattr(os, "geteuid") and os.geteuid() == 0 and not settings.allow_root:
        raise ConfigError("ALLOW_ROOT", "the hub runs as root; use another user, or set it to 1")


def _check_secret(name: str, secret: SecretStr | None) -> None:
    value = secret.get_secret_value() if secret else ""
    if not value:
        raise ConfigError(name, "has to be set in production")
    if value.lower() in WEAK or len(value) < SHORTEST_SECRET:
        raise ConfigError(name, f"has to be a secret of its own, of at least {SHORTEST_SECRET} characters")
