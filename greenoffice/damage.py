"""Files of a data folder that are not as they were written: seen, waited with, put aside.

What is lost is told by the error itself; what helps is a command that it names.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from greenoffice.folder import DataFolder
from greenoffice.heartbeat import EVERY_S, tell_all
from greenoffice.saying import say
from greenoffice.signals import Stopped
from greenoffice.stores import check_there, open_file
from metering.errors import Damaged
from storage.sql.damage import check_header, check_whole
from storage.sql.damage import check_there as check_database_there

LOOK_S = 20.0
"""How long a start looks through the database at most [s]."""


def database_trouble(folder: DataFolder) -> Damaged | None:
    """What can be seen at once of the folder's database; None where it lies elsewhere."""
    if folder.settings().database.url:
        return None
    try:
        check_there(folder)
        check_header(folder.database)
    except Damaged as damage:
        return damage
    return None


def check_database(folder: DataFolder) -> None:
    """Damaged where the folder's database is gone, or a look through it finds something."""
    if not folder.settings().database.url:
        check_there(folder)
        check_whole(folder.database, LOOK_S)


@contextmanager
def telling_damage(
    folder: DataFolder, processes: Sequence[str], stop: threading.Event
) -> Iterator[None]:
    """Where a damaged file ends the work, tell health of it until `stop`: nothing is started again
    and again, and the other processes go on. Who was stopped before the work began ends well."""
    try:
        yield
    except Stopped:
        return
    except Damaged as damage:
        say(str(damage), aside=True)
        while True:
            for process in processes:
                tell_all(folder.heartbeat(process), str(damage))
            if stop.wait(EVERY_S):
                return


def put_readings_aside(folder: DataFolder) -> None:
    """Move a readings file that is damaged to `damaged/`, so that a new one can be made."""
    if folder.settings().influx.url or not folder.readings.exists():
        return
    try:
        with closing(open_file(folder)) as file:
            file.check_whole()
    except Damaged as damage:
        say(f"{damage.message}; it is kept as {put_aside(folder, folder.readings)}", aside=True)


def put_damaged_stores_aside(folder: DataFolder) -> None:
    """Move database and readings file to `damaged/` where one of them is gone or not whole."""
    settings = folder.settings()
    try:
        if not settings.database.url:
            check_database_there(folder.database)
            check_database(folder)
        if not settings.influx.url:
            _check_readings(folder)
    except Damaged as damage:
        say(damage.message, aside=True)
        for path in (folder.database, folder.readings):
            if any(path.parent.glob(f"{path.name}*")):
                say(f"kept as {put_aside(folder, path)}", aside=True)


def _check_readings(folder: DataFolder) -> None:
    if not folder.readings.exists():
        raise Damaged(
            "the readings file is gone",
            field="readings",
            value=str(folder.readings),
            fix="stop the platform, then: greenoffice rebuild DATA",
        )
    open_file(folder).close()


def put_aside(folder: DataFolder, path: Path) -> Path:
    """Move a file, with what lies beside it under its name, to `damaged/`; where it is now."""
    target = folder.damaged
    target.mkdir(mode=0o700, exist_ok=True)
    number = next(n for n in itertools.count(1) if not list(target.glob(f"{n}-{path.name}*")))
    for one in sorted(path.parent.glob(f"{path.name}*")):
        one.rename(target / f"{number}-{one.name}")
    return target / f"{number}-{path.name}"
