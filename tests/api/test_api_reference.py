"""The reference of the API, as document and as page, in the language of its reader."""

from __future__ import annotations

import re

import pytest

from api.app import described_app
from api.openapi import AS_THEY_ARE, first_sentence, operations, retold
from api.problems import STATUS

SPAN = re.compile(r"`[^`]+`")
CHINESE = re.compile(r"[一-鿿]")
CHANGED = ("description", "summary")


def skeleton(part):
    """The document without its words: only of each description the code in it."""
    if isinstance(part, list):
        return [skeleton(one) for one in part]
    if not isinstance(part, dict):
        return part
    return {
        name: sorted(set(SPAN.findall(one)))
        if name == "description" and isinstance(one, str)
        else one
        if name in AS_THEY_ARE
        else skeleton(one)
        for name, one in part.items()
        if name != "summary" or not isinstance(one, str)
    }


def words(part):
    """Every description and summary of the document."""
    if isinstance(part, list):
        part = dict(enumerate(part))
    if isinstance(part, dict):
        for name, one in part.items():
            if name in CHANGED and isinstance(one, str):
                yield one
            elif name not in AS_THEY_ARE:
                yield from words(one)


def asked(world, query="", accepted=None):
    headers = {} if accepted is None else {"Accept-Language": accepted}
    return world.client.get(f"/openapi.json{query}", headers=headers)


@pytest.mark.parametrize(
    ("query", "accepted", "told"),
    [
        ("", None, "en"),
        ("", "fr-FR,fr;q=0.9", "en"),
        ("", "zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"),
        ("", "en-GB,zh", "en"),
        ("?language=zh-CN", None, "zh-CN"),
        ("?language=zh-CN", "en", "zh-CN"),
        ("?language=en", "zh-CN", "en"),
    ],
)
def test_the_document_is_told_in_the_language_that_is_wished(shared_world, query, accepted, told):
    answer = asked(shared_world, query, accepted)
    assert answer.headers["Content-Language"] == told
    assert answer.headers["Vary"] == "Accept-Language"
    about = answer.json()["info"]["description"]
    assert bool(CHINESE.search(about)) == (told == "zh-CN")


def test_a_language_that_there_is_not_is_refused_with_those_that_there_are(shared_world):
    problem = asked(shared_world, "?language=fr").json()
    assert (problem["status"], problem["field"], problem["value"]) == (422, "language", "fr")
    assert problem["fix"] == "one of: zh-CN, en"


def test_both_documents_hold_the_same_names_values_and_codes(shared_world):
    english = asked(shared_world, "?language=en").json()
    chinese = asked(shared_world, "?language=zh-CN").json()
    assert skeleton(english) == skeleton(chinese)
    assert not CHINESE.search("".join(words(english)))
    assert [one for one in words(chinese) if not CHINESE.search(one)] == []


def test_a_document_told_as_it_is_stays_but_for_its_line_breaks():
    document = described_app().openapi()
    told = retold(document, lambda paragraph: paragraph)
    assert told == retold(told, lambda paragraph: paragraph)
    assert told["paths"].keys() == document["paths"].keys()
    nodes = document["paths"]["/v1/nodes"]["get"]["responses"]["200"]["content"]
    assert told["paths"]["/v1/nodes"]["get"]["responses"]["200"]["content"] == nodes


def test_every_route_has_its_first_sentence_as_summary(shared_world):
    for language in ("en", "zh-CN"):
        document = asked(shared_world, f"?language={language}").json()
        for one in operations(document):
            assert one["description"].startswith(one["summary"])
            assert not one["summary"].endswith((".", "。"))


@pytest.mark.parametrize(
    ("description", "sentence"),
    [
        ("The file.", "The file"),
        ("No full stop", "No full stop"),
        ("Below 0.95 it is null. More.", "Below 0.95 it is null"),
        ("一句话。另一句。", "一句话"),
        ("低于 0.95 时为 null", "低于 0.95 时为 null"),
        ("", ""),
    ],
)
def test_a_first_sentence_ends_at_its_full_stop(description, sentence):
    assert first_sentence(description) == sentence


@pytest.mark.parametrize(("language", "word"), [("en", "Dead letters"), ("zh-CN", "拒收记录")])
def test_the_page_tells_routes_and_problems_in_the_language(shared_world, language, word):
    told = shared_world.client.get("/docs", headers={"Accept-Language": language}).text
    document = asked(shared_world, f"?language={language}").json()
    assert word in told
    assert f'href="/openapi.json?language={language}"' in told
    for one in operations(document):
        assert re.split("[`'\"<&]", one["summary"])[0] in told
    assert "`" not in told.partition("<pre>")[0]
    for kind in STATUS:
        assert f"urn:greenoffice:problem:{kind.code}" in told
