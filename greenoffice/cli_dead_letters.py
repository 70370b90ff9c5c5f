"""The command line's part for dead letters."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from greenoffice.cli_journal import print_lines
from greenoffice.folder import DataFolder

dead_letters_app = typer.Typer(
    no_args_is_help=True, help="What could not be taken in: trying it again, or no more."
)

DataArgument = Annotated[Path, typer.Argument(help="the data folder", show_default=False)]
GatewayOption = Annotated[str, typer.Option(help="of this gateway, SITE/GATEWAY")]
TopicOption = Annotated[str, typer.Option(help="of this topic")]
PointOption = Annotated[str, typer.Option(help="of this point")]
LetterOption = Annotated[int | None, typer.Option(help="this one alone")]
ReasonOption = Annotated[str, typer.Option(help="of this reason, such as unknown_point")]
StateOption = Annotated[str, typer.Option(help="open, asked, replayed or discarded")]


@dead_letters_app.command("list")
def list_letters(
    data: DataArgument,
    state: StateOption = "open",
    gateway: GatewayOption = "",
    reason: ReasonOption = "",
    limit: Annotated[int | None, typer.Option(help="no more than so many", min=1)] = None,
) -> None:
    """Dead letters, newest first, a line of JSON each."""
    from greenoffice.dead_letters import list_letters as run

    print_lines(run(DataFolder(data.absolute()), state, gateway, reason, limit))


@dead_letters_app.command("groups")
def list_groups(
    data: DataArgument, state: StateOption = "open", gateway: GatewayOption = ""
) -> None:
    """Their causes with how many there are, and an example with its fix, a line of JSON each."""
    from greenoffice.dead_letters import list_groups as run

    print_lines(run(DataFolder(data.absolute()), state, gateway))


@dead_letters_app.command("show")
def show_letter(
    data: DataArgument,
    id: Annotated[int, typer.Argument(help="the letter's id", show_default=False)],
) -> None:
    """One with its message, what decoding says of it now, and the row that would mend it."""
    from greenoffice.dead_letters import show_letter as run

    print(json.dumps(run(DataFolder(data.absolute()), id), ensure_ascii=False, indent=2))


@dead_letters_app.command("replay")
def replay_letters(
    data: DataArgument,
    id: LetterOption = None,
    gateway: GatewayOption = "",
    reason: ReasonOption = "",
    topic: TopicOption = "",
    point: PointOption = "",
) -> None:
    """Try open ones of a cause again, once what was wrong is mended."""
    from greenoffice.dead_letters import replay_letters as run
    from metering.intake import LetterCause

    cause = LetterCause(gateway or None, reason or None, topic or None, point or None, id)
    print(json.dumps(run(DataFolder(data.absolute()), cause)))


@dead_letters_app.command("discard")
def discard_letters(
    data: DataArgument,
    why: Annotated[str, typer.Option(help="why; it goes into the audit log", show_default=False)],
    id: LetterOption = None,
    gateway: GatewayOption = "",
    reason: ReasonOption = "",
    topic: TopicOption = "",
    point: PointOption = "",
) -> None:
    """Try open ones of a cause no more; their messages stay in the journal."""
    from greenoffice.dead_letters import discard_letters as run
    from metering.intake import LetterCause

    cause = LetterCause(gateway or None, reason or None, topic or None, point or None, id)
    print(json.dumps(run(DataFolder(data.absolute()), cause, why)))
