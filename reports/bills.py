"""Bills as files: CSV for programs, a workbook for people with a sheet for each bill."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from figures.bills import Bill, BillLine, LineKind
from metering.errors import InvalidInput
from metering.extras import extra
from metering.localtime import from_us, zone_of
from metering.tables import csv_text
from reports.words import check_language
from texts import code_of, own, text, word

BILL_FORMATS: Final = ("csv", "xlsx")
BILL_HEADER: Final = (
    *("account", "meter", "line", "start", "end", "quantity", "unit", "price"),
    *("amount", "currency", "complete", "lacks"),
)
"""Of the CSV; the last is of the row `total` alone."""
_OWN_NAMES: Final = (LineKind.POWER_FACTOR, LineKind.VAT)
"""Of which a bill has one line."""
EXAMPLE: Final = "example"
"""Grade of the prices that an office begins with."""


@dataclass(frozen=True)
class BilledPlace:
    """A bill with what it is of, in words."""

    bill: Bill
    name: str
    """Of the meter or place."""
    zone: str
    """In which it tells the moment of the demand."""


def check_bill_format(format: str) -> str:
    """The format itself, if bills can be had in it; InvalidInput otherwise."""
    if format not in BILL_FORMATS:
        raise InvalidInput(
            "no such format", field="format", value=format, fix=f"one of: {', '.join(BILL_FORMATS)}"
        )
    return format


def bill_file(told: Sequence[BilledPlace], language: str, format: str) -> bytes:
    """Bills as a file; the same bills give the same bytes. CSV is the same in all languages; XLSX
    needs the extra `reports`, ConfigurationError without it."""
    if check_bill_format(format) == "csv":
        return bills_csv([one.bill for one in told]).encode()
    with extra("reports"):
        from reports.bills_xlsx import bills_xlsx

    return bills_xlsx(told, check_language(language))


def line_label(line: BillLine, language: str) -> str:
    """What a line is called: by its period, its step, or as the charge is registered."""
    code = code_of(language)
    stem, _, part = line.name.partition(".")
    kind = word("bill_line", line.kind, code)
    if line.kind is LineKind.TIER:
        return f"{kind} {part}"
    if line.kind is LineKind.ENERGY:
        return f"{kind} · {_period(part, code)}"
    own = kind if stem == line.kind or line.kind in _OWN_NAMES else stem
    if not part:
        return own
    over = line.kind is LineKind.CONTRACT
    return f"{own} · {text('report.over_contract', code) if over else _period(part, code)}"


def _period(part: str, language: str) -> str:
    return (
        text("report.unpriced", language) if part == "unpriced" else word("period", part, language)
    )


def source_said(source: str, grade: str, language: str) -> str:
    """Where a price is from. Of an example, whose source is `Chinese · English`, what is said in
    the language; of anything else, whose words are its own, all of it."""
    chinese, _, english = source.partition(" · ")
    if grade != EXAMPLE or not english:
        return source
    return own(language, zh=chinese, en=english)


def demand_moment(one: BilledPlace) -> str:
    """When the most power was, in local time to the minute; '' where it is not known."""
    demand = one.bill.demand
    if demand is None:
        return ""
    return f"{from_us(demand.at_us).astimezone(zone_of(one.zone)):%Y-%m-%d %H:%M}"


def cos_phi(hundredths: int) -> str:
    """A power factor such as 0.86."""
    return f"{hundredths // 100}.{hundredths % 100:02}"


def bills_csv(told: Sequence[Bill]) -> str:
    """A header, the lines of each bill, and of each a last one `total`."""
    return csv_text([BILL_HEADER, *(row for one in told for row in _rows(one))])


def _rows(one: Bill) -> Iterator[tuple[str, ...]]:
    head = ("" if one.account is None else one.account.account, one.code)
    for line in one.lines:
        yield (*head, *_cells(line), "")
    days = (one.first.isoformat(), one.after.isoformat())
    end = (_text(one.total), one.currency, _yes(one.complete), " ".join(map(str, one.lacks)))
    yield (*head, "total", *days, "", "", "", *end)


def _cells(line: BillLine) -> tuple[str, ...]:
    return (
        line.name,
        line.first.isoformat(),
        line.after.isoformat(),
        _text(line.quantity),
        line.unit,
        _text(line.price),
        _text(line.amount),
        line.currency,
        _yes(line.complete),
    )


def _text(value: Decimal | None) -> str:
    return "" if value is None else f"{value:f}"


def _yes(value: bool) -> str:
    return "yes" if value else "no"
