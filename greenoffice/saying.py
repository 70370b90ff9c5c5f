"""What the command line says, in the terminal's language."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from typing import Any, Final

import typer
from typer import rich_utils

from metering.errors import FileProblem, InvalidFiles
from texts import ENGLISH, code_of, of_terminal, said, said_error

LIBRARY_WORDS: Final = (
    *("ARGUMENTS_PANEL_TITLE", "OPTIONS_PANEL_TITLE", "COMMANDS_PANEL_TITLE", "ERRORS_PANEL_TITLE"),
    *("DEFAULT_STRING", "REQUIRED_LONG_STRING", "ABORTED_TEXT", "RICH_HELP"),
)
"""Headings and marks of a help page, which the library holds as names of its own."""
_USAGE: Final = "Usage: "
_METAVARS: Final = {"options_metavar": "[OPTIONS]", "subcommand_metavar": "COMMAND [ARGS]..."}
LIBRARY_SENTENCES: Final = (
    *(_USAGE, *_METAVARS.values()),
    *("Missing argument {0}.", "Missing option {0}.", "Missing command."),
    *("Got unexpected extra argument(s) ({0})", "Invalid value for {0}: {1}"),
    *("No such command {0}.", "No such command {0}. Did you mean {1}?"),
    *("No such option: {0}", "No such option: {0} (Possible options: {1})"),
    *("Option {0} requires an argument.", "Option {0} does not take a value."),
    "Input should be a valid integer, unable to parse string as an integer",
    "Input should be a valid number, unable to parse string as a number",
    "Input should be greater than or equal to {0}",
    "Input should be less than or equal to {0}",
)
"""What the library says of how a command is called, which it has no names for."""


def language() -> str:
    """The terminal's language, as LC_ALL, LC_MESSAGES or LANG say; else English."""
    return of_terminal(os.environ)


def spoken(line: str) -> str:
    """A line in the terminal's language."""
    return said(line, language())


def say(line: str, *, aside: bool = False) -> None:
    """Print a line in the terminal's language; aside, to stderr, where stdout is for data."""
    print(spoken(line), file=sys.stderr if aside else sys.stdout, flush=True)


def complaint(error: Exception) -> str:
    """An error of the platform on one line, in the terminal's language; of files a line for each
    problem."""
    if not isinstance(error, InvalidFiles):
        return said_error(str(error), language())
    heading = spoken(f"{len(error.problems)} problem(s), nothing imported:")
    told = map(str, told_problems(error))
    return "\n".join([heading, *told, spoken(error.fix or "")]).rstrip()


def told_problems(error: InvalidFiles) -> list[FileProblem]:
    """The problems of files in the terminal's language."""
    return [
        replace(one, problem=spoken(one.problem), fix=spoken(one.fix)) for one in error.problems
    ]


def command_of(app: typer.Typer) -> Any:
    """The whole command line, its help in the terminal's language."""
    command = typer.main.get_command(app)
    if (wanted := language()) != ENGLISH:
        _tell(command, wanted)
        for name in LIBRARY_WORDS:
            setattr(rich_utils, name, said(getattr(rich_utils, name), wanted))
        _tell_usage(command.context_class, wanted)
    return command


def _tell_usage(context: Any, wanted: str) -> None:
    """Let the library say in the language how a command is called, and what is wrong with a call.
    It has no setting for either, so what writes them is replaced."""
    shown = rich_utils.rich_format_error

    class Usage(context.formatter_class):  # type: ignore[misc]
        def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
            super().write_usage(prog, args, said(_USAGE, wanted) if prefix is None else prefix)

    def told(error: Any) -> None:
        english = error.format_message()
        error.format_message = lambda: said(english, wanted)
        shown(error)

    context.formatter_class = Usage
    setattr(rich_utils, "rich_format_error", told)  # noqa: B010 - of a library


def _tell(command: Any, wanted: str) -> None:
    """Every help text of a command and of those below it, said in the language."""
    for name in ("help", "short_help", "epilog"):
        if told := getattr(command, name, None):
            setattr(command, name, said(told, code_of(wanted)))
    for name, english in _METAVARS.items():
        if getattr(command, name, None) == english:
            setattr(command, name, said(english, wanted))
    for parameter in _parameters(command):
        if told := getattr(parameter, "help", None):
            parameter.help = said(told, wanted)
    for below in getattr(command, "commands", {}).values():
        _tell(below, wanted)


def _parameters(command: Any) -> list[Any]:
    """Those of a command with its `--help`, which the library makes when it is first asked."""
    asked = command.get_help_option(command.context_class(command))
    return [*command.params, *([] if asked is None else [asked])]


def help_texts(command: Any) -> list[str]:
    """Every help text of a command line, in English."""
    own = [getattr(command, name, None) for name in ("help", "short_help", "epilog")]
    own += [getattr(parameter, "help", None) for parameter in _parameters(command)]
    below = getattr(command, "commands", {}).values()
    return [text for text in own if text] + [t for one in below for t in help_texts(one)]
