"""Points that nobody registered over the API: proposed, approved, dismissed, by whom it may be."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from api import create_app
from api.routes.proposals import PointToApprove
from metering.commissioning import CORRECTED
from metering.intake import IntakeBatch
from metering.joining import Described, Sighting
from metering.localtime import iso
from metering.reading import Kind
from metering.registry.files import read_registry_texts

HOME = "/v1/gateways/campus/gw-1/proposals"
STEP_US = 900_000_000


@pytest.fixture
def office(world):
    """The world with two points that nobody registered, and one that was only described."""

    def read(texts, end):
        return read_registry_texts(texts, world.platform.registry(), end_missing=end)

    now_us = world.platform.now_us()
    times = [now_us - n * STEP_US for n in range(9, 0, -1)]
    rising = tuple((at_us, 10.0 + n, "kWh") for n, at_us in enumerate(times))
    found = (
        Sighting("campus/gw-1", "N1.export", now_us - 60, now_us, rising),
        Sighting("campus/gw-1", "AI7", now_us, now_us, ((now_us, 3.0, ""),)),
        Sighting(
            "campus/gw-1",
            "T7",
            now_us,
            now_us,
            described=Described("T7", "Room", "C", Kind.INSTANT),
        ),
    )
    place = world.platform.intake.checkpoint(1)
    world.platform.intake.commit(IntakeBatch(1, *place, *place, sightings=found))
    platform = replace(world.platform, read_registry=read)
    return replace(world, platform=platform, client=TestClient(create_app(platform)))


def names(office, query: str = "", key: str = "bureau") -> list[str]:
    return [one["point"] for one in office.get(f"{HOME}{query}", key=key).json()["data"]]


def test_what_is_proposed_is_told_with_why_in_both_languages(office):
    assert names(office) == ["AI7", "N1.export", "T7"]
    first = office.get(f"{HOME}?limit=1").json()
    following = office.get(f"{HOME}?limit=1&cursor={first['next']}").json()
    (one,) = following["data"]
    assert (one["readings"], one["step_s"], len(one["values"])) == (9, 900.0, 8)
    assert one["values"][-1] == {
        "time": iso(office.platform.now_us() - STEP_US),
        "value": 18.0,
        "unit": "kWh",
    }
    assert one["kind"] == {
        "value": "register",
        "sure": "sure",
        "why": "only_rises",
        "text": {"zh": "数值只增不减", "en": "its values only rise"},
    }
    assert (one["unit"]["value"], one["unit"]["sure"]) == ("kWh", "said")
    assert one["medium"] == {"zh": "电", "en": "electricity"}
    assert one["direction"]["en"] == "export"
    room = office.get(f"{HOME}?limit=100").json()["data"][-1]
    assert (room["name"], room["readings"], room["values"]) == ("Room", 0, [])


def test_points_are_approved_in_bulk_with_corrections_and_twice_is_harmless(office):
    before = office.platform.registry().version
    body = {"points": [{"point": "AI7", "kind": "instant", "unit": "A"}], "sure": True}
    done = office.post(f"{HOME}/approve", json=body)
    assert done.status_code == 200, done.text
    assert sorted(done.json()["approved"]) == ["AI7", "N1.export", "T7"]
    registry = office.platform.registry()
    assert registry.version == done.json()["version"] > before
    made = {name: registry.point_of("campus/gw-1", name) for name in ("AI7", "N1.export", "T7")}
    assert [(one.kind, one.unit) for one in made.values() if one] == [
        (Kind.INSTANT, "A"),
        (Kind.REGISTER, "kWh"),
        (Kind.INSTANT, "C"),
    ]
    assert names(office) == []
    again = office.post(f"{HOME}/approve", json=body).json()
    assert (again["approved"], again["already"]) == ([], ["AI7"])
    assert again["version"] == registry.version
    entries = office.get("/v1/audit", key="whole").json()["data"]
    applied = next(one for one in entries if one["action"] == "registry.apply")
    assert applied["detail"]["counts"] == {"point": {"added": 3}}


@pytest.mark.parametrize(
    ("point", "status", "field", "value"),
    [
        ({"point": "N1.export", "unit": "m3"}, 422, "unit", "m3"),
        ({"point": "N1.export", "unit": "furlong"}, 422, "unit", "furlong"),
        ({"point": "AI7"}, 422, "kind", ""),
        ({"point": "AI7", "kind": "counter", "unit": "A"}, 422, "kind", "counter"),
        ({"point": "nothing"}, 404, "point", "nothing"),
    ],
)
def test_what_contradicts_or_is_left_open_is_refused(office, point, status, field, value):
    before = office.platform.registry().version
    refused = office.post(f"{HOME}/approve", json={"points": [{"point": "T7"}, point]})
    assert refused.status_code == status
    told = refused.json()
    assert (told["field"], told["value"]) == (field, value)
    assert told["fix"]
    assert office.platform.registry().version == before


def test_a_dismissal_is_remembered_and_taken_back(office):
    done = office.post(f"{HOME}/dismiss", json={"points": ["AI7", "nothing"]})
    assert done.json() == {"points": ["AI7"], "dismissed": True}
    assert names(office) == ["N1.export", "T7"]
    assert names(office, "?dismissed=true") == ["AI7"]
    assert office.get(f"{HOME}?dismissed=true").json()["data"][0]["dismissed_by"]
    office.post(f"{HOME}/dismiss", json={"points": ["AI7"], "undo": True})
    assert names(office) == ["AI7", "N1.export", "T7"]
    assert office.post(f"{HOME}/dismiss", json={"points": ["nothing"]}).status_code == 404
    actions = [one["action"] for one in office.get("/v1/audit").json()["data"]]
    assert {"points.dismiss", "points.undismiss"} <= set(actions)


def test_who_may_not_write_for_the_gateway_approves_and_sees_nothing_of_it(office):
    body = {"points": [{"point": "N1.export"}]}
    for key in ("operator", "reader", "building", "school"):
        refused = office.post(f"{HOME}/approve", key=key, json=body)
        assert refused.status_code in (403, 404), key
    foreign = {"points": [{"point": "N1.export", "meter": "hall-total"}]}
    assert office.post(f"{HOME}/approve", json=foreign).status_code == 404
    assert office.get(HOME, key="school").status_code == 404
    assert office.platform.registry().point_of("campus/gw-1", "N1.export") is None


def test_an_approval_may_say_every_column_of_the_file():
    assert set(PointToApprove.model_fields) == {"point", *CORRECTED}
