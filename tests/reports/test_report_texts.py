"""What a report says in words of its own."""

from __future__ import annotations

import re
from pathlib import Path

import reports
from reports.words import headings, restated

HERE = Path(reports.__file__).parent
TEMPLATE = (HERE / "templates/month.typ").read_text(encoding="utf-8")


def test_a_restatement_names_the_change_of_the_registry_that_caused_it():
    assert restated("registry 12", "en") == "registry changed (version 12)"
    assert restated("registry 12", "zh-CN") == "台账变更（第 12 版）"
    assert restated("reading, registry 12", "en") == "late reading, registry changed (version 12)"
    assert restated("registry", "en") == "registry changed"
    assert restated("rebuild, rules 1 to 2", "en") == (
        "booked again from the journal, other booking rules (version 1, now 2)"
    )
    assert restated("rules 1 to 2", "zh-CN") == "入账规则变更（第 1 版改为第 2 版）"
    assert restated("tide_turned", "en") == "tide turned"


def test_the_template_is_given_every_heading():
    told = headings("zh-CN")
    assert (told["title"], told["page"], told["page_end"]) == ("能源月报", "第", "页")
    assert (headings("en")["page"], headings("en")["page_end"]) == ("page", "")
    assert set(re.findall(r"\bt\.(\w+)", TEMPLATE)) <= told.keys()


def test_the_template_holds_no_words_of_its_own():
    """Beside markup, only units and the page number's words."""
    told = re.findall(r'"([^"]*)"', TEMPLATE)
    allowed = r"#[0-9a-f]{6}|a4|zh|Noto S\w+ SC|regular|[a-zA-Z₂²³]*/?[a-zA-Z²³]*/?|[ \[\]·₂²m/,]*"
    assert [one for one in told if not re.fullmatch(allowed, one)] == []
    assert not re.search(r"[一-鿿]", TEMPLATE)
