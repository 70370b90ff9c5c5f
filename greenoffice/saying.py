"""What the command line says, in the terminal's language."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from typing import Any

import typer
from typer import rich_utils

from metering.errors import FileProblem, InvalidFiles
from texts import ENGLISH, code_of, of_terminal, said, said_error

LIBRARY_WORDS = (
    *("ARGUMENTS_PANEL_TITLE", "OPTIONS_PANEL_TITLE", "COMMANDS_PANEL_TITLE", "ERRORS_PANEL_TITLE"),
    *("DEFAULT_STRING", "REQUIRED_LONG_STRING"),
)
"""Headings and marks of a help page, which the library holds as names of its own."""


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
    return command


def _tell(command: Any, wanted: str) -> None:
    """Every help text of a command and of those below it, said in the language."""
    for name in ("help", "short_help", "epilog"):
        if told := getattr(command, name, None):
            setattr(command, name, said(told, code_of(wanted)))
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
