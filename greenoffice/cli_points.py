"""The command line's part for points that nobody registered."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from greenoffice.cli_gateways import DataArgument, GatewayArgument
from greenoffice.cli_journal import print_lines
from greenoffice.folder import DataFolder

points_app = typer.Typer(
    no_args_is_help=True, help="What gateways send and nobody registered, and registering it."
)

PointOption = Annotated[
    list[str], typer.Option("--point", help="its name; may be given several times")
]


@points_app.command("proposed")
def list_proposed(
    data: DataArgument,
    gateway: GatewayArgument,
    dismissed: Annotated[bool, typer.Option("--dismissed", help="those that were")] = False,
) -> None:
    """Points with their values, and what they most likely are, a line of JSON each."""
    from greenoffice.joining import proposed

    print_lines(iter(proposed(DataFolder(data.absolute()), gateway, dismissed=dismissed)))


@points_app.command("approve")
def approve_points(
    data: DataArgument,
    gateway: GatewayArgument,
    point: PointOption = [],  # noqa: B006
    sure: Annotated[
        bool, typer.Option("--sure", help="also all of which kind and unit are sure")
    ] = False,
    corrections: Annotated[
        Path | None, typer.Option(help="CSV: point, and columns of points.csv")
    ] = None,
    reason: Annotated[str, typer.Option(help="why, where it changes complete months")] = "",
) -> None:
    """Register points as proposed or corrected; what came of them is taken in, seconds later."""
    from greenoffice.joining import approve, read_corrections

    corrected = [] if corrections is None else read_corrections(corrections)
    known = {one["point"] for one in corrected}
    wanted = [*corrected, *({"point": one} for one in point if one not in known)]
    folder = DataFolder(data.absolute())
    print(
        json.dumps(approve(folder, gateway, wanted, sure=sure, reason=reason), ensure_ascii=False)
    )


@points_app.command("dismiss")
def dismiss_points(
    data: DataArgument,
    gateway: GatewayArgument,
    point: PointOption,
    undo: Annotated[bool, typer.Option("--undo", help="propose them again")] = False,
) -> None:
    """Propose points no more."""
    from greenoffice.joining import dismiss

    folder = DataFolder(data.absolute())
    print(json.dumps(dismiss(folder, gateway, point, undo=undo), ensure_ascii=False))
