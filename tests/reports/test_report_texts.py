"""Both languages are whole."""

from __future__ import annotations

import re
from pathlib import Path

import analytics
import reports
from figures.sizes import TYPES
from metering.finding import CaseState
from reports.texts import TEXTS, restated, table, text, word

HERE = Path(reports.__file__).parent
CODE = "".join(path.read_text(encoding="utf-8") for path in sorted(HERE.glob("*.py")))
TEMPLATE = (HERE / "templates/month.typ").read_text(encoding="utf-8")


def test_every_text_stands_in_both_languages():
    for key, (english, chinese) in TEXTS.items():
        assert not re.search(r"[一-鿿]", english), key
        assert re.search(r"[一-鿿]", chinese), key
        assert ("%d" in english) == ("%d" in chinese), key


def used() -> set[str]:
    called = re.findall(r"""\bt\(["'](\w+)["']\)|\btext\("(\w+)"|\b_sheet\("(\w+)\"""", CODE)
    return {key for keys in called for key in keys if key} | set(
        re.findall(r"\bt\.(\w+)", TEMPLATE)
    )


def test_every_text_asked_for_exists_and_none_is_left_over():
    by_value = {"running", "unsettled", "incomplete", "verified", "secondary", "unverified"}
    by_value |= {"booking", "measured", "apportioned", "estimated", "missing"}
    plain = {key for key in TEXTS if "." not in key}
    assert used() - plain == set()
    assert plain - used() - by_value == set()


def test_every_word_from_outside_has_its_text():
    for pattern, (cause, action) in analytics.CAUSES.items():
        for group, key in (("pattern", pattern), ("cause", cause), ("action", action)):
            assert f"{group}.{key}" in TEXTS
    for state in CaseState:
        assert f"state.{state}" in TEXTS
    for kind in ("gap", "stuck", "reset", "spike", "rollover", "jump"):
        assert f"event.{kind}" in TEXTS
    for cause in ("reading", "correction", "registry", "rollover", "rebuild"):
        assert f"restated.{cause}" in TEXTS
    assert TYPES


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


def test_a_word_without_a_text_reads_as_its_own_words():
    assert word("period", "super_peak", "zh-CN") == "super peak"
    assert word("period", "peak", "zh-CN") == "高峰"
    assert text("total", "en") == "Total"
    assert table("en").keys() == TEXTS.keys()


def test_the_template_holds_no_words_of_its_own():
    """Beside markup, only units and the page number's words."""
    told = re.findall(r'"([^"]*)"', TEMPLATE)
    allowed = r"#[0-9a-f]{6}|a4|zh|Noto S\w+ SC|regular|[a-zA-Z₂²³]*/?[a-zA-Z²³]*/?|[ \[\]·₂²m/,]*"
    assert [one for one in told if not re.fullmatch(allowed, one)] == []
    assert not re.search(r"[一-鿿]", TEMPLATE)
