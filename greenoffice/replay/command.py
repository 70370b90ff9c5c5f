"""`greenoffice replay`: register what is unknown, publish, report."""

from __future__ import annotations

import json
import time
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from greenoffice.client import ApiClient
from greenoffice.folder import DataFolder, write_secret
from greenoffice.replay.loaded import write_refused
from greenoffice.replay.options import ReplayOptions
from greenoffice.replay.publisher import BrokerAddress, ReplayReport, replay
from greenoffice.replay.registration import GATEWAY, registry_texts
from greenoffice.replay.table import RecordedTable
from greenoffice.saying import say, spoken
from metering.errors import NotAllowed


def run_replay(options: ReplayOptions, data: Path, *, register: bool) -> ReplayReport:
    """Replay a file into the running platform of a data folder and print the counts."""
    folder = DataFolder(data.absolute())
    table = RecordedTable(options)
    if register:
        register_series(table, folder)
    report = publish(table, folder)
    if written := write_refused(table.columns or [], options.file):
        say(f"to be mended and replayed: {written}")
    for example in report.examples:
        say(f"refused: {example}")
    print(json.dumps(report.as_dict() | {"examples": len(report.examples)}))
    return report


def register_series(table: RecordedTable, folder: DataFolder) -> None:
    """Register every series of the table over the API; keep the gateway's password."""
    texts = registry_texts(table.options, table.identities(), table.negative())
    answer = ApiClient.of_folder(folder).post("/v1/registry/import", texts)
    user = f"{table.options.site}/{GATEWAY}"
    if password := answer["passwords"].get(user):
        write_secret(_password_file(folder, table.options.site), password)


def publish(table: RecordedTable, folder: DataFolder) -> ReplayReport:
    """Publish the table over MQTT with a progress display."""
    mqtt = folder.settings().mqtt
    site = table.options.site
    address = BrokerAddress(mqtt.host, mqtt.port, f"{site}/{GATEWAY}", _password(folder, site))
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as display:
        task = display.add_task(spoken(f"replay {table.options.file.name}"), total=table.rows())
        return replay(
            table,
            address,
            session=int(time.time()),
            progress=lambda rows: display.update(task, completed=rows),
        )


def _password_file(folder: DataFolder, site: str) -> Path:
    return folder.secrets / f"replay-{site}.password"


def _password(folder: DataFolder, site: str) -> str:
    file = _password_file(folder, site)
    if not file.is_file():
        raise NotAllowed(
            "the replaying gateway has no password here",
            field="site",
            value=site,
            fix="add --register once, or write the gateway's password to "
            f"secrets/{file.name} in the data folder",
        )
    return file.read_text().strip()
