"""What the simple commands do."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from greenoffice.broker_passwords import add_users, require_writable
from greenoffice.folder import DataFolder, create_folder
from greenoffice.logs import set_up_logs
from greenoffice.signals import stop_event
from greenoffice.stores import check_stores, create_admin_key, open_stores
from greenoffice.supervisor import ChildSpec, Supervisor, exclusive
from metering.errors import InvalidInput, NotFound
from metering.registry_files import read_registry

SETTINGS_TEXT = """\
# Settings of this data folder; docs/operations.md lists them all.
language = "{language}"

[http]
port = {http_port}

[mqtt]
port = {mqtt_port}
metrics_port = {metrics_port}
"""


def init(
    data: Path, http_port: int, mqtt_port: int, metrics_port: int, language: str
) -> DataFolder:
    """Make a data folder and say where its key lies."""
    text = SETTINGS_TEXT.format(
        language=language, http_port=http_port, mqtt_port=mqtt_port, metrics_port=metrics_port
    )
    folder = create_folder(data, text, create_admin_key)
    folder.settings()
    print(f"data folder  {folder.root}")
    print(f"admin key    {folder.admin_key}")
    print(f"next         greenoffice registry import CSV-FOLDER --data {data}")
    print(f"             greenoffice up {data}")
    return folder


def up(data: Path) -> None:
    """Supervise the platform until Ctrl-C. ConfigurationError for a folder of an older schema."""
    folder = DataFolder(data.absolute())
    settings = folder.settings()
    check_stores(folder)
    set_up_logs("supervisor", folder.clock())
    supervisor = Supervisor(folder, platform_children(folder))
    stop = stop_event()
    supervisor.start()
    try:
        print(f"page  http://{settings.http.host}:{settings.http.port}", flush=True)
        print(f"mqtt  {settings.mqtt.host}:{settings.mqtt.port}", flush=True)
        while not stop.is_set():
            supervisor.tend()
            stop.wait(0.2)
    finally:
        supervisor.stop()


def platform_children(folder: DataFolder) -> list[ChildSpec]:
    """The processes of a platform without simulators."""
    root = str(folder.root)
    return [ChildSpec("collector", ["collector", root]), ChildSpec("platform", ["platform", root])]


def import_registry(source: Path, data: Path, mosquitto_passwords: Path | None = None) -> None:
    """Import CSV files; print what there is now, and new gateways' passwords once."""
    folder = DataFolder(data.absolute())
    clock = folder.clock()
    if not source.is_dir():
        raise NotFound(
            "no such folder",
            field="folder",
            value=str(source),
            fix="name a folder with tree.csv, gateways.csv, meters.csv, points.csv",
        )
    if mosquitto_passwords:
        require_writable(mosquitto_passwords)
    stores = open_stores(folder)
    wanted = read_registry(source, stores.registry.load())
    passwords = stores.registry.apply(wanted, actor="command line", now_us=clock.now_us())
    if mosquitto_passwords:
        add_users(mosquitto_passwords, passwords)
    present = stores.registry.load()
    print(
        f"nodes {len(present.nodes)}, gateways {len(present.gateways)}, "
        f"meters {len(present.meters)}, points {len(present.points)}"
    )
    for user, password in passwords.items():
        print(f"gateway {user}  password {password}   (shown this once)")


def rebuild(data: Path) -> None:
    """Book again from the journal; one line of JSON that says what differed."""
    from greenoffice.rebuilding import rebuild_folder

    folder = DataFolder(data.absolute())
    with exclusive(folder):
        print(json.dumps(rebuild_folder(folder)))


def upgrade(data: Path, backup: Path | None) -> None:
    """Upgrade a data folder; one line of JSON."""
    from greenoffice.upgrading import upgrade_folder

    def say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    print(json.dumps(upgrade_folder(DataFolder(data.absolute()), backup, say)))


def rebook(data: Path, reason: str, institution: str | None) -> None:
    """Book rows of other rules again; one line of JSON."""
    from greenoffice.rebuilding import rebook_folder

    folder = DataFolder(data.absolute())
    with exclusive(folder):
        print(json.dumps(rebook_folder(folder, reason, institution)))


def backup(target: Path, data: Path) -> None:
    """Back up a data folder; one line of JSON."""
    from greenoffice.backing_up import back_up_folder

    print(json.dumps(back_up_folder(DataFolder(data.absolute()), target.absolute())))


def restore(source: Path, data: Path, database: str, keep_journal: bool) -> None:
    """Restore a backup; one line of JSON."""
    from greenoffice.backing_up import restore_folder

    told = restore_folder(
        source, DataFolder(data.absolute()), database=database, keep_journal=keep_journal
    )
    print(json.dumps(told))


def report(
    institution: str,
    month: str,
    data: Path,
    format: str,
    language: str,
    output: Path | None,
    provisional: bool,
) -> None:
    """Write the month's report; the books are read beside a running platform."""
    from figures import Figures
    from reports import FORMATS, LANGUAGES, Source, month_report, render

    for field, value, known in (("format", format, FORMATS), ("language", language, LANGUAGES)):
        if value not in known:
            raise InvalidInput(
                f"unknown {field}", field=field, value=value, fix=f"one of {', '.join(known)}"
            )
    folder = DataFolder(data.absolute())
    stores = open_stores(folder)
    figures = Figures(stores.books, stores.registry.load, folder.clock().now_us)
    source = Source(figures, stores.registry.load(), stores.findings)
    made = month_report(source, institution, month, provisional=provisional)
    file = output or Path(f"{institution}-{month}.{format}")
    file.write_bytes(render(made, language, format))
    print(f"{file}  {made.content_hash}")
