"""Every file of the matrix is read, and held against what was written down for it."""

from __future__ import annotations

from collections.abc import Sequence

from collector.tables import HistoryForm, LoadedHistory, read_history, read_tables, refused_csv
from metering.errors import GreenOfficeError
from metering.localtime import iso
from metering.tables import AmbiguousFormat, TextForm
from proofs.steps import finish, say
from proofs.tables.case import Reading, TableCase
from proofs.tables.cases import all_cases


def run_tables(only: str = "") -> None:
    """Read every file whose name holds `only`; says what came out otherwise than written down."""
    cases = [one for one in all_cases() if only in one.name]
    wrong = 0
    for one in cases:
        if trouble := judged(one):
            wrong += 1
            say(f"{one.name}: {trouble}")
    result = {"files": len(cases), "right": len(cases) - wrong, "wrong": wrong}
    finish(result, bool(cases) and not wrong)


def judged(case: TableCase) -> str:
    """What is wrong with how a file was read; '' where all is as it was written down."""
    try:
        readings, loaded = _loaded(case)
    except GreenOfficeError as error:
        if not case.error:
            return f"refused whole: {error}"
        asked = isinstance(error, AmbiguousFormat)
        if error.field != case.error or asked != case.ambiguous:
            return f"{type(error).__name__} of {error.field}, not of {case.error}: {error}"
        return ""
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
