"""What a form may not say is told in the reader's language, in words of ours."""

from __future__ import annotations

import re

import pytest

PAGES = {
    "missing": ("/digest/budget", {}, "未填写"),
    "longer": ("/keys/new", {"name": "x" * 129}, "超过 128 个字符"),
    "no whole number": ("/gateways/campus/gw-1/password", {"keep_old_h": "x"}, "不是整数"),
    "above": ("/gateways/campus/gw-1/password", {"keep_old_h": "9999"}, "大于 168"),
    "below": ("/gateways/campus/gw-1/password", {"keep_old_h": "-1"}, "小于 0"),
    "no such value": ("/keys/new", {"name": "x", "role": "god"}, "不在可选值之列"),
    "otherwise": ("/entries/meter", {"reason": "x"}, "格式不符"),
}


@pytest.mark.parametrize("name", PAGES)
def test_a_value_that_a_form_does_not_take_is_told_in_chinese(world, signed_in, name):
    path, form, told = PAGES[name]
    world.client.cookies.set("greenoffice_language", "zh")
    answer = world.client.post(path, data={"csrf": signed_in.csrf, **form})
    assert answer.status_code == 422
    assert told in answer.text
    text = re.sub(r"<[^>]*>", " ", answer.text)
    assert not re.search(r"\b(should|required|Field|Input|String|body)\b", text)


def test_the_api_tells_the_same_in_english_and_chinese(world):
    for language, told in (("en", "it is missing"), ("zh-CN", "未填写")):
        headers = {"X-API-Key": world.keys["bureau"], "Accept-Language": language}
        answer = world.client.post("/v1/keys", json={}, headers=headers)
        assert (answer.status_code, answer.json()["detail"]) == (422, told)
