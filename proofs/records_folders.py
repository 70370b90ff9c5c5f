"""Data folders of earlier versions: each is upgraded by the command, with the same books, hashed as
those versions did."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from greenoffice.folder import DataFolder
from greenoffice.stores import open_stores
from metering.bookhash import book_hash
from metering.errors import Unavailable
from proofs.steps import last_json, run, say
from tests.old_hash import old_hash

FOLDERS = Path(__file__).parents[1] / "tests" / "data" / "upgrades"
"""Databases that earlier versions wrote, with the hash they computed."""


def open_all(scratch: Path) -> tuple[int, list[str]]:
    """(how many were opened and stand, what is wrong with the others)."""
    opened, wrong = 0, []
    for written in sorted(file.parent for file in FOLDERS.glob("*/book_hash")):
        say(f"a folder of {written.name}")
        problem = _open(written, scratch / written.name)
        opened += not problem
        wrong += [f"{written.name}: {problem}"] if problem else []
    return opened, wrong


def _open(written: Path, root: Path) -> str:
    """'' where the folder is refused before, upgraded by the command and the same afterwards."""
    run("init", str(root))
    folder = DataFolder(root)
    folder.database.unlink()
    with sqlite3.connect(folder.database) as con:
        con.executescript((written / "greenoffice.sql").read_text(encoding="utf-8"))
    con.close()
    try:
        run("registry", "export", str(root / "too-early"), "--data", str(root))
    except Unavailable:
        pass
    else:
        return "opened without an upgrade"
    told = last_json(run("upgrade", str(root)))
    books, wanted = open_stores(folder).books, (written / "book_hash").read_text().strip()
    if told["book_hash"] != book_hash(books):
        return f"the command tells {told['book_hash']}"
    found = old_hash(books)
    return "" if found == wanted else f"{found} instead of {wanted}"
