"""The configuration of an edge: where it pushes, what it keeps, which meters it reads."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from edge.profile import Order, Profile, ProfileRegister, checked, read_profile, toml_of
from metering.errors import ConfigurationError

MOST_METERS = 1_000
_STEPS_S = (900, 86_400)
"""Intervals divide the first, or are multiples of it that divide the second."""


class GatewayConfig(BaseModel):
    """Who the edge is to the platform, and where that listens."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[A-Za-z0-9._-]{1,64}/[A-Za-z0-9._-]{1,64}$")
    host: str = Field(min_length=1)
    port: int = Field(1883, ge=1, le=65_535)
    password_file: Path
    tls: bool = False
    ca_file: Path | None = None
    certificate: Path | None = None
    private_key: Path | None = None


class SpoolConfig(BaseModel):
    """Where what was read is kept until the platform has it, and how much of it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: Path = Path("edge-spool")
    max_mb: int = Field(512, ge=1, le=1_000_000)


def _on_quarter_hours(interval_s: int) -> int:
    quarter, day = _STEPS_S
    if quarter % interval_s and (interval_s % quarter or day % interval_s):
        raise ValueError(
            "it would miss the quarter hours: use a divisor of 900, or a multiple of it that "
            "divides a day"
        )
    return interval_s


class MeterConfig(BaseModel):
    """One meter: how it is reached, what it is, how often it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[A-Za-z0-9._-]{1,63}$")
    profile: str
    host: str = ""
    port: int = Field(502, ge=1, le=65_535)
    framing: Literal["tcp", "rtu"] = "tcp"
    serial: str = ""
    baud: int = Field(9600, ge=300, le=1_000_000)
    parity: Literal["N", "E", "O"] = "N"
    stop_bits: Literal[1, 2] = 1
    device: int = Field(1, ge=0, le=255)
    interval_s: Annotated[int, AfterValidator(_on_quarter_hours)] = Field(900, ge=1, le=86_400)
    timeout_s: float = Field(2.0, gt=0, le=30)
    retries: int = Field(1, ge=0, le=5)
    order: Order | None = None
    registers: tuple[str, ...] = ()


class _EdgeFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    gateway: GatewayConfig
    spool: SpoolConfig = SpoolConfig()
    meters: tuple[MeterConfig, ...] = Field(min_length=1, max_length=MOST_METERS)


@dataclass(frozen=True)
class LineAddress:
    """A line that meters share: a TCP address, or a serial port with its parameters."""

    host: str
    port: int
    framing: str
    serial: str
    baud: int
    parity: str
    stop_bits: int

    def __str__(self) -> str:
        return self.serial or f"{self.host}:{self.port}"


@dataclass(frozen=True)
class EdgeMeter:
    """A meter with what its profile says, ready to be read."""

    config: MeterConfig
    profile: Profile
    registers: tuple[ProfileRegister, ...]
    """Those that are wanted."""

    @property
    def name(self) -> str:
        """Its points begin with it: NAME.REGISTER."""
        return self.config.name

    @property
    def order(self) -> Order:
        """The order of its words: of the configuration, else of the profile."""
        return self.config.order or self.profile.order

    @property
    def line(self) -> LineAddress:
        """Where it is reached; meters of one line are asked one after another."""
        one = self.config
        if one.serial:
            return LineAddress("", 0, "rtu", one.serial, one.baud, one.parity, one.stop_bits)
        return LineAddress(one.host, one.port, one.framing, "", 0, "", 0)


@dataclass(frozen=True)
class EdgeConfig:
    """A whole configuration, its paths made absolute beside its file."""

    gateway: GatewayConfig
    password: str
    spool: Path
    max_bytes: int
    meters: tuple[EdgeMeter, ...]


def read_config(file: Path) -> EdgeConfig:
    """The configuration that a TOML file holds; ConfigurationError names field, value and fix."""
    told = checked(_EdgeFile, toml_of(file), file)
    beside = file.absolute().parent
    names = [meter.name for meter in told.meters]
    for name in names:
        if names.count(name) > 1:
            raise ConfigurationError(
                "two meters have one name", field="name", value=name, fix="name each its own way"
            )
    files = {
        name: beside / path
        for name in ("password_file", "ca_file", "certificate", "private_key")
        if (path := getattr(told.gateway, name)) is not None
    }
    return EdgeConfig(
        told.gateway.model_copy(update=files),
        _password(files["password_file"]),
        beside / told.spool.folder,
        told.spool.max_mb * 1_000_000,
        tuple(_meter(meter, beside) for meter in told.meters),
    )


def _meter(config: MeterConfig, beside: Path) -> EdgeMeter:
    if bool(config.host) == bool(config.serial):
        raise ConfigurationError(
            "a meter is reached by its host or by a serial port, and not by both",
            field="host",
            value=config.host,
            fix="give host, or serial",
        )
    profile = read_profile(config.profile, beside)
    known = {one.name: one for one in profile.registers}
    for name in config.registers:
        if name not in known:
            raise ConfigurationError(
                f"the profile {config.profile} has no such register",
                field="registers",
                value=name,
                fix=f"use some of: {', '.join(known)}",
            )
    wanted = config.registers or tuple(known)
    return EdgeMeter(config, profile, tuple(known[name] for name in wanted))


def _password(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            "the gateway's password cannot be read",
            field="password_file",
            value=str(file),
            fix="write the password that `greenoffice gateway add` printed into this file",
        ) from error


TEMPLATE = """\
# An edge of Green Office: reads meters over Modbus, and pushes as a gateway. See docs/edge.md.
# Then: greenoffice edge check {file}; greenoffice edge {file}

[gateway]
name = "campus/edge"              # SITE/GATEWAY, as registered: greenoffice gateway add
host = "127.0.0.1"                # where the platform listens, or its broker
port = 1883
password_file = "edge.password"   # a file with the password alone
# tls = true                      # the port of TLS is often 8883
# ca_file = "ca.pem"              # whom to believe; without it, the authorities of this machine
# certificate = "edge.pem"        # shown where the platform asks for one
# private_key = "edge.key"

[spool]
folder = "edge-spool"             # on a disk that lasts: what was read waits here
max_mb = 512                      # of more, the oldest goes, and is told as lost

# One of these for each meter. Profiles: {profiles}.
[[meters]]
name = "E1"                       # its points are E1.import, E1.power, ...
profile = "eastron-sdm630"        # or a file of your own, "mine.toml"
host = "192.168.1.20"             # Modbus TCP; a converter to RS-485 may want framing = "rtu"
# port = 502
# device = 1                      # unit id
# interval_s = 900                # a divisor of 900, or a multiple of it
# timeout_s = 2.0
# retries = 1
# order = "little"                # where `edge check` shows that words come the other way round
# registers = ["import", "power"] # without this line, all of the profile

# [[meters]]
# name = "E2"
# profile = "acrel-adl400"
# serial = "/dev/ttyUSB0"         # Modbus RTU; meters on one port are read one after another
# baud = 9600
# parity = "N"
# stop_bits = 1
# device = 2
"""
