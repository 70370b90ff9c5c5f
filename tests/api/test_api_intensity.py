"""Energy per m2 and the index of schedule irregularity, over the API and on the page."""

from __future__ import annotations

from decimal import Decimal
from statistics import median

import pytest

from api.usecases import intensity

SPAN = {"start": "2026-10-26", "end": "2026-11-23"}


def test_a_place_and_those_below_are_told_by_their_size(shared_world):
    told = shared_world.get("/v1/energy/intensity", node="campus", **SPAN).json()
    rows = {one["node"]: one for one in told["data"]}
    assert list(rows) == ["campus", "canteen", "dc", "office-a", "office-b"]
    assert (told["left_out"], told["start"], told["end"]) == (0, *SPAN.values())
    own = rows["office-a"]
    energy = shared_world.get("/v1/energy", node="office-a", step="day", **SPAN).json()["data"]
    assert Decimal(own["energy"]) == sum(Decimal(one["value"]) for one in energy)
    wanted = (Decimal(own["energy"]) / 12500).quantize(Decimal("0.000001"))
    assert Decimal(own["per_m2"]) == wanted
    assert (rows["dc"]["area_m2"], rows["dc"]["per_m2"]) == (None, None)
    assert 0 < Decimal(own["irregularity"]) < 1
    assert own["irregularity_days"] == 28
    assert rows["office-b"]["irregularity_days"] == 27
    assert len(own["base_load"]) == 7
    hours = shared_world.get("/v1/energy", node="office-a", step="hour", **SPAN).json()["data"]
    mondays = [[Decimal(one["value"]) for one in hours[n : n + 24]] for n in range(0, 672, 168)]
    wanted = median(sum(sorted(day)[:3]) / 3 for day in mondays)
    assert Decimal(own["base_load"][0]) == pytest.approx(wanted, abs=Decimal("0.000001"))


def test_a_key_of_a_building_is_told_of_that_alone(shared_world):
    told = shared_world.get("/v1/energy/intensity", "building", node="office-a", **SPAN).json()
    assert [one["node"] for one in told["data"]] == ["office-a"]
    refused = shared_world.get("/v1/energy/intensity", "building", node="campus", **SPAN)
    assert refused.status_code == 404


def test_places_and_days_are_bounded(shared_world, monkeypatch):
    monkeypatch.setattr(intensity, "MOST_PLACES", 2)
    told = shared_world.get("/v1/energy/intensity", node="campus", **SPAN).json()
    assert (len(told["data"]), told["left_out"]) == (3, 2)
    refused = shared_world.get(
        "/v1/energy/intensity", node="campus", start="2026-01-01", end="2026-06-01"
    )
    assert (refused.status_code, refused.json()["field"]) == (422, "end")


def test_the_page_tells_them_of_the_last_four_weeks(world, signed_in):
    html = world.client.get("/overview?node=campus").text
    assert "kWh/m²" in html
    told = world.get(
        "/v1/energy/intensity", node="campus", start="2026-10-27", end="2026-11-24"
    ).json()["data"]
    for one in told:
        if one["per_m2"]:
            assert f"{Decimal(one['per_m2']):.2f}" in html
        assert f"{float(one['irregularity']) * 100:.1f} %" in html
