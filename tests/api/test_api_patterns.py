"""What is looked for at a place, over the API and on the page."""

from __future__ import annotations

from api.usecases import patterns


def by_name(answer):
    return {one["pattern"]: one for one in answer.json()["data"]}


def test_a_place_is_told_what_it_has_and_what_it_lacks(shared_world):
    canteen = by_name(shared_world.get("/v1/patterns", node="canteen"))
    assert canteen["night_flow"]["checking"] == "checked"
    centre = by_name(shared_world.get("/v1/patterns", node="dc"))
    assert centre["night_flow"]["checking"] == "needs"
    (need,) = centre["night_flow"]["needs"]
    assert need["need"] == "hourly_flow"
    assert "step_min" in need["add"]["en"]
    assert "水" in need["add"]["zh"]
    assert centre["dc_units_too_many"]["checking"] == "not_there"
    assert centre["dc_units_too_many"]["needs"] == []
    assert [one["need"] for one in centre["solar_under_yield"]["needs"]] == ["irradiance"]


def test_where_a_place_is_checked_those_below_that_are_not_are_named(shared_world, monkeypatch):
    campus = by_name(shared_world.get("/v1/patterns", node="campus"))
    assert campus["night_flow"]["checking"] == "checked"
    assert (campus["night_flow"]["lacking"], campus["night_flow"]["lacking_left_out"]) == (
        ["dc"],
        0,
    )
    assert campus["after_hours_plant"]["lacking"] == []
    monkeypatch.setattr(patterns, "MOST_LACKING", 0)
    campus = by_name(shared_world.get("/v1/patterns", node="campus"))
    assert (campus["night_flow"]["lacking"], campus["night_flow"]["lacking_left_out"]) == ([], 1)


def test_without_a_node_it_is_where_the_key_begins(shared_world):
    answer = shared_world.get("/v1/patterns").json()
    assert (answer["node"], answer["day"]) == ("bureau", "2026-11-24")


def test_the_page_says_it_in_both_languages(world, signed_in):
    for language, words in (("en", "not checked, needs more"), ("zh-CN", "未检查，缺少数据")):
        headers = {"Accept-Language": language}
        page = world.client.get("/patterns?node=dc", headers=headers)
        assert page.status_code == 200
        assert words in page.text
    assert "/patterns" in world.client.get("/findings").text
