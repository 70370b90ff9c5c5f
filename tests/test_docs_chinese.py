"""Pages of the Chinese manual show what the English ones of the same name show."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
PAIRS = [(DOCS / path.name, path) for path in sorted((DOCS / "zh").glob("*.md"))]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")


def fences(page: Path) -> list[tuple[str, str]]:
    """Blocks of code with their language; tables of people may have other headings."""
    found = FENCE.findall(page.read_text(encoding="utf-8"))
    headed_alike = page.name != "first-day.md"
    return [block for block in found if headed_alike or block[0] != "csv"]


def spans(page: Path) -> set[str]:
    """What stands as code in the running text."""
    return set(SPAN.findall(FENCE.sub("", page.read_text(encoding="utf-8"))))


@pytest.mark.parametrize(
    ("english", "chinese"),
    [pair for pair in PAIRS if pair[0].exists()],
    ids=lambda page: f"{page.parent.name}/{page.name}",
)
def test_a_chinese_page_shows_what_its_english_page_shows(english: Path, chinese: Path) -> None:
    assert fences(chinese) == fences(english)
    assert spans(chinese) == spans(english)


def test_every_page_has_its_chinese_one() -> None:
    there = {path.name for _, path in PAIRS}
    assert {path.name for path in DOCS.glob("*.md")} - there == set()


def test_the_index_names_every_page() -> None:
    index = (DOCS / "zh/README.md").read_text(encoding="utf-8")
    assert [page.name for _, page in PAIRS if f"({page.name})" not in index] == ["README.md"]


def test_both_glossaries_pair_the_same_words() -> None:
    def rows(page: Path) -> list[tuple[str, str]]:
        return re.findall(r"^\| ([^|]+) \| ([^|]+) \| ", page.read_text(encoding="utf-8"), re.M)

    english = [row for row in rows(DOCS / "glossary.md") if row[0] != "Term"]
    chinese = [(word, term) for term, word in rows(DOCS / "zh/glossary.md") if word != "English"]
    assert len(english) > 150
    assert english == chinese
