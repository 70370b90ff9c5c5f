"""Every file of the matrix is read, and held against what was written down for it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from collector.tables import (
    HistoryForm,
    LoadedHistory,
    read_history,
    read_records,
    read_tables,
    refused_csv,
)
from metering.errors import GreenOfficeError
from metering.localtime import iso
from metering.tables import AmbiguousFormat, TextForm
from metering.tables.said_rows import RowWays
from proofs.steps import finish, say
from proofs.tables.case import Reading, TableCase
from proofs.tables.cases import all_cases
from proofs.tables.rows import RowCase, row_cases


def run_tables(only: str = "") -> None:
    """Read every file whose name holds `only`; says what came out otherwise than written down."""
    told = [(one.name, partial(judged, one)) for one in all_cases()]
    told += [(one.name, partial(judged_rows, one)) for one in row_cases()]
    cases = [(name, judge) for name, judge in told if only in name]
    wrong = 0
    for name, judge in cases:
        if trouble := judge():
            wrong += 1
            say(f"{name}: {trouble}")
    result = {"files": len(cases), "right": len(cases) - wrong, "wrong": wrong}
    finish(result, bool(cases) and not wrong)


def judged(case: TableCase) -> str:
    """What is wrong with how a file was read; '' where all is as it was written down."""
    try:
        readings, loaded = _loaded(case)
    except GreenOfficeError as error:
        return _otherwise(error, case.error, ambiguous=case.ambiguous)
    if case.error:
        return f"taken, though it is to be refused for its {case.error}"
    refused = [one for history in loaded for one in history.refused]
    found = [(one.cell.row, one.why) for one in refused]
    missing = sum(one.missing for one in loaded)
    if sorted(readings) != sorted(case.readings):
        return f"read as {sorted(readings)}, not {sorted(case.readings)}; refused: {found}"
    if missing != case.missing:
        return f"{missing} missing, not {case.missing}"
    if len(found) != len(case.refused) or any(
        row != at or word not in why
        for (row, why), (at, word) in zip(found, case.refused, strict=True)
    ):
        return f"refused {found}, not {case.refused}"
    units = tuple(
        (meter, unit)
        for one in loaded
        for (meter, _), unit in zip(one.series, one.units, strict=True)
    )
    if case.units and units != case.units:
        return f"in units {units}, not {case.units}"
    quality = tuple(q for one in loaded for q in one.quality)
    return "" if quality == case.quality else f"of quality {quality}, not {case.quality}"


def _otherwise(error: GreenOfficeError, field: str, *, ambiguous: bool) -> str:
    """What is wrong with how a whole file was answered."""
    if not field:
        return f"refused whole: {error}"
    if error.field != field or isinstance(error, AmbiguousFormat) != ambiguous:
        return f"{type(error).__name__} of {error.field}, not of {field}: {error}"
    return ""


def judged_rows(case: RowCase) -> str:
    """Likewise of a table of which each row says one thing."""
    try:
        tables = [
            read_records(one, case.form, RowWays()) for one in read_tables(case.file, case.data)
        ]
    except GreenOfficeError as error:
        return _otherwise(error, case.error, ambiguous=case.ambiguous)
    if case.error:
        return f"taken, though it is to be refused for its {case.error}"
    rows = tuple((row.row, dict(row.said)) for table in tables for row in table.rows)
    if rows != case.rows:
        return f"read as {rows}, not {case.rows}"
    units = {row.units[word] for table in tables for row in table.rows for word in row.units}
    if units != case.units:
        return f"in units {units}, not {case.units}"
    refused = tuple((row.row, row.column) for table in tables for row in table.refused)
    return "" if refused == case.refused else f"refused {refused}, not {case.refused}"


def _loaded(case: TableCase) -> tuple[list[Reading], Sequence[LoadedHistory]]:
    """Readings of all tables of a file; each table's refused rows can be written."""
    form = HistoryForm(zone=case.zone, **case.said)
    readings: list[Reading] = []
    loaded = []
    for table in read_tables(case.file, case.data, TextForm(case.encoding, case.separator)):
        history = read_history(table, form)
        loaded.append(history)
        assert len(history.value) + history.missing + len(history.refused) == history.cells
        rows = refused_csv(table, history.heading_rows, history.refused).decode("utf-8-sig")
        wanted = history.heading_rows + len({one.cell.row for one in history.refused})
        assert rows.count("\r\n") == wanted, rows
        readings += [
            (history.series[which][0], iso(int(time)), float(value))
            for which, time, value in zip(
                history.which, history.time_us, history.value, strict=True
            )
        ]
    return readings, loaded
