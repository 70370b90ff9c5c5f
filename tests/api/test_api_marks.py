"""Marks of the day over the API and on the page: by scope, in pages, in both languages."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.api.conftest import World, day_marks


def test_marks_are_told_with_hours_and_energy(world: World) -> None:
    night, noon = world.get("/v1/marks", key="bureau").json()["data"]
    assert (night["meter"], night["start"], night["end"]) == (
        "office-a-01b00",
        "2026-11-23T17:00:00Z",
        "2026-11-23T20:00:00Z",
    )
    energy = ("measured", "usual_low", "usual_high", "beyond", "unit", "side")
    assert [night[name] for name in energy] == [69.0, 23.0, 31.0, 38.0, "kWh", "above"]
    assert night["sentence"] == {
        "en": "Tuesday 01:00 to 04:00: 69.0 kWh, "
        "38.0 kWh more than in the last 60 days (23.0 to 31.0)",
        "zh": "星期二 01:00至04:00：69.0 kWh，比近60天同类时段（23.0至31.0）多 38.0 kWh",
    }
    assert [noon[name] for name in energy] == [0.2, 12.0, 15.0, 11.8, "kWh", "below"]
    assert noon["sentence"]["en"] == (
        "Monday 12:00 to 14:00: 0.2 kWh, next to nothing; in the last 60 days 12.0 to 15.0"
    )
    assert (night["vanishes_at"], noon["vanishes_at"]) == (
        "2026-11-25T16:00:00Z",
        "2026-11-24T16:00:00Z",
    )


@pytest.mark.parametrize(
    ("key", "node", "meters"),
    [
        ("bureau", "", ["office-a-01b00", "canteen-01a00"]),
        ("bureau", "?node=canteen", ["canteen-01a00"]),
        ("building", "", ["office-a-01b00"]),
        ("school", "", ["hall-total"]),
        ("whole", "", ["hall-total", "office-a-01b00", "canteen-01a00"]),
    ],
)
def test_a_key_sees_the_marks_of_its_scope(
    world: World, key: str, node: str, meters: list[str]
) -> None:
    found = world.get(f"/v1/marks{node}", key=key).json()["data"]
    assert [one["meter"] for one in found] == meters


def test_pages_follow_each_other(world: World) -> None:
    told, way = [], "/v1/marks?limit=1"
    while way:
        page = world.get(way, key="whole").json()
        told += [one["meter"] for one in page["data"]]
        way = page["next"] and f"/v1/marks?limit=1&cursor={page['next']}"
    assert told == ["hall-total", "office-a-01b00", "canteen-01a00"]


@pytest.mark.usefixtures("signed_in")
def test_the_overview_shows_the_marks_of_its_place(world: World) -> None:
    shown = world.client.get("/overview?node=office-a").text
    assert "Unusual today and yesterday" in shown
    assert "38.0 kWh more than in the last 60 days" in shown
    assert "next to nothing" not in shown
    world.platform.findings.mark("campus", [])
    assert "Unusual today" not in world.client.get("/overview?node=office-a").text


@pytest.mark.usefixtures("signed_in")
def test_the_page_counts_what_it_does_not_show(world: World) -> None:
    night = day_marks()[0]
    many = [replace(night, meter=f"m{n}", measured=night.measured - n) for n in range(8)]
    world.platform.findings.mark("campus", many)
    assert "and 3 more" in world.client.get("/overview").text
    world.client.get("/language/zh?next=/")
    assert "今天与昨天的异常时段" in world.client.get("/overview").text
