"""The first day as the tutorial tells it: its files are imported, its commands run as printed."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from greenoffice.cli import app
from greenoffice.folder import DataFolder
from greenoffice.stores import open_stores
from metering.registry import Registry

DOCS = Path(__file__).parents[1] / "docs"
TUTORIALS = (DOCS / "first-day.md", DOCS / "zh/first-day.md")
FILE = re.compile(r"^`(my-office/[^`]+)`.*?\n```csv\n(.*?)^```", re.MULTILINE | re.DOTALL)
SHELL = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
STATUS = {"check": 1}
"""How commands end that do not end with 0: numbers may be wrong while the platform is stopped."""


def said(tutorial: Path) -> list[str]:
    """Its shell blocks."""
    return SHELL.findall(tutorial.read_text(encoding="utf-8"))


def commands(tutorial: Path) -> list[list[str]]:
    """What is said to `greenoffice`, but for `up`, which ends by Ctrl-C alone."""
    lines = [line for block in said(tutorial) for line in block.splitlines()]
    told = [shlex.split(line)[1:] for line in lines if line.startswith(".venv/bin/greenoffice ")]
    return [words for words in told if words[0] != "up"]


def lived(tutorial: Path, folder: Path) -> Registry:
    """The registry once all of it was done in a folder."""
    for name, content in FILE.findall(tutorial.read_text(encoding="utf-8")):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")
    for words in commands(tutorial):
        done = CliRunner().invoke(app, words)
        assert done.exit_code == STATUS.get(words[0], 0), (words, done.output)
    return open_stores(DataFolder(folder / "data")).registry.load()


def test_both_languages_lead_to_the_same_office(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registries = []
    for tutorial in TUTORIALS:
        folder = tmp_path / tutorial.parent.name
        folder.mkdir()
        monkeypatch.chdir(folder)
        registries.append(lived(tutorial, folder))
    english, chinese = registries
    assert set(english.meters) == {"a-total", "a-ac"}
    assert english == chinese


def test_both_languages_say_the_same_commands() -> None:
    english, chinese = map(said, TUTORIALS)
    assert len(commands(TUTORIALS[0])) > 8
    assert english == chinese
