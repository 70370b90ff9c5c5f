"""`greenoffice influx init`: the bucket the settings name, its tokens in `secrets/`."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from pathlib import Path

from greenoffice.folder import DataFolder, write_secret
from greenoffice.settings import InfluxSettings
from greenoffice.stores import influx_address
from metering.errors import ConfigurationError, Conflict, GreenOfficeError
from storage.influx import InfluxAddress, Prepared, WantedBucket, check, prepare
from storage.passwords import new_secret

WRITE_TOKEN = Path("secrets/influx.token")


@dataclass(frozen=True)
class InfluxOptions:
    """What the command was told; '' and None: as in the settings."""

    url: str = ""
    bucket: str = ""
    org: str = ""
    retention_days: int | None = None
    admin_token_file: Path | None = None


def influx_lacks(folder: DataFolder) -> GreenOfficeError | None:
    """What a new setup would mend; None where readings can be stored and read as it is.

    Unavailable where the server does not answer: it may have everything.
    """
    settings = folder.settings().influx
    _require_url(settings.url)
    if settings.token_file is not None and not (folder.root / settings.token_file).exists():
        return ConfigurationError(
            "there is no token to write",
            field="influx.token_file",
            value=str(settings.token_file),
            fix="run: greenoffice influx init",
        )
    address = influx_address(folder)
    assert address is not None
    problems = check(address, now_us=folder.clock().now_us())
    for problem in problems:
        if problem.field == "influx url":
            raise problem
    return next(iter(problems), None)


def influx_init(folder: DataFolder, options: InfluxOptions) -> Prepared:
    """Make the bucket and its tokens, and have the settings name them."""
    settings = _settings(folder, options)
    prepared = prepare(
        InfluxAddress(
            settings.url, settings.bucket, org=settings.org, token=_admin_token(folder, options)
        ),
        WantedBucket(folder.clock().now_us(), options.retention_days, password=_password(folder)),
    )
    if prepared.admin_token:
        write_secret(folder.secrets / "influx-admin.token", prepared.admin_token)
    write_secret(folder.secrets / "influx-read.token", prepared.read_token)
    write_secret(folder.root / WRITE_TOKEN, prepared.write_token)
    _save(folder, settings)
    return prepared


def _settings(folder: DataFolder, options: InfluxOptions) -> InfluxSettings:
    """The settings with the options in; refused here where they could not be saved later."""
    present = folder.settings().influx
    asked = {"url": options.url, "bucket": options.bucket, "org": options.org}
    settings = present.model_copy(
        update={name: value for name, value in asked.items() if value}
        | {"token_file": present.token_file or WRITE_TOKEN}
    )
    _require_url(settings.url)
    if settings.token_file != WRITE_TOKEN:
        raise ConfigurationError(
            "the new token would not be where the settings look for it",
            field="influx.token_file",
            value=str(settings.token_file),
            fix=f'set it to "{WRITE_TOKEN}"',
        )
    if settings != present and "influx" in tomllib.loads(folder.settings_file.read_text("utf-8")):
        raise Conflict(
            "the settings say something else about the InfluxDB than the options",
            field="influx",
            value=str(folder.settings_file),
            fix=f"make [influx] there say: {_lines(settings)}; then leave the options out",
        )
    return settings


def _require_url(url: str) -> None:
    if not url:
        raise ConfigurationError(
            "no InfluxDB is named",
            field="influx.url",
            value="",
            fix="add --url http://HOST:8086, or set it in greenoffice.toml",
        )


def _admin_token(folder: DataFolder, options: InfluxOptions) -> str:
    """As told, or of the server this folder has set up itself; '' for a server nobody has."""
    kept = folder.secrets / "influx-admin.token"
    if options.admin_token_file is not None:
        return folder.secret(options.admin_token_file.absolute())
    return folder.secret(kept) if kept.exists() else ""


def _password(folder: DataFolder) -> str:
    """Of the first user of a server nobody has set up; kept, because it opens that server."""
    file = folder.secrets / "influx.password"
    if not file.exists():
        write_secret(file, new_secret())
    return folder.secret(file)


def _save(folder: DataFolder, settings: InfluxSettings) -> None:
    if folder.settings().influx != settings:
        with folder.settings_file.open("a", encoding="utf-8") as file:
            file.write("\n[influx]\n" + _lines(settings, "\n") + "\n")


def _lines(settings: InfluxSettings, between: str = ", ") -> str:
    """The section's content in TOML, whose texts are JSON's."""
    told = settings.model_dump(mode="json", exclude_defaults=True)
    return between.join(f"{name} = {json.dumps(value)}" for name, value in told.items())
