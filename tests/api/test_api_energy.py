"""Energy over HTTP: exact, priced by its slots, honest about gaps, traceable to messages."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from metering.factor import Factor
from metering.registry import Registry
from metering.validity import Validity

YESTERDAY = "start=2026-11-23&end=2026-11-24"


def energy(world, query: str) -> dict:
    response = world.get(f"/v1/energy?{query}")
    assert response.status_code == 200, response.text
    return response.json()


@pytest.mark.parametrize("step", ["native", "15min", "hour", "day", "month"])
def test_every_step_adds_up_to_the_same_energy_and_money(shared_world, step):
    whole = energy(shared_world, f"node=office-a&step=day&{YESTERDAY}")["data"][0]
    parts = energy(shared_world, f"node=office-a&step={step}&{YESTERDAY}")["data"]
    assert len(parts) == {"native": 96, "15min": 96, "hour": 24, "day": 1, "month": 1}[step]
    assert sum(part["amount"] for part in parts) == whole["amount"]
    for quantity in ("cost", "kgco2", "kgce"):
        total = sum(Decimal(part[quantity]["value"]) for part in parts)
        assert total == Decimal(whole[quantity]["value"]), quantity


def test_money_is_each_slot_at_its_own_price(shared_world):
    day = energy(shared_world, f"node=office-a&step=day&{YESTERDAY}")["data"][0]
    slots = energy(shared_world, f"node=office-a&step=native&{YESTERDAY}")["data"]
    prices = {"valley": Decimal("0.31"), "peak": Decimal("0.98"), "flat": Decimal("0.62")}

    def period(start: str) -> str:
        hour = int(start[11:13])
        return "valley" if hour < 8 else "peak" if hour < 22 else "flat"

    owed = sum(Decimal(slot["value"]) * prices[period(slot["start"])] for slot in slots)
    assert Decimal(day["cost"]["value"]) == owed
    assert day["cost"]["currency"] == "CNY"
    assert {row["period"] for row in day["cost"]["rows"]} == set(prices)


def test_carbon_and_coal_name_their_factor(shared_world):
    day = energy(shared_world, f"node=office-a&step=day&{YESTERDAY}")["data"][0]
    assert Decimal(day["kgco2"]["value"]) == Decimal(day["value"]) * Decimal("0.5366")
    assert Decimal(day["kgce"]["value"]) == Decimal(day["value"]) * Decimal("0.1229")
    assert day["kgco2"]["rows"][0]["source"] == "MEE notice 2024"
    assert day["kgco2"]["rows"][0]["verified"] is True


def test_a_value_is_the_exact_decimal_of_its_amount(shared_world):
    for item, unit in (("01000", "kWh"), ("02000", "m3")):
        found = energy(shared_world, f"node=office-a&item={item}&step=day&{YESTERDAY}")
        assert found["unit"] == unit
        value = found["data"][0]
        assert Decimal(value["value"]) * 1_000_000 == value["amount"]


def test_missing_is_null_and_not_zero(shared_world):
    slots = energy(shared_world, "meter=office-b-total&step=native&start=2026-11-15&end=2026-11-16")
    gap = slots["data"][40:52]
    assert all(slot["value"] is None and slot["amount"] is None for slot in gap)
    assert all(slot["shares"]["missing"] == 1 for slot in gap)
    assert all(slot["cost"]["value"] is None for slot in gap)
    day = energy(shared_world, "meter=office-b-total&step=day&start=2026-11-15&end=2026-11-16")
    assert day["data"][0]["shares"]["missing"] == pytest.approx(12 / 96)


def test_an_item_without_a_tariff_has_no_price_rather_than_none_to_pay(shared_world):
    found = energy(shared_world, f"node=office-a&item=02000&step=day&{YESTERDAY}")
    assert found["data"][0]["amount"] > 0
    assert found["data"][0]["cost"]["value"] is None
    assert found["data"][0]["kgco2"]["value"] is None


def test_a_price_tells_what_it_is_for(shared_world):
    found = energy(shared_world, f"node=office-a&step=day&{YESTERDAY}")
    rows = found["data"][0]["cost"]["rows"]
    assert {(row["tariff"], row["node"], row["meter"]) for row in rows} == {("tou", None, None)}


def test_the_running_day_is_provisional_and_the_rest_is_not(shared_world):
    days = energy(shared_world, "node=office-a&step=day&start=2026-11-20&end=2026-11-25")["data"]
    assert [day["provisional"] for day in days] == [False] * 4 + [True]


def test_days_are_local_and_start_with_their_offset(shared_world):
    found = energy(shared_world, f"node=office-a&step=day&{YESTERDAY}")
    assert found["zone"] == "Asia/Shanghai"
    assert found["data"][0]["start"] == "2026-11-23T00:00:00+08:00"
    assert found["data"][0]["end"] == "2026-11-24T00:00:00+08:00"


def test_silent_meters_are_named(shared_world):
    assert energy(shared_world, f"node=office-a&step=day&{YESTERDAY}")["silent_meters"] == []
    nothing = energy(shared_world, "node=office-a&step=day&start=2026-01-01&end=2026-01-02")
    assert nothing["silent_meters"] == ["office-a-total"]
    assert nothing["data"][0]["value"] is None


def test_a_figure_leads_down_to_its_raw_message(shared_world):
    path = "/v1/energy/lineage?node=bureau&item=01000&time=2026-11-24T01:00:00Z"
    found = shared_world.get(path).json()
    meters = {one["meter"] for one in found["meters"]}
    assert {"office-a-total", "office-b-total", "canteen-total", "dc-utility"} == meters
    for row in (*found["rows"], *(row for meter in found["meters"] for row in meter["rows"])):
        assert (row["day"], row["registry_version"], row["rules_version"]) == ("2026-11-24", 4, 1)
        assert row["revision"] >= 1
    assert len(found["rows"]) == 1
    one = next(m for m in found["meters"] if m["meter"] == "office-a-total")
    readings = one["sources"][0]["readings"]
    times = [reading["time"] for reading in readings]
    assert times[0] <= "2026-11-24T01:00:00Z"
    assert times[-1] >= "2026-11-24T02:00:00Z"
    raw = shared_world.get(readings[0]["message"])
    assert raw.status_code == 200
    assert raw.json()["topic"] == "greenoffice/v1/campus/gw-1/readings"


def test_nothing_booked_has_no_lineage(shared_world):
    path = "/v1/energy/lineage?node=office-a&time=2020-01-01T00:00:00Z"
    assert shared_world.get(path).status_code == 404


def test_readings_in_a_range_are_half_open(shared_world):
    rows = shared_world.get(
        "/v1/points/1/readings?start=2026-11-24T01:00:00Z&end=2026-11-24T02:00:00Z"
    ).json()["data"]
    minutes = [row["time"][11:16] for row in rows]
    assert minutes == ["01:00", "01:15", "01:30", "01:45"]


def test_counts_are_of_unique_readings(shared_world):
    found = shared_world.get("/v1/readings/count", key="whole").json()
    assert found["stored"] == sum(found["gateways"].values())
    assert found["stored"] == shared_world.platform.readings.count()


def test_what_is_pushed_is_journalled_before_it_is_acknowledged(world):
    payload = b'{"readings": [{"point": "weather", "value": 21.5}]}'
    response = world.post("/v1/ingest?gateway=campus/gw-1", content=payload)
    assert response.status_code == 202
    body = response.json()
    kept = world.journal.record(body["segment"], body["offset"])
    assert kept.payload == payload
    assert kept.route == "greenoffice/v1/campus/gw-1/readings"
    assert world.get(body["message"]).json()["text"] == payload.decode()


def test_the_document_describes_every_route_with_an_example(shared_world):
    document = shared_world.get("/openapi.json").json()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert operation.get("description"), (method, path)
            if path.startswith("/v1"):
                assert '"example"' in __import__("json").dumps(operation), (method, path)


def test_the_reference_shows_every_route_without_foreign_sources(shared_world):
    html = shared_world.client.get("/docs").text
    for path in shared_world.client.get("/openapi.json").json()["paths"]:
        assert path in html, path
    assert "cdn" not in html
    assert "<script>" not in html


def test_health_is_open_and_tells_when_a_part_is_not_ready(world):
    from dataclasses import replace

    from api import PartHealth

    assert world.client.get("/health").json()["status"] == "ready"
    broken = replace(world.platform, health=lambda: {"ledger": PartHealth(False, {"error": "x"})})
    world.client.app.state.platform = broken
    response = world.client.get("/health")
    assert response.status_code == 503
    assert response.json()["parts"]["ledger"]["ready"] is False


def test_metrics_count_by_route_and_not_by_name(world):
    world.get("/v1/nodes/office-a")
    text = world.client.get("/metrics").text
    assert 'route="/v1/nodes/{code}",status="200"' in text
    assert "office-a" not in text
    assert "greenoffice_readings_stored" in text


@pytest.mark.parametrize("path", ["/v1/energy", "/v1/energy/parts"])
def test_an_answer_of_the_present_revision_is_that_of_now(shared_world, path):
    now = shared_world.get(f"{path}?node=office-a&{YESTERDAY}")
    revision = now.json()["revision"]
    then = shared_world.get(f"{path}?node=office-a&{YESTERDAY}&as_of={revision}")
    assert then.status_code == 200, then.text
    assert then.content == now.content
    later = shared_world.get(f"{path}?node=office-a&{YESTERDAY}&as_of={revision + 1}")
    assert later.status_code == 422
    assert "no such revision" in later.text
    assert shared_world.get(f"{path}?node=office-a&{YESTERDAY}&as_of=0").status_code == 422


def test_coal_and_carbon_are_told_on_the_basis_that_is_asked(world):
    asked = {"node": "office-a", "step": "day", "start": "2026-11-22", "end": "2026-11-23"}
    usual = world.get("/v1/energy", **asked).json()
    assert (usual["coal"], usual["carbon"]) == ("equivalent", "location")
    other = world.get("/v1/energy", coal="equal", carbon="market", **asked).json()
    assert [other["data"][0][one]["value"] for one in ("kgce", "kgco2")] == [None, None]
    more = (
        Factor("01000", "kgce_equal", Decimal("0.3024"), source="rate of 2024", grade="S"),
        Factor("01000", "kgco2_market", Decimal("0.6096"), source="mean of the rest", grade="S"),
    )
    world.platform.registry_store.apply(Registry(factors=more), actor="test", now_us=1)
    assert world.get("/v1/energy", **asked).json()["data"] == usual["data"]
    told = world.get("/v1/energy", coal="equal", carbon="market", **asked).json()
    day = told["data"][0]
    assert (told["coal"], told["carbon"]) == ("equal", "market")
    assert Decimal(day["kgce"]["value"]) == Decimal(day["value"]) * Decimal("0.3024")
    assert Decimal(day["kgco2"]["value"]) == Decimal(day["value"]) * Decimal("0.6096")
    assert [one["source"] for one in day["kgce"]["rows"]] == ["rate of 2024"]
    del asked["step"]
    parts = world.get("/v1/energy/parts", coal="equal", **asked).json()
    assert (parts["coal"], parts["carbon"]) == ("equal", "location")
    assert parts["data"][0]["kgce"]["value"] == day["kgce"]["value"]
    assert parts["data"][0]["kgco2"] == usual["data"][0]["kgco2"]
    refused = world.get("/v1/energy", coal="brown", **asked)
    assert (refused.status_code, refused.json()["field"]) == (422, "coal")
    assert refused.json()["fix"] == "one of: equivalent, equal"
    step = world.get("/v1/energy", **(asked | {"step": "week"})).json()
    assert step["fix"] == "one of: native, 15min, hour, day, month"


def _with_other_bases(world, since=None):
    """Factors of the other bases, one of them changing inside the week."""
    turn = Validity(date(2026, 11, 20), None)
    more = (
        Factor("01000", "kgce_equal", Decimal("0.3024"), valid=Validity(None, turn.start)),
        Factor("01000", "kgce_equal", Decimal("0.3011"), "CN", turn, "rate of 2025", "S"),
        Factor("01000", "kgco2_market", Decimal("0.6096"), valid=Validity(since, None)),
    )
    world.platform.registry_store.apply(Registry(factors=more), actor="test", now_us=1)


def test_lineage_tells_the_factor_rows_of_the_basis_so_that_a_calculator_comes_to_it(world):
    _with_other_bases(world)
    asked = {"node": "campus", "item": "01000", "start": "2026-11-17", "end": "2026-11-24"}
    usual = world.get("/v1/energy/lineage", **asked).json()
    assert (usual["coal"], usual["carbon"]) == ("equivalent", "location")
    told = world.get("/v1/energy/lineage", coal="equal", carbon="market", **asked).json()
    assert (told["coal"], told["carbon"]) == ("equal", "market")
    rows = told["kgce"]["rows"]
    days = [(one["valid_from"], one["valid_to"]) for one in rows]
    assert days == [(None, "2026-11-20"), ("2026-11-20", None)]
    for name, quantity in (("kgce", "kgce_equal"), ("kgco2", "kgco2_market")):
        own = told[name]
        assert {one["quantity"] for one in own["rows"]} == {quantity}
        by_hand = sum(Decimal(one["energy"]) * Decimal(one["factor"]) for one in own["rows"])
        assert by_hand == Decimal(own["value"]) != Decimal(usual[name]["value"])
        assert sum(Decimal(one["energy"]) for one in own["rows"]) == Decimal(told["value"])
    with_neighbours = world.get(told["energy"]).json()
    assert (with_neighbours["coal"], with_neighbours["carbon"]) == ("equal", "market")
    emitted = [Decimal(one["kgce"]["value"]) for one in with_neighbours["data"]]
    assert sum(emitted) == Decimal(told["kgce"]["value"])
    assert told["meters"] == usual["meters"]


def test_without_a_factor_of_the_basis_on_a_day_there_is_a_note_and_no_number(world):
    _with_other_bases(world, since=date(2026, 11, 19))
    asked = {"node": "campus", "item": "01000", "start": "2026-11-17", "end": "2026-11-24"}
    for path in ("/v1/energy/lineage", "/v1/energy", "/v1/energy/parts"):
        step = {"step": "month"} if path == "/v1/energy" else {}
        answer = world.get(path, carbon="market", **asked, **step).json()
        told = answer if path.endswith("lineage") else answer["data"][0]
        assert told["kgco2"]["value"] is None, path
        note = "no factor kgco2_market holds on 2 of the days 2026-11-17 to 2026-11-18"
        assert told["kgco2"]["note"] == note
        assert told["kgce"]["value"] is not None
        assert told["kgce"]["note"] is None
