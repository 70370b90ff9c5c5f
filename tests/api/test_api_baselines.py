"""Which meters are checked, by which version, and what people ask for."""

from __future__ import annotations

from datetime import date, timedelta

from metering.baseline import BaselineProgress, BaselineVersion
from tests.api.conftest import TODAY

METER = "office-a-01B00"


def keep(world, meter: str, number: int = 1, **more: object) -> BaselineVersion:
    facts = {
        "institution": "bureau",
        "made_us": 10**15,
        "day": TODAY - timedelta(days=40 - number),
        "first_day": TODAY - timedelta(days=60),
        "last_day": TODAY - timedelta(days=41),
        "days": 20,
        "rung": 1,
        "error": 0.07,
        "settings": "s",
        "reason": "first",
        "revision": 8,
        "left_out": 3,
        "inputs": "i",
        "model": b"x",
        **more,
    }
    one = BaselineVersion(meter=meter, number=number, **facts)
    world.platform.baselines.keep([one])
    return one


def electric(world, key: str = "bureau") -> list[str]:
    meters = world.get("/v1/meters?limit=1000", key=key).json()["data"]
    return sorted(one["code"] for one in meters if one["item"].startswith("01"))


def test_a_meter_without_a_version_is_not_checked(world):
    codes = electric(world)
    version = keep(world, codes[0])
    told = [
        BaselineProgress("bureau", codes[1], 9, TODAY),
        BaselineProgress("bureau", codes[2], 0, TODAY),
    ]
    world.platform.baselines.note(told)
    rows = {one["meter"]: one for one in world.get("/v1/baselines").json()["data"]}
    assert list(rows) == codes
    done = rows[codes[0]]
    assert (done["state"], done["history_days"]) == ("checked", 20)
    assert done["checked_from"] == version.day.isoformat()
    assert [one["version"] for one in done["versions"]] == [version.name]
    half, none, unseen = (rows[code] for code in codes[1:4])
    assert (half["state"], half["history_days"], half["versions"]) == ("not_checked", 9, [])
    assert half["checked_from"] == (TODAY + timedelta(days=5)).isoformat()
    assert none["checked_from"] is unseen["checked_from"] is None


def test_the_list_goes_by_state_and_place_and_has_pages(world):
    codes = electric(world)
    keep(world, codes[0])
    path, seen = "/v1/baselines?state=not_checked&limit=3", []
    while path:
        answer = world.get(path)
        seen += [one["meter"] for one in answer.json()["data"]]
        path = answer.links["next"]["url"] if "next" in answer.links else ""
    assert seen == codes[1:]
    only = world.get("/v1/baselines?state=checked").json()["data"]
    assert [one["meter"] for one in only] == codes[:1]
    below = world.get("/v1/baselines?node=canteen").json()["data"]
    assert below
    assert {one["node"] for one in below} == {"canteen"}
    assert world.get("/v1/baselines?node=nowhere").status_code == 404


def test_a_key_sees_its_own_meters_alone(world):
    ours, theirs = electric(world), electric(world, "school")
    assert [one["meter"] for one in world.get("/v1/baselines").json()["data"]] == ours
    school = world.get("/v1/baselines", key="school").json()["data"]
    assert [one["meter"] for one in school] == theirs
    assert not set(ours) & set(theirs)
    assert world.get(f"/v1/baselines/{ours[0]}", key="school").status_code == 404


def ask(world, meter: str, key: str = "operator", **body: object):
    given = {"reason": "new kitchen", "from": "2026-11-01", **body}
    return world.client.post(
        f"/v1/baselines/{meter}", json=given, headers={"X-API-Key": world.keys[key]}
    )


def test_a_person_asks_for_a_version_with_a_reason_and_a_day(world):
    meter = electric(world)[0]
    answer = ask(world, meter)
    assert answer.status_code == 202
    wanted = answer.json()["request"]
    assert (wanted["from"], wanted["reason"]) == ("2026-11-01", "new kitchen")
    assert wanted["made_not_before"] == "2026-11-15"
    (kept,) = world.platform.baselines.requests([meter])
    assert (kept.from_day, kept.institution) == (date(2026, 11, 1), "bureau")
    (entry, *_) = world.get("/v1/audit").json()["data"]
    assert (entry["action"], entry["reason"]) == ("baseline.ask", "new kitchen")
    assert entry["subject"] == f"{meter} from 2026-11-01"
    keep(world, meter, reason="new kitchen", actor=kept.actor, asked=kept.number)
    row = world.get(f"/v1/baselines/{meter}").json()
    assert row["request"] is None
    assert row["versions"][0]["made_by"] == kept.actor


def test_what_cannot_be_asked_is_refused_by_name(world):
    meter = electric(world)[0]
    assert ask(world, meter, key="reader").status_code == 403
    assert ask(world, "hall-total").status_code == 404
    for body, field in (
        ({"reason": "  "}, "reason"),
        ({"from": TODAY.isoformat()}, "from"),
        ({"from": "soon"}, "from"),
    ):
        answer = ask(world, meter, **body)
        assert (answer.status_code, answer.json()["field"]) == (422, field)
        assert answer.json()["fix"]
    meters = world.get("/v1/meters?limit=1000").json()["data"]
    for water in [one["code"] for one in meters if not one["item"].startswith("01")][:1]:
        assert ask(world, water).json()["field"] == "meter"
    assert world.platform.baselines.requests([meter]) == []


def test_the_page_says_how_many_wait_and_since_when(world, signed_in):
    codes = electric(world)
    for code in codes[1:]:
        keep(world, code)
    noted = BaselineProgress("bureau", codes[0], 11, TODAY)
    world.platform.baselines.note([noted])
    for language, words in (
        (
            "en",
            f"1 meter is not checked yet (too little history); the first from {noted.ready(14)} on",
        ),
        ("zh", f"1 块仪表尚未诊断（历史数据不足）；最早自 {noted.ready(14)} 起诊断"),
    ):
        world.client.get(f"/language/{language}?next=/findings")
        assert words in world.client.get("/findings").text
    keep(world, codes[0])
    html = world.client.get("/findings").text
    assert 'id="unchecked"' not in html
