"""`greenoffice replay`: register what is unknown, publish, report."""

from __future__ import annotations

import contextlib
import json
import time
from functools import partial
from itertools import chain
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from greenoffice.client import ApiClient
from greenoffice.folder import DataFolder, write_secret
from greenoffice.replay.mending import ReplayMending
from greenoffice.replay.options import ReplayOptions
from greenoffice.replay.publisher import (
    BrokerAddress,
    Publisher,
    ReadingsEncoder,
    ReplayReport,
    replay,
)
from greenoffice.replay.recording import recorded_tables, series_of
from greenoffice.replay.registration import GATEWAY, registry_texts
from greenoffice.saying import say, spoken
from metering.errors import NotAllowed


def run_replay(options: ReplayOptions, data: Path, *, register: bool) -> ReplayReport:
    """Replay a file or folder into the running platform of a data folder and print the counts.
    Raises as reading tables does; what was published before is kept."""
    folder = DataFolder(data.absolute())
    if register:
        register_series(options, folder)
    mending = ReplayMending()
    report = publish(options, folder, mending)
    for written in mending.write(options.file):
        say(f"to be mended and replayed: {written}")
    for example in report.examples:
        say(f"refused: {example}")
    print(json.dumps(report.as_dict() | {"examples": len(report.examples)}))
    return report


def register_series(options: ReplayOptions, folder: DataFolder) -> None:
    """Register every series of the file over the API; keep the gateway's password."""
    texts = registry_texts(options, series_of(options))
    answer = ApiClient.of_folder(folder).post("/v1/registry/import", texts)
    user = f"{options.site}/{GATEWAY}"
    if password := answer["passwords"].get(user):
        write_secret(_password_file(folder, options.site), password)


def publish(options: ReplayOptions, folder: DataFolder, mending: ReplayMending) -> ReplayReport:
    """Publish every table over MQTT with a progress display; all is acknowledged on return."""
    mqtt = folder.settings().mqtt
    user = f"{options.site}/{GATEWAY}"
    address = BrokerAddress(mqtt.host, mqtt.port, user, _password(folder, options.site))
    report, encoder = ReplayReport(), ReadingsEncoder(options, int(time.time()))
    tables = recorded_tables(options)
    first = next(tables, None)  # what cannot be read is told before anybody is connected
    publisher = Publisher(address)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with contextlib.closing(publisher), Progress(*columns, console=Console(stderr=True)) as display:
        for table in chain(() if first is None else (first,), tables):
            task = display.add_task(spoken(f"replay {table.table.file}"), total=table.history.cells)
            done = partial(_show, display, task)
            report.add(replay(table, options, publisher, encoder, done))
            mending.add(table)
    return report


def _show(display: Progress, task: TaskID, values: int) -> None:
    display.update(task, completed=values)


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
