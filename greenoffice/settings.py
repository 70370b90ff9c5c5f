"""Settings of a data folder: `greenoffice.toml`, overridden by GREENOFFICE_* variables.

    [http]
    port = 8080
    [mqtt]
    port = 1883

Nested names join with two underscores in the environment: GREENOFFICE_MQTT__PORT=1884.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, IPvAnyNetwork, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from metering.errors import ConfigurationError, shorten
from metering.shard import BUCKETS

MOST_COLLECTORS = 15
"""Journals of all numbers of collectors up to this have writers below 128: a place in a journal is
a key of 63 bits, of which the writer has seven."""


class Endpoint(BaseModel):
    """Where a server listens. Loopback unless an office opens it on purpose."""

    model_config = ConfigDict(extra="forbid")

    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(ge=1, le=65535, description="TCP port to listen on")


class HttpSettings(Endpoint):
    port: int = Field(8080, ge=1, le=65535, description="port of the page and the API")
    certificate: Path | None = Field(None, description="PEM chain; with it the port speaks TLS")
    private_key: Path | None = Field(None, description="PEM key of the certificate")
    secure_cookies: bool = Field(False, description="cookies for TLS alone, behind a proxy's TLS")
    trusted_proxies: tuple[IPvAnyNetwork, ...] = Field(
        (), description="addresses or networks of proxies whose X-Forwarded-For is believed"
    )
    details: Literal["local", "key", "open"] = Field(
        "local", description="who sees /metrics and the details of /health"
    )

    @property
    def url(self) -> str:
        """Where the page and the API are reached."""
        scheme = "http" if self.certificate is None else "https"
        return f"{scheme}://{self.host}:{self.port}"


class MqttSettings(Endpoint):
    port: int = Field(1883, ge=1, le=65535, description="port gateways connect to")
    metrics_port: int = Field(9464, ge=1, le=65535, description="the collector's /metrics")
    metrics_host: str = Field(
        "127.0.0.1", description="address of the ports of /metrics, which need no key"
    )
    certificate: Path | None = Field(None, description="PEM chain; with it the port speaks TLS")
    private_key: Path | None = Field(None, description="PEM key of the certificate")
    client_ca: Path | None = Field(
        None, description="CAs of the gateways' own certificates [PEM]; with it they are asked for"
    )
    client_crl: Path | None = Field(None, description="revocation lists of these CAs [PEM]")
    client_certificate_required: bool = Field(
        False, description="turn away who shows no certificate"
    )
    certificate_is_enough: bool = Field(
        False, description="a gateway with a certificate may leave its password out"
    )
    records_per_s: float = Field(
        500.0,
        gt=0,
        description="messages a second that one gateway may send while the intake is behind",
    )
    burst_records: int = Field(
        20_000, ge=1, description="messages that one gateway may send at once beyond that"
    )
    resend_after_s: int = Field(
        120,
        ge=0,
        le=86_400,
        description="what is missing of a gateway is asked for once nothing of it came so long [s]",
    )
    resend_tries: int = Field(
        5, ge=0, le=100, description="how often at most; 0: only people ask for it"
    )


class NationalSettings(BaseModel):
    """The port for gateways of the national building-energy protocol."""

    model_config = ConfigDict(extra="forbid")

    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(0, ge=0, le=65535, description="port such gateways connect to; 0: none")
    metrics_port: int = Field(
        0, ge=0, le=65535, description="/metrics of this port, at mqtt.metrics_host; 0: none"
    )
    certificate: Path | None = Field(None, description="PEM chain; with it the port speaks TLS")
    private_key: Path | None = Field(None, description="PEM key of the certificate")
    dialect: Literal["auto", "A", "B"] = Field("auto", description="auto: told by the markers")
    key_file: Path | None = Field(
        None, description="file with key and vector of AES-128; without it documents are plain"
    )
    markers: str = Field("", description="head and tail of dialect A [hex]; empty: those known")
    md5_order: Literal["", "sequence_secret", "secret_sequence"] = Field(
        "", description="what the log-in hashes; empty: as the dialect has it"
    )
    crc_polynomial: int = Field(0x1021, ge=1, le=0xFFFF, description="of dialect A's check")
    crc_initial: int = Field(0, ge=0, le=0xFFFF, description="where that check begins")
    silent_s: int = Field(
        3_900, ge=30, le=86_400, description="who says nothing for so long is cut off [s]"
    )


class BrokerSettings(BaseModel):
    """A broker to take messages from, beside the gateways that connect to us directly."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field("", description="mqtt://HOST[:1883] or mqtts://HOST[:8883]; empty: none")
    user: str = Field("", description="user on the broker; empty: none")
    password_file: Path | None = Field(None, description="file that holds the user's password")
    ca_file: Path | None = Field(None, description="certificates to trust [PEM], for mqtts")
    client_id: str = Field("greenoffice-receiver", description="names our session on the broker")
    filters: tuple[str, ...] = Field(
        ("greenoffice/v1/+/+/#",), description="topic filters to subscribe to"
    )
    version: Literal["5", "3.1.1"] = Field("5", description="MQTT version to speak")
    metrics_port: int = Field(9465, ge=1, le=65535, description="/metrics of this receiver")
    receive_maximum: int = Field(
        4000, ge=1, le=65_535, description="messages under way to us, not yet acknowledged"
    )
    shards: int = Field(
        1,
        ge=1,
        le=MOST_COLLECTORS,
        description="collectors that share what the broker has, by gateway",
    )


class InfluxSettings(BaseModel):
    """An InfluxDB for the readings; without it they lie in readings.duckdb."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field("", description="http://HOST:8086; empty: readings stay in readings.duckdb")
    bucket: str = Field("greenoffice", description="the bucket (database of a 1.x server)")
    org: str = Field("", description="the organisation; empty on a 1.x server")
    token_file: Path | None = Field(None, description="file that holds the token to write")


class DatabaseSettings(BaseModel):
    """A PostgreSQL for books, registry and findings; without it they lie in greenoffice.db."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field("", description="postgresql+psycopg://USER@HOST/NAME; empty: greenoffice.db")
    password_file: Path | None = Field(None, description="file that holds the user's password")


class RouteSettings(BaseModel):
    """Which decoder reads a topic, of all gateways or of one."""

    model_config = ConfigDict(extra="forbid")

    topic: str = Field(description="MQTT topic filter")
    decoder: str = Field(description="name of a decoder")
    options: dict[str, str] = Field({}, description="what the decoder is told, by name")
    gateway: str = Field("", description="SITE/CODE of the gateway it is for; empty: every one")


class JournalSettings(BaseModel):
    model_config = ConfigDict(extra="forbid")

    segment_mb: int = Field(64, ge=1, le=4096, description="size at which a segment closes [MB]")
    retention_days: int = Field(1096, ge=1, description="how long closed segments are kept [days]")


class IntakeSettings(BaseModel):
    model_config = ConfigDict(extra="forbid")

    future_tolerance_s: int = Field(
        600, ge=0, le=86_400, description="how far ahead of arrival a reading's time may be [s]"
    )
    batch_messages: int = Field(
        20_000, ge=1, le=100_000, description="messages taken in at once, at most"
    )
    metrics_port: int = Field(
        0, ge=0, le=65535, description="/metrics of the intake, at mqtt.metrics_host; 0: none"
    )


class LedgerSettings(BaseModel):
    model_config = ConfigDict(extra="forbid")

    shards: int = Field(
        1, ge=1, le=BUCKETS, description="ledgers that share the institutions; needs PostgreSQL"
    )
    metrics_port: int = Field(
        0, ge=0, le=65535, description="/metrics of the ledger, at mqtt.metrics_host; 0: none"
    )


class AnalyticsSettings(BaseModel):
    model_config = ConfigDict(extra="forbid")

    interval_s: int = Field(300, ge=5, description="pause between looks for waste [s]")
    history_days: int = Field(92, ge=14, le=800, description="days that a look for waste covers")


class SpreadSettings(BaseModel):
    """How a Dask scheduler is met whose address begins with tls://."""

    model_config = ConfigDict(extra="forbid")

    ca_file: Path | None = Field(None, description="certificates to trust [PEM], for tls://")
    certificate: Path | None = Field(None, description="PEM chain shown to a scheduler, for tls://")
    private_key: Path | None = Field(None, description="PEM key of the certificate")


class ClockSettings(BaseModel):
    model_config = ConfigDict(extra="forbid")

    offset_s: float = Field(0.0, description="shift of the platform's clock [s], for simulations")


class Settings(BaseSettings):
    """Everything a data folder can be told. Unknown names are refused."""

    model_config = SettingsConfigDict(
        env_prefix="GREENOFFICE_", env_nested_delimiter="__", extra="forbid"
    )

    language: str = Field("zh-CN", pattern="^(zh-CN|en)$", description="the page's first language")
    readings_memory_mb: int = Field(400, ge=64, description="memory of the readings store [MB]")
    http: HttpSettings = HttpSettings()
    mqtt: MqttSettings = MqttSettings()
    national: NationalSettings = NationalSettings()
    broker: BrokerSettings = BrokerSettings()
    influx: InfluxSettings = InfluxSettings()
    database: DatabaseSettings = DatabaseSettings()
    routes: tuple[RouteSettings, ...] = Field(
        (), description="which decoder reads which topics, where no registered route says it"
    )
    journal: JournalSettings = JournalSettings()
    intake: IntakeSettings = IntakeSettings()
    ledger: LedgerSettings = LedgerSettings()
    analytics: AnalyticsSettings = AnalyticsSettings()
    spread: SpreadSettings = SpreadSettings()
    clock: ClockSettings = ClockSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments before the environment, and that before the file; no other place is read."""
        file = TomlConfigSettingsSource(settings_cls)
        return init_settings, env_settings, file


def load_settings(file: Path) -> Settings:
    """Settings of a file and the environment; ConfigurationError names field, value and fix."""
    if not file.is_file():
        raise ConfigurationError(
            "no settings file",
            field="file",
            value=str(file),
            fix=f"make a data folder first: greenoffice init {file.parent}",
        )

    class FromFile(Settings):
        model_config = SettingsConfigDict(toml_file=file)

    FromFile.__name__ = "Settings"
    try:
        return FromFile()
    except tomllib.TOMLDecodeError as broken:
        raise ConfigurationError(
            f"the settings file is not TOML: {broken}",
            field="file",
            value=str(file),
            fix="mend the line named, or delete the file and run greenoffice init again",
        ) from broken
    except UnicodeDecodeError as broken:
        raise ConfigurationError(
            "the settings file is not UTF-8", field="file", value=str(file), fix="save it as UTF-8"
        ) from broken
    except ValidationError as refused:
        raise _named(refused, file) from refused


def _named(refused: ValidationError, file: Path) -> ConfigurationError:
    first = refused.errors()[0]
    field = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        fix = f"remove it from {file.name}; known: {', '.join(_names(Settings))}"
    else:
        fix = f"{first['msg']}; set it in {file.name}"
    return ConfigurationError(
        f"a setting is not usable ({refused.error_count()} in all)",
        field=field,
        value=shorten(first.get("input")),
        fix=fix,
    )


def _names(model: type[BaseModel], prefix: str = "") -> list[str]:
    names: list[str] = []
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            names += _names(inner, f"{prefix}{name}.")
        else:
            names.append(prefix + name)
    return names
