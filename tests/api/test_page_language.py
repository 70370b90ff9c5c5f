"""Which language a visitor reads, and what a finding says in it."""

from __future__ import annotations

import re

import pytest

import api.page.language as page_language
from api import sentences
from api.page.language import HERE, visitor_language


def test_templates_hold_no_words_outside_translations():
    allowed = {"Green Office", "OpenAPI", "CO", "kWh", "English"}
    for template in sorted((HERE / "templates").glob("*.html")):
        text = template.read_text()
        text = re.sub(r"\{%.*?%\}|\{\{.*?\}\}|<script.*?</script>", " ", text, flags=re.S)
        text = re.sub(r"<[^>]+>", " ", text)
        for known in allowed:
            text = text.replace(known, " ")
        assert re.findall(r"[A-Za-z]{3,}", text) == [], template.name


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
    assert visitor_language(Request(cookie, accept), default) == wanted


def test_choosing_a_language_is_remembered(world, signed_in):
    world.client.get("/language/zh?next=/gateways")
    assert 'lang="zh-CN"' in world.client.get("/gateways").text
    world.client.get("/language/en?next=/gateways")
    assert 'lang="en"' in world.client.get("/gateways").text
    assert world.client.get("/language/fr").status_code == 404
