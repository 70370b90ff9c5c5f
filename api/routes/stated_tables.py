"""Tables of bills and of hand readings, each row as if it were sent alone.

POST /v1/bills/table      suppliers' bills, a row for each
POST /v1/entries/table    readings that people took, a row for each
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool

from api.answers.stated_tables import StatedRowAnswer, StatedTableAnswer, StatedTablesAnswer
from api.auth import Enterer
from api.params import example, refuses
from api.problems import WrongMedia
from api.usecases.bill_tables import BILL_TABLE
from api.usecases.hand_tables import HAND_TABLE
from api.usecases.stated_tables import (
    RowFate,
    RowReader,
    RowTold,
    StatedTable,
    TableWishes,
    all_counts,
    load_tables,
)
from metering.errors import InvalidInput
from metering.tables.said_rows import RowWays

router = APIRouter(prefix="/v1", tags=["entries"])

ROWS_TOLD: Final = 1000
"""How many rows an answer lists; all are counted."""
MEDIA: Final = (
    "text/csv",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/octet-stream",
)
ALSO: Final = (
    *("", "text/plain", "text/tab-separated-values", "application/vnd.ms-excel"),
    *("application/zip", "application/gzip", "application/vnd.apache.parquet"),
)
"""What programs call such files as well; what a file is, its first bytes say."""
TABLES_EXAMPLE: Final = {
    "dry_run": False,
    "counts": {
        **{"read": 2, "new": 1, "duplicate": 0, "differing": 0, "corrected": 0},
        **{"taken_back": 0, "refused": 1},
    },
    "tables": [
        {
            "file": "bills.xlsx",
            "counts": {
                **{"read": 2, "new": 1, "duplicate": 0, "differing": 0, "corrected": 0},
                **{"taken_back": 0, "refused": 1},
            },
            "rows": [
                {
                    **{"row": 2, "fate": "new", "subject": "2200-31", "about": "2026-10"},
                    **{"value": "1689.20 CNY", "id": "77aa0c1d2b4a5968763f", "refused": None},
                },
                {
                    **{"row": 3, "fate": "refused", "subject": "", "about": "", "value": ""},
                    "id": "",
                    "refused": {
                        **{"column": "account", "value": "2200-99"},
                        "problem": "no such account in your scope",
                        "fix": "a number of accounts.csv whose meters your key reaches",
                    },
                },
            ],
            "left_out": ["remarks of the office"],
            "mend": "account,month,total,reason\r\n2200-99,2026-10,12.00,account: ...\r\n",
        }
    ],
}
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}, "example": "(its bytes)"}
            for kind in MEDIA
        },
    }
}
_ANSWERS: Final = {**example(TABLES_EXAMPLE), **refuses(400, 413, 415)}

FileName = Annotated[
    str, Query(min_length=1, max_length=200, description="What the file is called, in the answer")
]
DryRun = Annotated[bool, Query(description="Only tell what would become of each row")]
Correct = Annotated[
    bool, Query(description="A row takes the place of what stands of the same thing")
]
DateOrder = Annotated[
    Literal["", "ymd", "dmy", "mdy"], Query(description="Order of dates; seen where not said")
]
Decimals = Annotated[Literal["", ".", ","], Query(description="Decimal sign; seen where not said")]
Encoding = Annotated[str, Query(max_length=40, description="Of a text, such as gb18030")]
Separator = Annotated[Literal["", ",", ";", "\t"], Query(description="Of a text")]


@router.post("/bills/table", responses=_ANSWERS, openapi_extra=_BODY)
async def bills_table(
    request: Request,
    caller: Enterer,
    file: FileName = "bills",
    dry_run: DryRun = False,
    correct: Correct = False,
    date: DateOrder = "",
    decimal: Decimals = "",
    encoding: Encoding = "",
    separator: Separator = "",
) -> StatedTablesAnswer:
    """Enter suppliers' bills from a file in the body (CSV, XLSX, Parquet or a ZIP of them), a row
    for each or for each of its periods and charges, as if each were sent to `/v1/bills`. The same
    file again enters nothing a second time.

    Rows that cannot be taken are answered with their cell, and as a file to be mended.
    """
    wishes = TableWishes(RowWays(date, decimal, encoding, separator), dry_run, correct)
    return await _loaded(request, caller, file, BILL_TABLE, wishes)


@router.post("/entries/table", responses=_ANSWERS, openapi_extra=_BODY)
async def entries_table(
    request: Request,
    caller: Enterer,
    file: FileName = "readings",
    dry_run: DryRun = False,
    correct: Correct = False,
    date: DateOrder = "",
    decimal: Decimals = "",
    encoding: Encoding = "",
    separator: Separator = "",
) -> StatedTablesAnswer:
    """Enter readings that people took from a file in the body, a row for each or a column for each
    meter, as if each were sent to `/v1/entries`; likewise."""
    wishes = TableWishes(RowWays(date, decimal, encoding, separator), dry_run, correct)
    return await _loaded(request, caller, file, HAND_TABLE, wishes)


async def _loaded(
    request: Request, caller: Enterer, file: str, reader: RowReader, wishes: TableWishes
) -> StatedTablesAnswer:
    said = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if said not in (*MEDIA, *ALSO):
        raise WrongMedia("not a table", field="Content-Type", value=said, fix=", ".join(MEDIA))
    content = await request.body()
    if not content:
        raise InvalidInput("an empty body", field="body", value="", fix="send the file's bytes")
    found = await run_in_threadpool(load_tables, caller, file, content, reader, wishes)
    return {
        "dry_run": wishes.dry_run,
        "counts": all_counts(found),
        "tables": [_table_json(one) for one in found],
    }


def _table_json(one: StatedTable) -> StatedTableAnswer:
    rows = [row for row in one.rows if row.fate is not RowFate.DUPLICATE]
    return {
        "file": one.file,
        "counts": one.counts,
        "rows": [_row_json(row) for row in rows[:ROWS_TOLD]],
        "left_out": list(one.left_out),
        "mend": one.mendable.decode("utf-8-sig"),
    }


def _row_json(row: RowTold) -> StatedRowAnswer:
    why = row.refused
    return {
        "row": row.row,
        "fate": str(row.fate),
        "subject": row.subject,
        "about": row.about,
        "value": row.value,
        "id": row.id,
        "refused": None
        if why is None
        else {"column": why.column, "value": why.value, "problem": why.why, "fix": why.fix},
    }
