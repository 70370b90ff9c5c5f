"""What a month will come to, over the API: the books' own days, bounds, gaps, money and budgets."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from metering.registry import Registry
from metering.registry.facts.budgets import EnergyBudget
from metering.validity import Validity
from tests.api.conftest import TODAY

YEAR = Validity(date(2026, 1, 1), date(2027, 1, 1))


def days_of(world, node, start, end):
    asked = {"node": node, "step": "day", "start": str(start), "end": str(end)}
    return world.get("/v1/energy", **asked).json()["data"]


def test_a_month_is_what_is_booked_and_what_is_usual(shared_world):
    told = shared_world.get("/v1/forecast", node="office-a").json()
    assert (told["until"], told["start"], told["end"]) == ("month", "2026-11-01", "2026-12-01")
    assert told["known_days"] == 60
    before = days_of(shared_world, "office-a", TODAY - timedelta(days=28), TODAY)
    ahead = [date.fromisoformat(one["day"]) for one in told["days"]]
    assert ahead == [TODAY + timedelta(days=n) for n in range(7)]
    for one in told["days"]:
        works = date.fromisoformat(one["day"]).weekday() < 5
        alike = [
            Decimal(row["value"])
            for row in before
            if (date.fromisoformat(row["start"][:10]).weekday() < 5) == works
        ]
        wanted = sum(alike) / len(alike)
        assert Decimal(one["expected"]) == pytest.approx(wanted, abs=Decimal("0.002"))
    booked = days_of(shared_world, "office-a", "2026-11-01", TODAY)
    wanted = sum(Decimal(one["value"]) for one in booked)
    wanted += sum(Decimal(one["expected"]) for one in told["days"])
    total = Decimal(told["forecast"]["total"])
    assert total == pytest.approx(wanted, abs=Decimal("0.01"))
    today = days_of(shared_world, "office-a", "2026-11-01", TODAY + timedelta(days=1))
    assert Decimal(told["so_far"]) == sum(Decimal(one["value"]) for one in today)


def test_a_gap_is_filled_and_named(shared_world):
    told = shared_world.get("/v1/forecast", node="office-b").json()
    lacking = [
        row["start"][:10]
        for row in days_of(shared_world, "office-b", "2026-11-01", TODAY)
        if row["shares"]["missing"] > 0.01
    ]
    assert lacking
    assert told["filled"] == lacking


def test_money_goes_by_the_prices_of_late(shared_world):
    told = shared_world.get("/v1/forecast", node="office-a").json()
    energy, money = told["forecast"], told["cost"]
    assert money["currency"] == "CNY"
    span = {"node": "office-a", "step": "month", "start": "2026-10-27", "end": "2026-11-24"}
    (month, *_) = shared_world.get("/v1/energy", **span).json()["data"]
    price = Decimal(money["total"]) / Decimal(energy["total"])
    mean = Decimal(month["cost"]["by_currency"][0]["value"]) / Decimal(month["value"])
    assert price == pytest.approx(mean, rel=Decimal("0.2"))
    if energy["low"] is not None:
        assert Decimal(money["low"]) < Decimal(money["total"]) < Decimal(money["high"])


def test_the_day_and_the_year_have_their_ends(shared_world):
    day = shared_world.get("/v1/forecast", node="office-a", until="day").json()
    assert (day["start"], day["end"], day["days"]) == ("2026-11-24", "2026-11-25", [])
    assert Decimal(day["forecast"]["total"]) > Decimal(day["so_far"])
    assert day["up_to"].startswith("2026-11-24T10:")
    year = shared_world.get("/v1/forecast", node="office-a", until="year").json()
    assert (year["start"], year["end"]) == ("2026-01-01", "2027-01-01")
    assert len(year["days"]) == 38
    assert len(year["filled"]) > 200
    assert year["forecast"]["low"] is None


def test_a_place_that_measures_nothing_is_told_nothing(shared_world):
    told = shared_world.get("/v1/forecast", node="dc", item="02000").json()
    assert (told["forecast"], told["cost"], told["so_far"], told["days"]) == (None, None, None, [])
    refused = shared_world.get("/v1/forecast", node="office-a", until="week")
    assert (refused.status_code, refused.json()["field"]) == (422, "until")


def test_budgets_say_the_day_on_which_they_are_passed(world):
    before = world.get("/v1/forecast", node="office-a").json()
    half = (Decimal(before["so_far"]) / 2).quantize(Decimal(1))
    rows = (
        EnergyBudget("office-a", "01000", half, "", "monthly", YEAR),
        EnergyBudget("office-a", "01000", half * 100, "CNY", "monthly", YEAR),
        EnergyBudget("office-a", "01000", half, "USD", "monthly", YEAR),
        EnergyBudget("office-a", "01000", half, "", "yearly", YEAR),
        EnergyBudget("office-b", "01000", half, "", "monthly", YEAR),
    )
    world.platform.registry_store.apply(
        Registry(more={"energy_budget": rows}), actor="test", now_us=1
    )
    told = world.get("/v1/forecast", node="office-a").json()["budgets"]
    by_unit = {one["unit"]: one for one in told}
    assert sorted(one["unit"] for one in told) == ["CNY", "USD", "kWh"]
    passed = date.fromisoformat(by_unit["kWh"]["passed_on"])
    used = Decimal(0)
    for row in days_of(world, "office-a", "2026-11-01", TODAY):
        used += Decimal(row["value"])
        if used > half:
            assert row["start"][:10] == passed.isoformat()
            break
    assert by_unit["CNY"]["passed_on"] is None
    assert by_unit["USD"]["expected"] is None
    year = world.get("/v1/forecast", node="office-a", until="year").json()["budgets"]
    assert [one["unit"] for one in year] == ["kWh"]
    assert world.get("/v1/forecast", node="office-a", until="day").json()["budgets"] == []
