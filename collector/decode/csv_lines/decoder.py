"""Reading lines of values, with the separator that they use."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from io import StringIO

from collector.decode.csv_lines.columns import CsvColumn, columns_of
from collector.decode.decoder import Decode
from collector.decode.message import Decoded, Incoming, MessageLimits, Problem, Refusal
from collector.decode.quantity import Quantity
from collector.decode.values import (
    clock_of,
    measured,
    no_number,
    number_of,
    said_unit,
    taken,
)
from collector.decode.zoned import in_zone, only
from metering.errors import InvalidInput

SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|", "blank": " "}
"""By the names that a route gives them: a semicolon itself parts its options."""
_GUESSED = (";", "\t", ",", "|")
_LONGEST_CELL = 1_000


@dataclass(frozen=True)
class CsvForm:
    """What a route says of the lines."""

    columns: tuple[CsvColumn, ...] = ()
    """None: the first line names them."""
    separator: str = ""
    """'': the first of semicolon, tab, comma and bar that the first line has."""
    comma: bool = False
    """Decimals stand behind a comma."""


def decode(incoming: Incoming, limits: MessageLimits) -> Decoded:
    """The readings of lines whose first one names the columns."""
    return _decode(CsvForm(), incoming, limits)


def configured(options: Mapping[str, str]) -> Decode:
    """The decoder under a route's options: columns, separator, decimal, zone. Raises InvalidInput
    for others, and for what is none of their values."""
    only(options, ("columns", "separator", "decimal", "zone"))
    separator = options.get("separator", "")
    if separator and separator not in SEPARATORS:
        raise _wrong("separator", separator, tuple(SEPARATORS))
    if options.get("decimal", "point") not in ("point", "comma"):
        raise _wrong("decimal", options["decimal"], ("point", "comma"))
    try:
        columns = columns_of(options["columns"].split()) if "columns" in options else []
    except Refusal as refusal:
        problem = refusal.problem
        raise InvalidInput(
            problem.message, field="options", value=options["columns"], fix=problem.fix
        ) from None
    comma = options.get("decimal") == "comma"
    read = partial(_decode, CsvForm(tuple(columns), SEPARATORS.get(separator, ""), comma))
    return in_zone(read, options["zone"]) if "zone" in options else read


def suits(incoming: Incoming) -> bool:
    """Whether the first line names columns, and the next one has as many cells."""
    lines = incoming.payload[:2_000].decode("utf-8", "replace").lstrip("\ufeff").splitlines()
    if len(lines) < 2 or lines[0][:1] in ("{", "[", "<"):
        return False
    separator = _guess(lines[0])
    names = lines[0].split(separator)
    try:
        columns_of(names)
    except Refusal:
        return False
    cells = len(lines[1].split(separator))
    return len(names) > 1 and cells == len(names) and not any(map(number_of, names))


def _wrong(name: str, value: str, known: tuple[str, ...]) -> InvalidInput:
    fix = f"one of {', '.join(known)}"
    return InvalidInput(
        "not a value of this option", field="options", value=f"{name}={value}", fix=fix
    )


def _decode(form: CsvForm, incoming: Incoming, limits: MessageLimits) -> Decoded:
    rows = _rows(incoming.payload, form, limits)
    if not form.columns:
        form = replace(form, columns=tuple(columns_of(next(rows, []))))
    found = (one for row in rows for one in _of_row(row, form, incoming.zone))
    without = "a table without values"
    return measured(found, incoming, limits, without, len(incoming.payload))


def _guess(line: str) -> str:
    return next((one for one in _GUESSED if one in line), ",")


def _rows(payload: bytes, form: CsvForm, limits: MessageLimits) -> Iterator[list[str]]:
    if len(payload) > limits.payload_bytes:
        fix = "send smaller batches"
        problem = f"longer than {limits.payload_bytes} bytes"
        raise Refusal("bad_message", problem, "payload", len(payload), fix)
    try:
        text = payload.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refusal(
            "bad_utf8", f"not UTF-8 at byte {error.start}", "payload", payload[:40], "send UTF-8"
        ) from None
    separator = form.separator or _guess(text.partition("\n")[0])
    reader = csv.reader(StringIO(text, newline=""), delimiter=separator, skipinitialspace=True)
    try:
        yield from (row for row in reader if any(cell.strip() for cell in row))
    except csv.Error:
        fix = "close each quotation mark, and end each line"
        raise Refusal("bad_message", "not lines of cells", "payload", text[:80], fix) from None


def _of_row(row: Sequence[str], form: CsvForm, zone: str) -> Iterator[Quantity | Problem]:
    cells = [cell.strip()[:_LONGEST_CELL] for cell in row]
    told = {
        column.role: cell
        for column, cell in zip(form.columns, cells, strict=False)
        if column.role != "values"
    }
    clock = told.get("time") or " ".join(filter(None, (told.get("date"), told.get("clock"))))
    try:
        time_us = clock_of(clock, zone)
    except Refusal as refusal:
        yield refusal.problem
        return
    device = told.get("device", "")
    values = [
        (column.name, cell, column.unit)
        for column, cell in zip(form.columns, cells, strict=False)
        if column.role == "values"
    ]
    if "value" in told:
        values.append((told.get("point", ""), told["value"], said_unit(told.get("unit"))))
    for name, cell, unit in values:
        if not cell:
            continue
        text = cell.replace(",", ".", 1) if form.comma else cell
        yield taken(name, text, unit, None, time_us, device) or no_number(name, cell)
