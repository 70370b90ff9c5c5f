"""What the simple commands do."""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path

from greenoffice.damage import check_database
from greenoffice.folder import DataFolder, create_folder
from greenoffice.logs import set_up_logs
from greenoffice.owning import at_rest
from greenoffice.saying import say
from greenoffice.sharing import arguments_of, processes_of
from greenoffice.signals import stop_event
from greenoffice.stores import check_stores, create_admin_key
from greenoffice.supervisor import ChildSpec, Supervisor

PROCESSES = ("collector", "intake", "ledger", "api")
"""Of a platform that shares no work, by the commands that run them."""
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
    url = folder.settings().http.url
    say(f"data folder  {folder.root}")
    say(f"admin key    {folder.admin_key}")
    say(f"next         greenoffice up {data}")
    say(f"then         sign in at {url} with the key: it asks for your office")
    say(f"or           greenoffice registry import CSV-FOLDER --data {data}")
    return folder


def up(data: Path) -> None:
    """Supervise the platform until Ctrl-C. ConfigurationError for a folder of an older schema."""
    folder = DataFolder(data.absolute())
    settings = folder.settings()
    check_database(folder)
    check_stores(folder)
    set_up_logs("supervisor", folder.clock())
    supervisor = Supervisor(folder, platform_children(folder))
    stop = stop_event()
    supervisor.start()
    try:
        say(f"page  {settings.http.url}")
        say(f"mqtt  {settings.mqtt.host}:{settings.mqtt.port}")
        while not stop.is_set():
            supervisor.tend()
            stop.wait(0.2)
    finally:
        supervisor.stop()


def platform_children(folder: DataFolder) -> list[ChildSpec]:
    """The processes of a platform without simulators."""
    names = [*processes_of(folder.settings()), "api"]
    return [ChildSpec(name, arguments_of(name, folder)) for name in names]


def verify_journal(data: Path) -> None:
    """Read the journal through; one line of JSON, exit status 1 where it is damaged."""
    from greenoffice.journal_checking import verify_folder

    told = verify_folder(DataFolder(data.absolute()))
    print(json.dumps(told))
    if told["faults"]:
        sys.exit(1)


def repair_journal(data: Path) -> None:
    """Write damaged segments anew; one line of JSON."""
    from greenoffice.journal_checking import repair_folder

    folder = DataFolder(data.absolute())
    with at_rest(folder, "journal repair"):
        print(json.dumps(repair_folder(folder)))


def rebuild(data: Path, scheduler: str = "") -> None:
    """Book again from the journal, on a cluster where a scheduler is named; one line of JSON that
    says what differed."""
    from greenoffice.rebuilding import rebuild_folder

    folder = DataFolder(data.absolute())
    with at_rest(folder, "rebuild") as claim:
        print(json.dumps(rebuild_folder(folder, claim, scheduler)))


def look(data: Path, scheduler: str) -> None:
    """Look for waste at every site; one line of JSON, exit status 1 if a site could not be looked
    at."""
    from greenoffice.spreading.commands import look_folder

    folder = DataFolder(data.absolute())
    with at_rest(folder, "look") as claim:
        told = look_folder(folder, claim, scheduler)
    print(json.dumps(told))
    sys.exit(1 if told["failed"] else 0)


def upgrade(data: Path, backup: Path | None) -> None:
    """Upgrade a data folder; one line of JSON."""
    from greenoffice.upgrading import upgrade_folder

    print(json.dumps(upgrade_folder(DataFolder(data.absolute()), backup, partial(say, aside=True))))


def rebook(data: Path, reason: str, institution: str | None) -> None:
    """Book rows of other rules again; one line of JSON."""
    from greenoffice.rebuilding import rebook_folder

    folder = DataFolder(data.absolute())
    with at_rest(folder, "rebook") as claim:
        print(json.dumps(rebook_folder(folder, reason, institution, claim)))


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
