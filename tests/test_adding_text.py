"""What it takes to add a text: done in a copy of the tree, whose own checks must then pass.

The part that speaks asks for the text; beside it the one catalogue is touched, and nothing else.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.texts.collect import PACKAGES

ROOT = Path(__file__).parents[1]
CATALOGUE = "texts/zh_CN.po"
CHECKS = "tests/texts/test_texts.py"

SENTENCE = (
    "collector/intake/resolve.py",
    '"register the point: its readings are then taken in from here"',
    'f"ask the owner of {gateway}"',
    'msgid "register the point: its readings are then taken in from here"\n'
    'msgstr "请登记该测点；登记后，其读数会自动补收"',
    'msgid "ask the owner of {0}"\nmsgstr "请联系 {0} 的负责人"',
)

pytestmark = pytest.mark.timeout(900)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of what the product and the checks of its texts are made of."""
    for name in (*PACKAGES, "texts", "tests/texts"):
        shutil.copytree(
            ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "static")
        )
    return tmp_path


def change(tree: Path, name: str, before: str, after: str) -> None:
    path = tree / name
    text = path.read_text(encoding="utf-8")
    assert text.count(before) == 1, f"{before!r} in {name}"
    path.write_text(text.replace(before, after), encoding="utf-8")


def check(tree: Path, chosen: str = "") -> subprocess.CompletedProcess[str]:
    """The checks of the copy, which sees nothing of the original."""
    words = ["-m", "pytest", "--import-mode=importlib", "-q", "-p", "no:cacheprovider"]
    return subprocess.run(
        [sys.executable, *words, "-c", os.devnull, "--rootdir", str(tree), CHECKS, "-k", chosen],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree)},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


def differing(tree: Path) -> list[str]:
    """Files of the copy that are not as in the original."""
    files = (path for path in sorted(tree.rglob("*")) if path.suffix in (".py", ".po", ".html"))
    names = (path.relative_to(tree).as_posix() for path in files)
    return [one for one in names if (tree / one).read_bytes() != (ROOT / one).read_bytes()]


def test_a_sentence_touches_where_it_is_said_and_the_catalogue(tree):
    user, before, after, old, new = SENTENCE
    change(tree, user, before, after)
    lacking = check(tree, "every_sentence")
    assert lacking.returncode == 1
    assert 'msgid "ask the owner of {0}"' in lacking.stdout
    change(tree, CATALOGUE, old, new)
    passed = check(tree, "sentence or text")
    assert passed.returncode == 0, passed.stdout
    assert differing(tree) == [user, CATALOGUE]


def test_a_name_of_an_item_touches_the_catalogue_alone(tree):
    added = 'msgctxt "item.01B30"\nmsgid "Heat pumps"\nmsgstr "热泵"\n'
    with (tree / CATALOGUE).open("a", encoding="utf-8") as file:
        file.write("\n" + added)
    passed = check(tree, "not sentence")
    assert passed.returncode == 0, passed.stdout
    assert differing(tree) == [CATALOGUE]
