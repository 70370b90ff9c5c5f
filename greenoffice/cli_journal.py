"""The command line's part for the journal."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from greenoffice import commands
from greenoffice.folder import DataFolder

journal_app = typer.Typer(no_args_is_help=True, help="The messages as they came.")

DataArgument = Annotated[Path, typer.Argument(help="the data folder", show_default=False)]


@journal_app.command("ls")
def list_segments(data: DataArgument) -> None:
    """All segments with their state, arrivals, messages and bytes, a line of JSON each."""
    from greenoffice.journal_telling import list_folder

    print_lines(list_folder(DataFolder(data.absolute())))


@journal_app.command("cat")
def print_records(
    data: DataArgument,
    gateway: Annotated[str, typer.Option(help="of this gateway, SITE/GATEWAY")] = "",
    topic: Annotated[str, typer.Option(help="of topics that match this MQTT filter")] = "",
    since: Annotated[
        str, typer.Option("--from", help="arrived from then on, e.g. 2026-11-24T08:00:00+08:00")
    ] = "",
    until: Annotated[str, typer.Option("--to", help="arrived before then")] = "",
    segment: Annotated[
        int | None, typer.Option(help="of this segment alone, as `journal ls` numbers them", min=0)
    ] = None,
    limit: Annotated[int | None, typer.Option(help="no more than so many", min=1)] = None,
    follow: Annotated[
        bool, typer.Option("--follow", help="go on with what comes, until Ctrl-C")
    ] = False,
) -> None:
    """Messages as they came, a line of JSON each; nothing is changed by it."""
    from greenoffice.journal_telling import tell_records, wanted

    asked = wanted(gateway, topic, since, until, segment, limit)
    with suppress(KeyboardInterrupt):
        print_lines(tell_records(DataFolder(data.absolute()), asked, follow=follow))


@journal_app.command("verify")
def verify_journal(data: DataArgument) -> None:
    """Read every segment through and say what is damaged; exit status 1 if anything is."""
    commands.verify_journal(data)


@journal_app.command("repair")
def repair_journal(data: DataArgument) -> None:
    """Keep what can be read of damaged segments. The platform must be stopped."""
    commands.repair_journal(data)


def print_lines(told: Iterable[Mapping[str, object]]) -> None:
    """Print a line of JSON each, at once; who reads them may have had enough."""
    try:
        for one in told:
            print(json.dumps(one, ensure_ascii=False), flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
