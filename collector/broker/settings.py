"""Which broker to take messages from, and how: checked before anything is opened."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Literal, NamedTuple
from urllib.parse import SplitResult, urlsplit

from collector.reception import QueueSettings
from metering.errors import ConfigurationError, InvalidInput
from metering.shard import WHOLE, Shard
from metering.topic_filter import check_filter

FILTERS = ("greenoffice/v1/+/+/#",)
_PORTS = {"mqtt": 1883, "mqtts": 8883}


class ClientSettings(QueueSettings, frozen=True, kw_only=True):
    """The broker, the session on it, and how much to take at once."""

    url: str
    """`mqtt://HOST[:1883]`, or `mqtts://HOST[:8883]` for TLS."""
    client_id: str = "greenoffice-receiver"
    """Names the session on the broker: another id begins another one."""
    user: str | None = None
    password: str | None = None
    ca_file: Path | None = None
    """Certificates [PEM] to trust under mqtts; None: those of the system."""
    filters: tuple[str, ...] = FILTERS
    shard: Shard = WHOLE
    """What of all that is subscribed to is kept; the rest is acknowledged and left to the other
    receivers, each of which subscribes to all of it under a client id of its own."""
    version: Literal["5", "3.1.1"] = "5"
    clean_session: bool = False
    """True forgets the session at every connection: what comes meanwhile is lost."""
    session_expiry_s: int = 30 * 86_400
    """How long the broker keeps the session while we are away (MQTT 5)."""
    receive_maximum: int = 4_000
    """Messages under way to us, not yet acknowledged: told to a broker of MQTT 5, and kept
    here too by not reading on, because brokers were seen to send several times as many."""
    keep_alive_s: int = 30
    connect_timeout_s: float = 5.0
    reconnect_min_s: float = 1.0
    """Pause before the second try to connect; doubled up to `reconnect_max_s`."""
    reconnect_max_s: float = 60.0
    leave_s: float = 10.0
    """One that leaves has all once nothing came for so long, and the broker still answers."""


class Address(NamedTuple):
    """Where a broker listens."""

    host: str
    port: int
    tls: bool


def address_of(url: str) -> Address:
    """The address a broker URL names; ConfigurationError says what is wrong with it."""
    parts, port = _split(url)
    if parts.username is not None or parts.password is not None:
        shown = f"{parts.scheme}://...@{parts.hostname}"
        raise _unusable("url", shown, "set user and password in settings of their own")
    if parts.scheme not in _PORTS or not parts.hostname or parts.path.strip("/") or parts.query:
        raise _unusable("url", url, "write mqtt://HOST:1883, or mqtts://HOST:8883 for TLS")
    return Address(parts.hostname, port or _PORTS[parts.scheme], parts.scheme == "mqtts")


def check_settings(settings: ClientSettings) -> Address:
    """The broker's address; ConfigurationError where any setting cannot be used."""
    address = address_of(settings.url)
    if not settings.client_id or not settings.client_id.isprintable():
        raise _unusable("client_id", settings.client_id, "name this receiver: letters, digits, -")
    if not 1 <= settings.receive_maximum <= 65_535:
        raise _unusable("receive_maximum", settings.receive_maximum, "use 2000 to 8000")
    if settings.password is not None and settings.user is None:
        raise _unusable("user", None, "a password needs a user")
    if not settings.filters:
        raise _unusable("filters", [], f"subscribe at least to {FILTERS[0]}")
    for topic_filter in settings.filters:
        _check_filter(topic_filter)
    return address


def tls_context(settings: ClientSettings, address: Address) -> ssl.SSLContext | None:
    """What verifies the broker under mqtts; None under mqtt."""
    if not address.tls:
        if settings.ca_file is not None:
            raise _unusable("ca_file", str(settings.ca_file), "write the url as mqtts://HOST")
        return None
    try:
        return ssl.create_default_context(cafile=settings.ca_file)
    except (OSError, ssl.SSLError) as error:
        fix = f"name a readable PEM file of certificates ({error})"
        raise _unusable("ca_file", str(settings.ca_file), fix) from error


def _split(url: str) -> tuple[SplitResult, int | None]:
    try:
        parts = urlsplit(url)
        (parts.hostname or "").encode("idna")
        return parts, parts.port
    except ValueError as error:  # UnicodeError is one
        raise _unusable("url", "", f"write mqtt://HOST:1883 ({error})") from error


def _check_filter(topic_filter: str) -> None:
    try:
        check_filter(topic_filter)
    except InvalidInput as error:
        raise _unusable("filters", topic_filter, error.fix or "") from error


def _unusable(name: str, value: object, fix: str) -> ConfigurationError:
    return ConfigurationError(
        "the broker's settings cannot be used", field=f"broker.{name}", value=value, fix=fix
    )
