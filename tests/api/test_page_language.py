"""Which language a visitor reads, and what a finding says in it."""

from __future__ import annotations

import re

import pytest

import api.page.language as page_language
from api import sentences
from api.page.language import HERE, visitor_language
from api.problems import problem_of
from metering.errors import FileProblem, InvalidFiles


def test_templates_hold_no_words_outside_translations():
    allowed = {"Green Office", "OpenAPI", "CO", "kWh", "English"}
    allowed |= {"Brick", "Turtle", "Haystack", "JSON"}  # names of formats
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


def test_a_dead_letter_is_told_in_the_visitors_language(world, signed_in):
    for page in ("/dead-letters", "/dead-letters/1"):
        world.client.get("/language/zh")
        html = world.client.get(page).text
        for chinese in ("测点未登记", "网关 campus/gw-1 没有该名称的测点", "请登记该测点"):
            assert chinese in html
        assert "has no point" not in html
        world.client.get("/language/en")
        html = world.client.get(page).text
        assert "gateway campus/gw-1 has no point of that name" in html
        assert not re.search(r"没有|请", html)


def test_the_api_tells_a_dead_letter_in_both(world):
    letter = world.get("/v1/dead-letters/1").json()
    assert letter["message"] == "gateway campus/gw-1 has no point of that name"
    assert letter["message_zh"] == "网关 campus/gw-1 没有该名称的测点"
    assert letter["fix"] == "register the point: its readings are then taken in from here"
    assert letter["fix_zh"] == "请登记该测点；登记后，其读数会自动补收"


def test_an_error_is_told_in_the_visitors_language(world, signed_in):
    world.client.get("/language/zh")
    html = world.client.get("/dead-letters/999").text
    assert "没有该拒收记录" in html
    assert "请不带编号查看列表" in html


@pytest.mark.parametrize(
    ("accept", "language", "detail"),
    [
        ("", "en", "no such route"),
        ("fr", "en", "no such route"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-CN", "没有该路径"),
        ("en-GB, zh;q=0.5", "en", "no such route"),
    ],
)
def test_a_problem_is_in_the_language_that_the_request_accepts(world, accept, language, detail):
    answer = world.client.get("/v1/nothing", headers={"accept-language": accept})
    assert answer.headers["content-language"] == language
    assert answer.json()["detail"] == detail
    assert (answer.json()["code"], answer.json()["status"]) == ("not_found", 404)


def test_every_problem_of_a_file_is_told():
    problem = FileProblem("tree.csv", 2, "code", "a b", "not a code", "at most 64 characters")
    told = problem_of(InvalidFiles([problem]), "/v1/registry/import", "zh")
    (one,) = told["problems"]
    assert (one["problem"], one["fix"]) == ("不是编码", "最多 64 个字符")
    assert (one["file"], one["line"], one["value"]) == ("tree.csv", 2, "a b")
