"""Tables that are sent over the page: looked at first, then loaded as they were shown."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from binascii import Error as NotBase64
from dataclasses import dataclass
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import Depends, File, Form, UploadFile
from fastapi.responses import RedirectResponse, Response

from api.page import entering
from api.page.visit import Visit
from api.usecases.stated_tables import RowReader, TableWishes, all_counts, load_tables
from metering.access import Role
from metering.errors import InvalidInput
from metering.tables.said_rows import RowWays

MOST_TABLE: Final = 1 << 20
"""Bytes of a table that is looked at before it is loaded: the form carries it."""
Text = Annotated[str, Form(max_length=200)]
Order = Annotated[str, Form(pattern="^(|ymd|dmy|mdy)$")]
Sign = Annotated[str, Form(pattern="^(|[.,])$")]


@dataclass(frozen=True)
class SentTable:
    """A table that was chosen, or that the form carried back, and what is to be done with it."""

    name: str
    data: bytes
    wishes: TableWishes


async def _sent(
    table: Annotated[UploadFile | None, File()] = None,
    name: Text = "",
    content: Annotated[str, Form(max_length=2 * MOST_TABLE)] = "",
    step: Annotated[str, Form(max_length=8)] = "look",
    correct: Annotated[bool, Form()] = False,
    date: Order = "",
    decimal: Sign = "",
) -> SentTable:
    """InvalidInput for no table, and for one above MOST_TABLE."""
    wishes = TableWishes(RowWays(date, decimal), step != "load", correct)
    data = b"" if table is None else await table.read(MOST_TABLE + 1)
    if table is not None and data:
        name = (table.filename or "table")[:200]
    else:
        try:
            data = urlsafe_b64decode(content.encode("ascii", "replace"))
        except (NotBase64, ValueError):
            data = b""
    if not data or len(data) > MOST_TABLE:
        raise InvalidInput(
            f"no file, or one above {MOST_TABLE >> 20} MB",
            field="table",
            value=name,
            fix="choose a CSV or XLSX file; larger ones are sent over the API or the command line",
        )
    return SentTable(name, data, wishes)


Table = Annotated[SentTable, Depends(_sent)]


def answer_table(visit: Visit, where: str, table: SentTable, reader: RowReader) -> Response:
    """The preview of a table, or, after it was loaded, the list that it went to."""
    visit.caller.need(Role.ENTER)
    found = load_tables(visit.caller, table.name, table.data, reader, table.wishes)
    counts = all_counts(found)
    if not table.wishes.dry_run and not counts["refused"] + counts["differing"]:
        done = visit.text("%(new)s of %(read)s rows were entered") % {
            "new": counts["new"] + counts["corrected"],
            "read": counts["read"],
        }
        return RedirectResponse(f"{where}?{urlencode({'done': done})}", status_code=303)
    view = entering.table_page(visit, table.name, table.data, found)
    return visit.render("stated_table.html", view=view, where=where, wishes=table.wishes)
