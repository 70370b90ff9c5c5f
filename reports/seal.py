"""The seal of a report: its canonical JSON, and the SHA-256 over it.

The JSON is the report; PDF and XLSX are renderings of it. A report read back from its JSON
renders to the same bytes, whatever has become of the books since.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from decimal import Decimal
from typing import Any

import msgspec

from metering.errors import InvalidInput
from reports.earlier import EARLIER, understood, written
from reports.model import FORMAT, FORMAT_1, MonthReport


def canonical(thing: Any) -> bytes:
    """UTF-8 JSON with sorted names and without spaces; decimals and dates are texts, decimals
    without an exponent."""
    builtins = msgspec.to_builtins(thing, builtin_types=(Decimal,))
    return msgspec.json.encode(_plain(builtins), order="sorted")


def _plain(thing: Any) -> Any:
    if isinstance(thing, Decimal):
        return f"{thing:f}"
    if isinstance(thing, dict):
        return {name: _plain(one) for name, one in thing.items()}
    if isinstance(thing, list | tuple):
        return [_plain(one) for one in thing]
    return thing


def digest(thing: Any) -> str:
    """SHA-256 of the canonical JSON, 64 hexadecimal digits."""
    return hashlib.sha256(canonical(thing)).hexdigest()


def sealed(report: MonthReport) -> MonthReport:
    """The report with the hash of everything else in it."""
    return replace(report, content_hash=digest(_content(replace(report, content_hash=""))))


def _content(report: MonthReport) -> Any:
    """Reports whose rows name no registry do not name it either, as those before that knew it."""
    found = (
        written(report)
        if report.format in EARLIER
        else msgspec.to_builtins(report, builtin_types=(Decimal,))
    )
    if "rows_registry_version" in found and not report.rows_registry_version:
        del found["rows_registry_version"]
    return found


def to_json(report: MonthReport) -> bytes:
    """The sealed report as a file, in the format in which it was sealed."""
    return canonical(_content(report)) + b"\n"


def from_json(data: bytes) -> MonthReport:
    """A sealed report as it was written, of this format or an earlier one; InvalidInput where its
    hash does not fit."""
    try:
        report = msgspec.json.decode(data, type=MonthReport)
    except msgspec.MsgspecError as error:
        raise InvalidInput(
            f"not a report of ours: {error}", field="report", fix="a file of --format json"
        ) from None
    if report.format not in (FORMAT, *EARLIER):
        raise InvalidInput(
            "a report of another format",
            field="format",
            value=report.format,
            fix=f"one of: {', '.join((FORMAT, *EARLIER))}",
        )
    if sealed(report).content_hash != report.content_hash:
        raise InvalidInput(
            "the seal is broken: the content does not fit its hash",
            field="content_hash",
            value=report.content_hash,
            fix="take the file as it was first written, or make the report again",
        )
    return understood(report) if report.format == FORMAT_1 else report
