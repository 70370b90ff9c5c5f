"""One catalogue, whole in every language: no text without its translation, none left over."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from metering.items import check_item
from tests.texts import collect
from texts import LANGUAGES, catalogue, text, translations, word
from texts.catalogue import FILE

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.timeout(600)
CHINESE = re.compile(r"[一-鿿]")
BRANCH = re.compile(
    r"""startswith\(["'](?:zh|en)|[=!]=\s*["'](?:zh|en)(?:[-_]CN)?["']"""
    r"""|["'](?:zh|en)(?:[-_]CN)?["']\s*[=!]=|name_zh if\b"""
)
HOLES = re.compile(r"%\(\w+\)[ds]|%%|%[sd]|\{\w*\}")
SPELT = {
    "api/routes/day_marks.py",
    "api/routes/energy.py",
    "api/routes/findings.py",
    "api/routes/intensity.py",
    "api/routes/lineage.py",
    "api/routes/messages.py",
    "api/routes/patterns.py",
    "api/routes/repairs.py",
    "api/routes/tree.py",
    "greenoffice/demo/registration.py",
    "greenoffice/replay/registration.py",
    "metering/new_meters.py",
    "metering/guessing.py",
    "metering/registry/examples.py",
    "metering/tables/bill_parts.py",
    "metering/tables/bill_words.py",
    "metering/tables/hand_words.py",
    "metering/tables/headings.py",
    "metering/tables/plain.py",
    "metering/tables/stamps.py",
    "metering/tables/unit_words.py",
    "metering/tables/words.py",
}
"""Files with Chinese in the examples of an answer, in the names of what they register, or in those
that gateways give to points."""


def entries():
    with FILE.open("rb") as file:
        return [one for one in read_po(file) if one.id]


def strings(message):
    return message.string if isinstance(message.string, tuple) else (message.string,)


@pytest.fixture(scope="module")
def asked():
    return collect.sentences(ROOT)


def lacking(told):
    """The entries to add, ready for the file."""
    found = sorted(told.items(), key=lambda pair: pair[1])
    return "\n".join(f'#: {place}\nmsgid "{one}"\nmsgstr ""\n' for one, place in found)


def test_every_sentence_has_a_translation(asked):
    known = catalogue().sentences
    told = {one: place for one, place in asked.items() if one not in known}
    plural = {one.id[0] for one in entries() if isinstance(one.id, tuple)}
    told = {one: place for one, place in told.items() if one not in plural}
    assert not told, f"add to {FILE.name} what it says in Chinese:\n\n{lacking(told)}"


def test_no_sentence_is_left_over(asked):
    assert sorted(catalogue().sentences.keys() - asked.keys()) == []


def test_every_key_that_is_asked_for_exists():
    known = catalogue().words["en"]
    assert {key: file for key, file in collect.keys(ROOT).items() if key not in known} == {}


def test_every_value_that_people_read_has_its_text():
    known = catalogue().words["en"]
    wanted = {"item": collect.NAMED_ITEMS, **collect.groups(ROOT)}
    said = {f"{group}.{value}" for group, values in wanted.items() for value in values}
    lacking = sorted(said - known.keys())
    assert not lacking, f"add to {FILE.name} the keys {', '.join(lacking)}"


def test_no_key_is_left_over():
    used = set(collect.keys(ROOT)) | {f"report.{one}" for one in collect.REPORT_VALUES}
    closed = collect.groups(ROOT)
    used |= {f"{group}.{value}" for group, values in closed.items() for value in values}
    left = catalogue().words["en"].keys() - used
    assert {key for key in left if not key.startswith(("item.", "field."))} == set()
    for key in left:
        if key.startswith("item."):
            check_item(key.removeprefix("item."))


def test_refusals_of_every_reason_are_told():
    assert {"decoder_failed", "refused", "unknown_point"} <= collect.reasons(ROOT)
    for reason in collect.reasons(ROOT):
        assert CHINESE.search(word("reason", reason, "zh"))


def faults(messages):
    """What an entry lacks, by its English."""
    for message in messages:
        english = message.id[0] if isinstance(message.id, tuple) else message.id
        for told in strings(message):
            same = "the same" in message.auto_comments
            chinese = CHINESE.search(told or "") or not re.search(r"[a-z]{3}", english)
            if not (told or "").strip() or message.fuzzy:
                yield english, "no Chinese"
            elif CHINESE.search(english) or not (same or chinese) or same != (told == english):
                yield english, "the other language"
            elif sorted(HOLES.findall(told)) != sorted(HOLES.findall(english)):
                yield english, "other places"


def test_every_text_stands_in_both_languages_with_the_same_places():
    assert list(faults(entries())) == []


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ('msgstr "能源月报"', 'msgstr ""', "no Chinese"),
        ('msgstr "能源月报"', 'msgstr "Energieberich"', "the other language"),
        ('msgstr "能源月报"', 'msgstr "Monthly energy report"', "the other language"),
        ('msgid "Monthly energy report"', 'msgid "能源月报"', "the other language"),
        ("比到达时间 {1} 晚 {0} 分钟以上", "比到达时间 {1} 晚", "other places"),
    ],
)
def test_a_text_without_both_languages_is_found(before, after, fault):
    plain = FILE.read_text("utf-8")
    assert plain.count(before) == 1
    changed = read_po(BytesIO(plain.replace(before, after).encode()))
    assert [one for _, one in faults(one for one in changed if one.id)] == [fault]


def test_no_text_stands_twice():
    plain = FILE.read_text("utf-8")
    said = re.findall(r'^((?:msgctxt ".*"\n)?msgid ".*"(?:\n".*")*)$', plain, re.MULTILINE)
    assert len(said) == len(set(said))


def product_files():
    for name in collect.PACKAGES:
        for path in sorted((ROOT / name).rglob("*")):
            if path.suffix in (".py", ".html", ".typ", ".js"):
                yield path.relative_to(ROOT).as_posix(), path.read_text("utf-8")


def test_only_the_texts_know_which_languages_there_are():
    found = [(name, one[0]) for name, code in product_files() for one in BRANCH.finditer(code)]
    assert found == []


def test_no_text_stands_beside_the_catalogue():
    chinese = {name for name, code in product_files() if CHINESE.search(code)}
    assert chinese - SPELT == set()


def test_keys_values_and_sentences_are_found():
    assert text("report.title", "zh-CN") == "能源月报"
    assert text("restated.registry_version", "en", version=12) == "registry changed (version 12)"
    assert word("period", "super_peak", "zh") == "super peak"
    assert translations("zh").gettext("Overview") == "总览"
    assert translations("en").gettext("Overview") == "Overview"
    assert set(catalogue().words) == set(LANGUAGES)
    with pytest.raises(KeyError):
        text("report.nothing", "en")


def test_the_catalogue_is_compiled_from_the_readable_file():
    assert list(ROOT.glob("texts/**/*.mo")) == []
