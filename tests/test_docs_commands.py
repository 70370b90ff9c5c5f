"""Commands in the documents are commands: they parse, and end as is said of them."""

from __future__ import annotations

import ast
import json
import re
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.core import TyperCommand, TyperGroup

from greenoffice.cli import app
from greenoffice.commands import init
from greenoffice.ports import usable_port
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
OTHERS = ("docker-compose", "git ", "pip ", "mosquitto", "pytest", "ruff", "python -m")
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
    if document.exists()
    for line in shell_lines(document)
    if (words := words_of(line)) is not None
]


def parse(command: Any, words: list[str]) -> None:
    """Parse as the command would, and run nothing; a UsageError says what does not fit."""
    context = command.make_context(command.name, list(words))
    if isinstance(command, TyperGroup):
        _, found, rest = command.resolve_command(context, [*context._protected_args, *context.args])
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


@pytest.mark.parametrize("document", [d for d in DOCUMENTS if d.exists()], ids=named)
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
    called = set(re.findall(r"\$\(PROVE\) ([a-z]+)", text(ROOT / "Makefile")))
    assert called == PROOFS.commands.keys()


# Exit statuses


def run(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "greenoffice", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)


def stated_statuses() -> dict[int, str]:
    """What the documents say of each exit status."""
    rows = re.findall(r"^\| `?(\d+)`? \| (.+) \|$", text(ROOT / "docs/operations.md"), re.MULTILINE)
    return {int(number): meaning for number, meaning in rows if int(number) < 128}


def test_statuses_are_those_that_are_documented() -> None:
    from greenoffice.cli import exit_code
    from metering import errors

    kinds = [k for k in vars(errors).values() if isinstance(k, type) and issubclass(k, Exception)]
    codes = {exit_code(kind([]) if kind is errors.InvalidFiles else kind("x")) for kind in kinds}
    assert {0, 1, *codes} == stated_statuses().keys()


def test_a_command_that_did_its_work_ends_with_0(tmp_path: Path) -> None:
    made = run("init", str(tmp_path / "data"))
    assert made.returncode == 0, made.stderr


def test_what_cannot_be_accepted_ends_with_2(tmp_path: Path) -> None:
    folder = init(tmp_path / "data", 18080, 11883, 19464, "en")
    for words in (
        ["registry", "import", str(tmp_path / "absent"), "--data", str(folder.root)],
        ["init", str(folder.root)],
        ["up"],
    ):
        refused = run(*words)
        assert refused.returncode == 2, (words, refused.stderr)


def test_an_unusable_folder_or_setting_ends_with_78(tmp_path: Path) -> None:
    assert run("up", str(tmp_path / "none")).returncode == 78
    folder = init(tmp_path / "data", 18080, 11883, 19464, "en")
    with folder.settings_file.open("a") as settings:
        settings.write("loud = true\n")
    refused = run("up", str(folder.root))
    assert refused.returncode == 78
    assert "loud" in refused.stderr


def test_up_on_a_taken_port_ends_with_78_and_names_it(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = int(other.getsockname()[1])
        http, metrics = usable_port(0, {0, taken}), usable_port(0, {0, taken})
        folder = init(tmp_path / "data", http, taken, metrics, "en")
        refused = run("up", str(folder.root))
    assert refused.returncode == 78, refused.stderr
    assert "mqtt.port" in refused.stderr
    assert str(taken) in refused.stderr


def test_health_of_what_does_not_run_ends_with_1(tmp_path: Path) -> None:
    folder = init(tmp_path / "data", 18080, 11883, 19464, "en")
    assert run("health", str(folder.root), "collector").returncode == 1


# Lines of JSON


def fields(heading: str, document: str = "docs/operations.md") -> set[str]:
    """Names in the first column of the table under a heading, or before the next one."""
    section = text(ROOT / document).split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return {name for row in rows for name in SPAN.findall(row)}


def test_the_line_of_a_rebuild_has_the_fields_of_the_documents(tmp_path: Path) -> None:
    folder = init(tmp_path / "data", 18080, 11883, 19464, "en")
    told = run("rebuild", str(folder.root))
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout.splitlines()[-1]).keys() == fields("Rebuild")


def test_the_line_of_an_upgrade_has_the_fields_of_the_documents(tmp_path: Path) -> None:
    folder = init(tmp_path / "data", 18080, 11883, 19464, "en")
    told = run("upgrade", str(folder.root))
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout.splitlines()[-1]).keys() == {"upgraded", "schema"}
    made = ast.parse(text(ROOT / "greenoffice/upgrading.py"))
    lines = [node.value for node in ast.walk(made) if isinstance(node, ast.Return)]
    keys = [
        {key.value for key in line.keys if isinstance(key, ast.Constant)}
        for line in lines
        if isinstance(line, ast.Dict)
    ]
    assert fields("Upgrade") in keys


@pytest.mark.parametrize(
    ("document", "heading", "module"),
    [
        ("docs/shared-platform.md", "Proving it", "feed"),
        ("docs/reports.md", "A year of records", "records"),
    ],
)
def test_the_line_of_a_proof_has_the_fields_of_the_documents(
    document: str, heading: str, module: str
) -> None:
    """Every name stands as a text in the proof's own modules."""
    sources = "".join(text(path) for path in (ROOT / "proofs").glob(f"{module}*.py"))
    names = fields(heading, document)
    assert len(names) > 4
    assert {name for name in names if f'"{name}"' not in sources} == set()
