"""Which language a person wants, however it is spelt."""

from __future__ import annotations

from datetime import date

import pytest

from texts import (
    LANGUAGES,
    TAGS,
    accepted,
    both,
    code_of,
    language_of,
    month_of,
    negotiated,
    of_terminal,
    own,
    tag,
    weekday,
)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("zh", "zh"),
        ("zh-CN", "zh"),
        ("zh_CN.UTF-8", "zh"),
        (" ZH-Hans", "zh"),
        ("en-GB", "en"),
        ("en", "en"),
        ("fr", None),
        ("zhuang", None),
        ("C.UTF-8", None),
        ("", None),
        (None, None),
    ],
)
def test_a_language_by_its_tag(wanted, found):
    assert language_of(wanted) == found
    assert code_of(wanted or "") == (found or "en")


@pytest.mark.parametrize(
    ("wishes", "found"),
    [
        (["fr", " en-GB", "zh"], "en"),
        ([None, "zh-CN"], "zh"),
        (["fr"], "zh"),
        ([], "zh"),
    ],
)
def test_the_first_wish_that_can_be_met(wishes, found):
    assert negotiated(*wishes) == found


def test_what_a_browser_accepts():
    assert negotiated(*accepted("fr, en-GB;q=0.8, zh;q=0.7"), "zh") == "en"
    assert negotiated(*accepted(""), "en") == "en"


@pytest.mark.parametrize(
    ("environment", "found"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "en_GB.UTF-8", "LC_MESSAGES": "zh_TW"}, "zh"),
        ({"LANG": "", "LC_ALL": "de_DE"}, "en"),
    ],
)
def test_the_language_of_a_terminal(environment, found):
    assert of_terminal(environment) == found


def test_values_of_a_language():
    assert own("zh-CN", zh=1, en=2) == 1
    assert own("fr", zh=1, en=2) == 2
    assert both(str.upper) == {"zh": "ZH", "en": "EN"}
    assert (tag("zh"), tag("en-GB"), tag("fr")) == ("zh-CN", "en", "en")
    assert tuple(one.tag for one in LANGUAGES.values()) == TAGS


def test_days_and_months():
    assert (month_of(date(2026, 10, 3), "zh-CN"), month_of(date(2026, 10, 3), "en")) == (
        "2026年10月",
        "October 2026",
    )
    day = date(2026, 11, 24)
    assert (weekday(day, "zh"), weekday(day, "en")) == ("星期二", "Tuesday")
