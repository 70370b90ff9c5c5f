"""The command line's part for gateways."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from greenoffice.folder import DataFolder

gateway_app = typer.Typer(no_args_is_help=True, help="Gateways of a data folder.")

DataArgument = Annotated[Path, typer.Argument(help="the data folder", show_default=False)]
GatewayArgument = Annotated[str, typer.Argument(help="SITE/GATEWAY", show_default=False)]


@gateway_app.command("resend")
def resend(
    data: DataArgument,
    gateway: GatewayArgument,
    start: Annotated[str, typer.Option("--from", help="first instant, 2026-11-24T02:00:00Z")],
    until: Annotated[str, typer.Option("--until", help="the instant up to which, not with it")],
) -> None:
    """Ask a gateway, as soon as it is there, to send the readings of a time again."""
    from greenoffice.deliveries import resend as run

    print(json.dumps(run(DataFolder(data.absolute()), gateway, start, until)))
