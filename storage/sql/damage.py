"""Is a SQLite file as it was written? What can be seen at once, and what takes a look at all of it.

Nothing here opens the file but SQLite: https://www.sqlite.org/howtocorrupt.html, 2.2.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from metering.errors import Damaged

RESTORE = (
    "stop the platform, then: greenoffice restore BACKUP --data DATA --keep-journal; the damaged"
    " file is kept"
)
_STEPS = 10_000
"""Instructions of SQLite between two looks at the clock."""


def damaged_database(path: Path | str, detail: str) -> Damaged:
    """The error of a database file that is not as it was written."""
    return Damaged(
        f"the database is damaged: {detail}; in it are registry, books, findings and keys",
        field="database",
        value=str(path),
        fix=RESTORE,
    )


def check_there(path: Path) -> None:
    """Damaged where there is no file, or nothing in it: SQLite makes an empty one for whoever asks,
    and then nobody has a key any more."""
    if not path.exists() or not path.stat().st_size:
        raise damaged_database(path, "it is gone")


def check_header(path: Path) -> None:
    """Damaged where the file is shorter than its header says, or has none; cheap, and safe beside
    whoever writes. A file that is absent or empty is none yet.

    SQLite itself looks. A file that we open and close gives up the locks that this process holds on
    it (fcntl(2)): another process that ends would take itself for the last one and remove the
    log that is still written here, with all that is committed to it later.
    """
    try:
        size = path.stat().st_size
        if not size:
            return
        with closing(_opened(path, "immutable=1")) as con:
            (pages,) = con.execute("PRAGMA page_count").fetchone()
            (page,) = con.execute("PRAGMA page_size").fetchone()
        if size < pages * page:  # a page in part, which SQLite counts as one
            raise damaged_database(path, f"{size} of {pages * page} bytes are there")
    except FileNotFoundError:
        return
    except sqlite3.OperationalError as error:
        if "unable to open" not in str(error):  # it went in between
            raise damaged_database(path, str(error)) from error
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        raise damaged_database(path, str(error)) from error


def _opened(path: Path, how: str) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&{how}", uri=True)


def check_whole(path: Path, most_s: float) -> None:
    """Damaged where a look at all pages finds something, as far as it comes in `most_s` [s]."""
    check_header(path)
    if not path.exists():
        return
    deadline = time.monotonic() + most_s
    try:
        with closing(_opened(path, "cache=private")) as con:
            con.execute("PRAGMA busy_timeout=30000")
            con.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS)
            (told,) = con.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.OperationalError as error:
        if "interrupted" in str(error) or "unable to open" in str(error):
            return
        raise damaged_database(path, str(error)) from error
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        raise damaged_database(path, str(error)) from error
    if told != "ok":
        raise damaged_database(path, " ".join(str(told).split()))
