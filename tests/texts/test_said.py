"""Sentences made in English are told in the reader's language, with their own numbers."""

from __future__ import annotations

import errno
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metering.errors import InvalidInput
from texts import catalogue, said, said_error, word
from texts.said import ERRNO_NAMES, PLACE, Sentences

SHAPED = sorted(one for one in catalogue().sentences if PLACE.search(one))
VALUE = st.from_regex(r"[0-9][0-9a-f/:]{0,12}", fullmatch=True)


@given(st.sampled_from(SHAPED), st.data())
def test_a_sentence_is_found_again_whatever_its_numbers(english, data):
    values = {n: data.draw(VALUE) for n in PLACE.findall(english)}

    def filled(sentence):
        return PLACE.sub(lambda place: values[place[1]], sentence)

    assert said(filled(english), "zh") == filled(catalogue().sentences[english])


@given(st.text())
def test_other_words_stay_as_they_are_in_english(line):
    assert said(line, "en") == line
    assert said_error(line, "en") == line


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        (
            "more than 10 minutes after its arrival at 2026-11-24T08:15:00Z",
            "比到达时间 2026-11-24T08:15:00Z 晚 10 分钟以上",
        ),
        ("gateway campus/gw-1 has no point of that name", "网关 campus/gw-1 没有该名称的测点"),
        ("15 to 60", "15 至 60"),
        ("not JSON: nested too deep", "不是 JSON：嵌套过深"),
        (
            "not JSON: it ends or is wrong at line 1, column 9",
            "不是 JSON：在第 1 行第 9 列中断或有误",
        ),
        ("one of: zh-CN, en", "可选：zh-CN, en"),
        ("[Errno 2] No such file or directory: '/a: b'", "没有该文件或目录: '/a: b'"),
        ("a secret cannot be read: Permission denied", "无法读取密钥文件：没有权限"),
        ("could not connect to server", "could not connect to server"),
        ("", ""),
    ],
)
def test_examples(english, chinese):
    assert said(english, "zh-CN") == chinese


def test_of_several_sentences_that_fit_the_one_with_more_words_counts():
    told = Sentences({"registered as {0}": "A{0}", "registered as {0}, twice": "B{0}"})
    assert told.of("registered as x, twice") == "Bx"
    assert told.of("registered as x") == "Ax"
    assert told.of("nothing of that") is None


def test_an_error_on_one_line_is_told_part_by_part():
    error = InvalidInput("not a date", field="end_missing", value="x - y", fix="YYYY-MM-DD")
    assert said_error(str(error), "zh") == "不是日期 (end_missing = 'x - y') - YYYY-MM-DD"
    assert said_error("not a date", "zh") == "不是日期"
    zone = "an IANA name such as Asia/Shanghai, or an offset such as +08:00"
    unknown = InvalidInput("unknown time zone", field="zone", value="Mars/X", fix=zone)
    assert said_error(str(unknown), "zh") == f"未知的时区 (zone = 'Mars/X') - {said(zone, 'zh')}"
    assert said(zone, "zh") != zone
    assert said_error("the database is away (host = 'a') - wait", "zh") == (
        "the database is away (host = 'a') - wait"
    )


@pytest.mark.parametrize("name", ERRNO_NAMES)
def test_what_the_operating_system_says_is_known_by_its_words(name):
    english = os.strerror(getattr(errno, name))
    assert word("errno", name.lower(), "en") == english
    assert said(f"[Errno 2] {english}", "zh") == word("errno", name.lower(), "zh")
