"""`make bench-history`: how fast years of readings come from one wide file into the books.

    file of 100 columns ──history load──▶ journal ──intake──▶ readings ──ledger──▶ books
                        ──DuckDB──▶ a table of (time, column, value), in the same run

Costs are CPU seconds of all threads; the ratio to DuckDB, which neither judges nor keeps where a
value came from, does not depend on the machine. Of a workbook there is none.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import duckdb
import xlsxwriter

from collector.tables import HistoryForm, read_history, read_tables
from greenoffice.assembly import Assembly
from greenoffice.booking import LedgerWork
from greenoffice.folder import DataFolder
from greenoffice.stores import open_stores
from greenoffice.taking_in import IntakeWork, serving
from metering.registry.files import read_registry_texts
from proofs.steps import finish, run, say

COLUMNS: Final = 100
ZONE: Final = "Asia/Shanghai"
TREE: Final = f"code,parent,type,zone\no,,institution,{ZONE}\ns,o,site,\nb,s,building,\n"
GOALS: Final[dict[str, float]] = {
    "values_a_minute": 2_000_000,
    "times_duckdb": 60.0,
    "peak_mb": 800,
}
"""Of a core from file to books, at least; all of the way in DuckDB's time, and memory of the
command, at most."""
FORMATS: Final = ("csv", "parquet", "xlsx")
_FIRST: Final = datetime(2023, 1, 1)


def run_bench_history(values: int, form: str) -> None:
    """One line of JSON; exit status 1 where a goal is missed, or a value is not stored."""
    rows = values // COLUMNS
    with tempfile.TemporaryDirectory(prefix="greenoffice-history-") as root:
        place = Path(root)
        file, first = _written(place / "years", rows, form), _written(place / "first", 20, "csv")
        run("init", str(place / "data"))
        folder = DataFolder(place / "data")
        open_stores(folder).registry.apply(
            read_registry_texts({"tree.csv": TREE}), actor="bench", now_us=1
        )
        _load(folder, first, "--new", "--node", "b")
        say(f"{rows * COLUMNS} values, {file.stat().st_size >> 20} MB of {form}")
        copied = None if form == "xlsx" else _cost(lambda: _into_duckdb(file, form))
        read = _cost(lambda: _read(file))
        spent = _children_s()
        told = _load(folder, file)
        load = _children_s() - spent
        taken, booked = _taken_in(folder)
    count, whole = rows * COLUMNS, load + taken + booked
    stored, rate = told["stored"] + told["duplicates"], round(60 * count / whole)
    times = None if copied is None else round(whole / copied, 1)
    peak_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10
    result = {
        **{"values": count, "format": form, "stored": stored},
        **{"read_s": round(read, 1), "load_s": round(load, 1), "intake_s": round(taken, 1)},
        **{"books_s": round(booked, 1), "values_a_minute": rate, "peak_mb": peak_mb},
        **{"duckdb_s": None if copied is None else round(copied, 2), "times_duckdb": times},
    }
    good = (
        stored == count
        and rate >= GOALS["values_a_minute"]
        and peak_mb <= GOALS["peak_mb"]
        and (times or 0) <= GOALS["times_duckdb"]
    )
    finish({**result, "goals": GOALS}, good)


def _rows(count: int) -> Iterator[tuple[datetime, list[float]]]:
    """Registers that go on by the quarter hour, each at its own pace."""
    for row in range(count):
        shown = [1000 * n + row * (10 + n % 7) / 10 for n in range(COLUMNS)]
        yield _FIRST + timedelta(minutes=15 * row), shown


def _headings() -> list[str]:
    return ["时间", *(f"表{n} (kWh)" for n in range(COLUMNS))]


def _written(place: Path, rows: int, form: str) -> Path:
    file = place.with_suffix(f".{form}")
    if form == "xlsx":
        with xlsxwriter.Workbook(file, {"constant_memory": True}) as book:
            sheet, dated = book.add_worksheet(), book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
            sheet.write_row(0, 0, _headings())
            for row, (at, shown) in enumerate(_rows(rows), start=1):
                sheet.write_datetime(row, 0, at, dated)
                sheet.write_row(row, 1, shown)
        return file
    text = place.with_suffix(".csv")
    with text.open("w", encoding="utf-8") as target:
        target.write(",".join(_headings()) + "\n")
        for at, shown in _rows(rows):
            target.write(f"{at:%Y-%m-%d %H:%M}," + ",".join(f"{one:.1f}" for one in shown) + "\n")
    if form == "parquet":
        with duckdb.connect() as connection:
            connection.execute(f"COPY (FROM read_csv('{text}')) TO '{file}' (FORMAT parquet)")
    return file


def _into_duckdb(file: Path, form: str) -> None:
    source = f"read_{'parquet' if form == 'parquet' else 'csv'}('{file}')"
    with duckdb.connect(str(file.with_name("copy.duckdb"))) as connection:
        connection.execute(
            f"CREATE TABLE years AS UNPIVOT (FROM {source}) ON COLUMNS(* EXCLUDE 时间)"
        )


def _read(file: Path) -> None:
    (table,) = read_tables(file)
    read_history(table, HistoryForm(zone=ZONE))


def _load(folder: DataFolder, file: Path, *more: str) -> dict[str, int]:
    command = [sys.executable, "-m", "greenoffice", "history", "load", str(file), "--json"]
    done = subprocess.run(
        [*command, "--data", str(folder.root), *more], check=True, stdout=subprocess.PIPE
    )
    told: dict[str, int] = json.loads(done.stdout)
    return told


def _taken_in(folder: DataFolder) -> tuple[float, float]:
    """CPU [s] of the intake and of the ledger until nothing is left."""
    with closing(Assembly.open(folder)) as parts, serving(folder, parts):
        taking, booking = IntakeWork(parts), LedgerWork(parts)
        return _cost(lambda: _until_rest(taking)), _cost(lambda: _until_rest(booking))


def _until_rest(work: Callable[[], bool]) -> None:
    while work():
        pass


def _cost(act: Callable[[], None]) -> float:
    begin = time.process_time()
    act()
    return time.process_time() - begin


def _children_s() -> float:
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime
