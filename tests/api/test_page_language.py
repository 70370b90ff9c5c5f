"""Both languages are whole: no text without a translation, no translation without a text."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import analytics
import api.page.language as page_language
from api import sentences
from api.page.language import HERE, language_of, translations

METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "text": None, "N_": None}
PO = HERE / "locale/zh_CN/LC_MESSAGES/messages.po"


def used() -> set[str]:
    """First message id of every text in code and templates."""
    options = {"**/templates/**.html": {"newstyle_gettext": "true"}}
    found = extract_from_dir(str(HERE), METHODS, options, keywords=KEYWORDS)
    ids = (message for _, _, message, _, _ in found)
    return {one if isinstance(one, str) else one[0] for one in ids}


def catalog():
    with PO.open("rb") as file:
        return {
            one.id if isinstance(one.id, str) else one.id[0]: one for one in read_po(file) if one.id
        }


def test_every_text_has_a_translation_and_none_is_left_over():
    known = catalog()
    assert used() - known.keys() == set()
    assert known.keys() - used() == set()


def test_every_translation_is_chinese_and_keeps_the_placeholders():
    for text, message in catalog().items():
        chinese = message.string if isinstance(message.string, str) else message.string[0]
        assert chinese.strip(), text
        assert not message.fuzzy, text
        if re.search(r"[a-z]{3}", re.sub(r"%\(\w+\)[ds]|UPS|API|PUE|kWh|kW", "", text)):
            assert re.search(r"[一-鿿]", chinese), text
        holes = re.compile(r"%\(\w+\)[ds]|%%")
        assert sorted(holes.findall(text)) == sorted(holes.findall(chinese)), text


def test_templates_hold_no_words_outside_translations():
    allowed = {"Green Office", "OpenAPI", "CO", "kWh", "English"}
    for template in sorted((HERE / "templates").glob("*.html")):
        text = template.read_text()
        text = re.sub(r"\{%.*?%\}|\{\{.*?\}\}|<script.*?</script>", " ", text, flags=re.S)
        text = re.sub(r"<[^>]+>", " ", text)
        for known in allowed:
            text = text.replace(known, " ")
        assert re.findall(r"[A-Za-z]{3,}", text) == [], template.name


@pytest.mark.parametrize(
    "table", [sentences.PATTERNS, sentences.CAUSES, sentences.ACTIONS, sentences.CLOSED]
)
def test_words_of_findings_stand_in_both_languages(table):
    for key, (english, chinese) in table.items():
        assert english.isascii(), key
        assert re.search(r"[一-鿿]", chinese), key


def test_every_pattern_that_can_be_found_has_its_words():
    assert set(analytics.CAUSES) <= set(sentences.PATTERNS)
    for cause, action in analytics.CAUSES.values():
        assert cause in sentences.CAUSES
        assert action in sentences.ACTIONS


def test_a_findings_sentence_says_expected_and_measured(shared_world):
    finding = shared_world.platform.findings.get("f-after").evidence
    english = sentences.sentence(finding, "Asia/Shanghai", "en")
    assert english == "expected 12.0 kW for Tuesday 02:00 at 24 °C, measured 31.2 kW"
    chinese = sentences.sentence(finding, "Asia/Shanghai", "zh")
    assert chinese == "星期二 02:00、室外 24 °C应为 12.0 kW，实测 31.2 kW"
    stuck = shared_world.platform.findings.get("f-stuck").evidence
    assert "stood still for 5 h" in sentences.sentence(stuck, "UTC", "en")


class Request:
    def __init__(self, cookie: str | None = None, accept: str = "") -> None:
        self.cookies = {} if cookie is None else {page_language.COOKIE: cookie}
        self.headers = {"accept-language": accept}


@pytest.mark.parametrize(
    ("cookie", "accept", "default", "wanted"),
    [
        ("en", "zh-CN", "zh", "en"),
        ("xx", "zh-CN,en;q=0.5", "en", "zh"),
        (None, "fr, en-GB;q=0.8, zh;q=0.7", "zh", "en"),
        (None, "fr", "zh", "zh"),
        (None, "", "xx", "zh"),
    ],
)
def test_a_visitors_language(cookie, accept, default, wanted):
    assert language_of(Request(cookie, accept), default) == wanted


def test_choosing_a_language_is_remembered(world, signed_in):
    world.client.get("/language/zh?next=/gateways")
    assert 'lang="zh-CN"' in world.client.get("/gateways").text
    world.client.get("/language/en?next=/gateways")
    assert 'lang="en"' in world.client.get("/gateways").text
    assert world.client.get("/language/fr").status_code == 404


def test_catalogs_are_compiled_from_the_readable_file():
    assert translations("zh").gettext("Overview") == "总览"
    assert translations("en").gettext("Overview") == "Overview"
    assert list(Path(HERE).rglob("*.mo")) == []
