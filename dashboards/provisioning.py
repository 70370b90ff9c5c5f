"""Provisioning by file: a folder that a Grafana started on it needs nothing else for."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from dashboards.boards import LANGUAGES, write
from metering.errors import InvalidInput

KEY_VARIABLE = "GREENOFFICE_GRAFANA_KEY"
_OTHERS = ("plugins", "notifiers", "alerting", "access-control")
"""Folders that Grafana looks for; it complains where they are missing."""


def write_provisioning(
    folder: Path,
    api_url: str,
    key: str,
    languages: tuple[str, ...] = LANGUAGES,
    *,
    verified: bool = True,
) -> Path:
    """Write data source, board provider and boards below `folder`; returns it made absolute.

    The key goes to `grafana.key` alone, readable by its owner only; with an empty key Grafana
    takes it from the environment variable GREENOFFICE_GRAFANA_KEY. A key with the role read
    is enough. Not `verified`: Grafana takes any certificate of the API, whose name is another one
    where both are containers.
    """
    _check_url(api_url)
    folder = folder.resolve()
    for name in ("datasources", "dashboards", "boards", *_OTHERS):
        (folder / name).mkdir(parents=True, exist_ok=True)
    secret = f"$__env{{{KEY_VARIABLE}}}"
    if key:
        _write_secret(folder / "grafana.key", key)
        secret = f"$__file{{{folder / 'grafana.key'}}}"
    source = folder / "datasources" / "greenoffice.yaml"
    source.write_text(datasource_yaml(api_url, secret, verified=verified), encoding="utf-8")
    provider = folder / "dashboards" / "greenoffice.yaml"
    provider.write_text(_provider_yaml(folder / "boards"), encoding="utf-8")
    write(folder / "boards", languages)
    return folder


def datasource_yaml(api_url: str, secret: str, *, verified: bool = True) -> str:
    """The data source; `secret` is an expression that Grafana expands, never the key itself.

    Queries go by GET: Grafana keeps connections open, and one that the API has closed meanwhile
    is tried anew for a GET, while a POST shows as an error in the panel.
    """
    trust = "" if verified else "      tlsSkipVerify: true\n"
    return f"""\
apiVersion: 1
datasources:
  - name: Green Office
    uid: greenoffice
    type: influxdb
    access: proxy
    url: {api_url.rstrip("/")}/influx
    database: greenoffice
    editable: false
    jsonData:
      dbName: greenoffice
      httpMode: GET
      timeInterval: 15m
      httpHeaderName1: Authorization
{trust}    secureJsonData:
      httpHeaderValue1: "Token {secret}"
"""


def _provider_yaml(boards: Path) -> str:
    return f"""\
apiVersion: 1
providers:
  - name: Green Office
    folder: Green Office
    type: file
    disableDeletion: true
    allowUiUpdates: false
    options:
      path: "{boards}"
"""


def _write_secret(path: Path, secret: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secret)


def _check_url(api_url: str) -> None:
    parts = urlsplit(api_url)
    if (
        parts.scheme not in ("http", "https")
        or not parts.netloc
        or any(c in api_url for c in "\n\"' ")
    ):
        raise InvalidInput(
            "not the address of an API",
            field="api_url",
            value=api_url,
            fix="e.g. http://127.0.0.1:8080",
        )
