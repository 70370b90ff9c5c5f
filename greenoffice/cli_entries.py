"""The command line's part for what people enter."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

DataArgument = Annotated[Path, typer.Argument(help="the data folder", show_default=False)]
TablesArgument = Annotated[
    list[Path], typer.Argument(help="CSV, XLSX, Parquet or a ZIP of them", show_default=False)
]
DryRun = Annotated[bool, typer.Option(help="only tell what would become of each row")]
Correct = Annotated[
    bool, typer.Option(help="let another row take the place of what stands of the same thing")
]
DateOrder = Annotated[str, typer.Option("--date", help="order of dates: ymd, dmy, mdy")]
Decimals = Annotated[str, typer.Option("--decimal", help="decimal sign: . or ,")]
Encoding = Annotated[str, typer.Option(help="of a text, such as gb18030; default: seen")]
Separator = Annotated[str, typer.Option(help="of a text; default: seen")]


def add_to(app: typer.Typer) -> None:
    """Its commands, among those of the platform."""
    app.command("enter")(enter)
    app.command("enter-readings")(enter_readings)
    app.command("entries")(entries)
    app.command("enter-bill")(enter_bill)
    app.command("enter-bills")(enter_bills)
    app.command("bills")(bills)
    app.command("audit-bill")(audit_bill)
    app.command("withdraw")(withdraw)


def enter(
    data: DataArgument,
    meter: Annotated[str, typer.Argument(help="code of the meter")],
    value: Annotated[str, typer.Argument(help="what its register shows, or what passed")],
    time: Annotated[str, typer.Option(help="when it was read, with its offset")] = "",
    day: Annotated[
        str, typer.Option(help="the local day at whose beginning the register stood there")
    ] = "",
    month: Annotated[str, typer.Option(help="the month over which the quantity passed")] = "",
    start: Annotated[str, typer.Option(help="first local day of a quantity")] = "",
    end: Annotated[str, typer.Option(help="the day behind its last one")] = "",
    unit: Annotated[str, typer.Option(help="default: the one that is registered")] = "",
    point: Annotated[str, typer.Option(help="SITE/GATEWAY/NAME, where several serve it")] = "",
    read_by: Annotated[str, typer.Option(help="who read the meter")] = "",
    note: Annotated[str, typer.Option(help="what else there is to say")] = "",
    evidence: Annotated[
        list[Path] | None, typer.Option(help="a PDF, PNG or JPEG; may be repeated")
    ] = None,
    key: Annotated[
        str, typer.Option(help="a name of your own: entered again, it is the same entry")
    ] = "",
) -> None:
    """Enter what somebody read, or what passed over some days; also while the platform runs."""
    from api.usecases.entries import Entry
    from greenoffice.entering import enter_one, number_of

    entry = Entry(
        meter=meter,
        value=number_of(value),
        unit=unit,
        time=time,
        day=day,
        month=month,
        start=start,
        end=end,
        point=point,
        read_by=read_by,
        note=note,
    )
    enter_one(data, entry, evidence or [], key)


def enter_readings(
    data: DataArgument,
    files: TablesArgument,
    dry_run: DryRun = False,
    correct: Correct = False,
    date: DateOrder = "",
    decimal: Decimals = "",
    encoding: Encoding = "",
    separator: Separator = "",
) -> None:
    """Enter readings from a table, a row for each or a column for each meter, once."""
    from api.usecases.hand_tables import HAND_TABLE
    from api.usecases.stated_tables import TableWishes
    from greenoffice.entering_tables import enter_tables
    from metering.tables.said_rows import RowWays

    ways = RowWays(date, decimal, encoding, separator)
    enter_tables(data, files, HAND_TABLE, TableWishes(ways, dry_run, correct))


def entries(
    data: DataArgument,
    meter: Annotated[str | None, typer.Argument(help="code of a meter; default: all")] = None,
) -> None:
    """What people entered, newest first, a line of JSON each."""
    from greenoffice.entering import list_entries

    list_entries(data, meter)


def enter_bill(
    data: DataArgument,
    file: Annotated[Path, typer.Argument(help="JSON, with the fields of POST /v1/bills")],
    evidence: Annotated[
        list[Path] | None, typer.Option(help="a PDF, PNG or JPEG; may be repeated")
    ] = None,
    key: Annotated[
        str, typer.Option(help="a name of your own: entered again, it is the same entry")
    ] = "",
) -> None:
    """Enter a supplier's bill; also while the platform runs."""
    from greenoffice.entering import enter_bill_file

    enter_bill_file(data, file, evidence or [], key)


def enter_bills(
    data: DataArgument,
    files: TablesArgument,
    dry_run: DryRun = False,
    correct: Correct = False,
    date: DateOrder = "",
    decimal: Decimals = "",
    encoding: Encoding = "",
    separator: Separator = "",
) -> None:
    """Enter suppliers' bills from a table, a row for each or for each of its periods, once."""
    from api.usecases.bill_tables import BILL_TABLE
    from api.usecases.stated_tables import TableWishes
    from greenoffice.entering_tables import enter_tables
    from metering.tables.said_rows import RowWays

    ways = RowWays(date, decimal, encoding, separator)
    enter_tables(data, files, BILL_TABLE, TableWishes(ways, dry_run, correct))


def bills(
    data: DataArgument,
    account: Annotated[str | None, typer.Argument(help="an account; default: all")] = None,
) -> None:
    """Suppliers' bills beside what the books have, newest first, a line of JSON each."""
    from greenoffice.entering import list_bills

    list_bills(data, account)


def audit_bill(
    data: DataArgument,
    id: Annotated[str | None, typer.Argument(help="id of the bill", show_default=False)] = None,
    every: Annotated[bool, typer.Option("--all", help="all bills that end in the month")] = False,
    month: Annotated[str | None, typer.Option(help="such as 2026-10; with --all")] = None,
) -> None:
    """Hold a supplier's bill against registry, books and the bills before it, as JSON."""
    from greenoffice.entering import audit_bills
    from metering.errors import InvalidInput

    if every != (month is not None):
        raise InvalidInput(
            "--all and --month go together",
            field="--month",
            value=month,
            fix="audit-bill DATA --all --month 2026-10",
        )
    audit_bills(data, id, month)


def withdraw(
    data: DataArgument,
    id: Annotated[str, typer.Argument(help="id of the entry or the bill")],
    reason: Annotated[str, typer.Option(help="why; it is kept")],
) -> None:
    """Take an entry or a bill back; it stays, and nothing uses what it said any more."""
    from greenoffice.entering import withdraw_one

    withdraw_one(data, id, reason)
