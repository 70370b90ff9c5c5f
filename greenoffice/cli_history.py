"""The command line's part for histories."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from greenoffice.cli_history_from import from_app
from metering.errors import InvalidInput
from metering.reading import Kind

history_app = typer.Typer(no_args_is_help=True, help="Years of readings from tables of people.")
history_app.add_typer(from_app, name="from")

FilesArgument = Annotated[
    list[Path], typer.Argument(help="CSV, XLSX, Parquet, NEM12, XML, a ZIP or a folder of them")
]
DataOption = Annotated[Path, typer.Option("--data", help="the data folder", show_default=False)]


@history_app.command("load")
def load(
    files: FilesArgument,
    data: DataOption,
    mapping: Annotated[
        Path | None, typer.Option(help="table or TOML: which series is which point")
    ] = None,
    gateway: Annotated[str, typer.Option(help="SITE/GATEWAY whose points alone are meant")] = "",
    kind: Annotated[
        str, typer.Option(help="what the points have to be, and new ones are: register, ...")
    ] = "",
    zone: Annotated[str, typer.Option(help="of times without offset; default: the sites'")] = "",
    date: Annotated[
        str, typer.Option(help="order of dates where two are possible: ymd, dmy, mdy, epoch_s, ...")
    ] = "",
    decimal: Annotated[str, typer.Option(help="decimal sign where two are possible: . or ,")] = "",
    label: Annotated[str, typer.Option(help="times label the interval's start or end")] = "start",
    interval: Annotated[int | None, typer.Option(help="length of an interval [minutes]")] = None,
    unit: Annotated[str, typer.Option(help="of values whose unit the file does not say")] = "",
    encoding: Annotated[str, typer.Option(help="where it cannot be seen: big5, cp1252, ...")] = "",
    separator: Annotated[str, typer.Option(help="between fields, where two are possible")] = "",
    correct: Annotated[
        bool, typer.Option("--correct", help="replace other values that stand at the same time")
    ] = False,
    new: Annotated[
        bool, typer.Option("--new", help="make meters and points for series that have no point")
    ] = False,
    node: Annotated[str, typer.Option(help="code of the place of new meters")] = "",
    item: Annotated[
        str, typer.Option(help="what new meters count, where their unit does not tell: 02000, ...")
    ] = "",
    reason: Annotated[str, typer.Option(help="why new meters are made")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="say what would be loaded")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="as JSON")] = False,
) -> None:
    """Load years of readings into registered points or new ones; also while the platform runs."""
    from greenoffice.history.command import run_load
    from greenoffice.history.options import HistoryOptions

    options = HistoryOptions(
        files=tuple(files),
        mapping=mapping,
        gateway=gateway,
        kind=_kind(kind),
        zone=zone,
        date=date,
        decimal=decimal,
        label=label,
        interval_min=interval,
        unit=unit,
        encoding=encoding,
        separator=separator,
        correct=correct,
        new=new,
        node=node,
        item=item,
        reason=reason,
        dry_run=dry_run,
    )
    run_load(options, data, as_json=as_json)


@history_app.command("step", hidden=True)
def step(
    place: Annotated[Path, typer.Argument(help="the folder of what was sent")],
    data: DataOption,
    parent: Annotated[int, typer.Option("--parent", hidden=True)] = 0,
) -> None:
    """One step of a history that was sent over the page; started by the API."""
    from greenoffice.history.step_process import run_step

    run_step(place, data, parent)


def _kind(text: str) -> Kind | None:
    known = ", ".join(Kind)
    if text and text not in list(Kind):
        raise InvalidInput("no such kind", field="--kind", value=text, fix=f"one of {known}")
    return Kind(text) if text else None
