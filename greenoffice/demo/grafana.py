"""A Grafana for the demo: the provisioning folder, and the server where one is on PATH."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from dashboards import environment, write_provisioning
from greenoffice.client import ApiClient
from greenoffice.demo.options import INSTITUTION
from greenoffice.folder import DataFolder, write_secret
from greenoffice.ports import usable_port
from greenoffice.saying import spoken
from metering.errors import ConfigurationError


def provision(folder: DataFolder) -> Path:
    """Write the provisioning folder, with a key of its own that may only read."""
    http = folder.settings().http
    url = http.url
    return write_provisioning(folder.root / "grafana", url, _key(folder))


def how_to(provisioning: Path) -> str:
    """How to point a Grafana at the provisioning folder."""
    return spoken(
        f"  Grafana   GF_PATHS_PROVISIONING={provisioning} grafana-server   (or demo --grafana)"
    )


@contextlib.contextmanager
def running(provisioning: Path, folder: DataFolder) -> Iterator[str]:
    """A `grafana-server` on a free port until the block ends; its address.

    ConfigurationError where none is on PATH.
    """
    program = shutil.which("grafana-server")
    if program is None:
        raise ConfigurationError(
            "no grafana-server on PATH",
            field="grafana",
            value="--grafana",
            fix="install Grafana, or leave the option out and use the provisioning folder",
        )
    port = usable_port(3000, set())
    home = Path(program).resolve().parent.parent
    with (folder.logs / "grafana.log").open("ab") as log:
        process = subprocess.Popen(
            [program, "--homepath", str(home)],
            stdout=log,
            stderr=log,
            env=os.environ | environment(provisioning, folder.root / "grafana-data", port),
        )
    try:
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.terminate()
        process.wait(20)


def _key(folder: DataFolder) -> str:
    """The key made for Grafana, made once."""
    file = folder.secrets / "grafana.key"
    if not file.is_file():
        made = ApiClient.of_folder(folder).post(
            "/v1/keys", {"name": "Grafana", "node": INSTITUTION, "role": "read"}
        )
        write_secret(file, made["secret"])
    return file.read_text().strip()
