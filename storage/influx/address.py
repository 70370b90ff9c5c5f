"""Where an InfluxDB is, and how long to wait for it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from metering.errors import ConfigurationError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")


@dataclass(frozen=True)
class InfluxAddress:
    """One bucket of one server. ConfigurationError where a part of it cannot be meant.

    `org` and `token` stay empty on a 1.x server without authentication.
    """

    url: str
    bucket: str = "greenoffice"
    org: str = ""
    token: str = field(default="", repr=False)
    connect_s: float = 5.0
    answer_s: float = 30.0
    """An answer has to begin within so many seconds, and then to come on steadily."""
    patience_s: float = 10.0
    """A busy server's Retry-After is obeyed up to so many seconds, once per request."""

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query:
            raise ConfigurationError(
                "not the address of an InfluxDB",
                field="influx url",
                value=self.url,
                fix="write it as http://host:8086 or https://host:8086",
            )
        if parts.username or parts.password:
            raise ConfigurationError(
                "a password does not belong into an address, which is logged",
                field="influx url",
                value=f"{parts.scheme}://...@{parts.hostname}",
                fix="leave it out and give the token on its own",
            )
        if not _NAME.fullmatch(self.bucket):
            raise ConfigurationError(
                "not a usable name of a bucket",
                field="influx bucket",
                value=self.bucket,
                fix="use up to 63 letters, digits, '_', '.' and '-', a letter or digit first",
            )
        if not self.token.isascii() or not self.token.isprintable():
            raise ConfigurationError(
                "the token holds characters no token has",
                field="influx token",
                fix="copy it anew, without line breaks",
            )
