"""Commands in the documents are commands: they parse, and end as is said of them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.core import TyperCommand, TyperGroup

from greenoffice.cli import app
from proofs.commands import app as proofs

ROOT = Path(__file__).parents[1]
DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "README.zh-CN.md", "CHANGELOG.md", "CONTRIBUTING.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")
Command = TyperGroup | TyperCommand
GREENOFFICE: Any = typer.main.get_command(app)
PROOFS: Any = typer.main.get_command(proofs)
UsageError = typer.BadParameter.__mro__[1]
"""What typer raises where words do not fit a command."""
OTHERS = ("docker-compose", "dask ", "git ", "pip ", "mosquitto", "pytest", "ruff", "python -m")
"""Programs that are not ours."""


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def shell_lines(document: Path) -> Iterator[str]:
    """Lines of shell in a document, continued ones joined."""
    for language, code in FENCE.findall(text(document)):
        if language == "sh":
            yield from code.replace("\\\n", " ").splitlines()


def words_of(line: str) -> list[str] | None:
    """What a line says to `greenoffice`, None where it says nothing to it."""
    words = shlex.split(line)
    for place, word in enumerate(words):
        if word == "greenoffice" or word.endswith("/greenoffice"):
            return words[place + 1 :]
    return None


COMMAND_LINES = [
    pytest.param(words, id=f"{named(document)}: {' '.join(words)}")
    for document in DOCUMENTS
    for line in shell_lines(document)
    if (words := words_of(line)) is not None
]


def parse(command: Any, words: list[str]) -> None:
    """Parse as the command would, and run nothing; a UsageError says what does not fit."""
    context = command.make_context(command.name, list(words))
    if isinstance(command, TyperGroup):
        words = [*context._protected_args, *context.args]
        if command.invoke_without_command and not words:
            return
        _, found, rest = command.resolve_command(context, words)
        parse(found, rest)


def options(command: Any) -> set[str]:
    """Options of a command and of all below it."""
    found = {"--help", *(name for one in command.params for name in one.opts)}
    for below in getattr(command, "commands", {}).values():
        found |= options(below)
    return found


def below(command: Any, words: list[str]) -> Any:
    """The command that the first of the words name."""
    for word in words:
        if word not in getattr(command, "commands", {}):
            break
        command = command.commands[word]
    return command


@pytest.mark.parametrize("words", COMMAND_LINES)
def test_a_command_line_of_the_documents_parses(words: list[str]) -> None:
    parse(GREENOFFICE, words)


@pytest.mark.parametrize(
    "words", [["up"], ["up", "data", "--port", "1"], ["registry", "delete"], ["replay", "x"]]
)
def test_a_command_line_that_does_not_fit_is_seen(words: list[str]) -> None:
    with pytest.raises(UsageError):
        parse(GREENOFFICE, words)


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_options_named_in_running_text_exist(document: Path) -> None:
    """`greenoffice X --option` has it; a bare `--option` belongs to some command."""
    known = options(GREENOFFICE) | options(PROOFS)
    for span in SPAN.findall(FENCE.sub("", text(document))):
        if span.startswith(OTHERS):
            continue
        given = set(re.findall(r"(?<!\S)--[a-z-]+", span))
        words = span.split()
        if words[0] == "greenoffice" and len(words) > 1:
            command = below(GREENOFFICE, words[1:])
            assert command is not GREENOFFICE, f"no such command: {span}"
            assert given <= options(command), span
        else:
            assert given <= known, span


def test_every_command_and_option_says_what_it_is_for() -> None:
    def look(command: Any) -> Iterator[str]:
        if not command.hidden and not command.help:
            yield command.name
        for one in command.params:
            if not one.hidden and not one.help:
                yield f"{command.name} {one.opts[0]}"
        for below in getattr(command, "commands", {}).values():
            yield from look(below)

    assert list(look(GREENOFFICE)) == []


def test_every_proof_has_a_target_and_every_target_a_proof() -> None:
    called = set(re.findall(r"\$\(PROVE\) ([a-z-]+)", text(ROOT / "Makefile")))
    assert called == PROOFS.commands.keys()
