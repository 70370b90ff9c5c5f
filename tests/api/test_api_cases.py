"""Cases over the API and on the page: their names, their history, and all of them in the sums."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from api.sentences import sentence
from metering.finding import BesideMeter, Case, CaseState, Changes, EvidenceHour, Finding, Relapse
from metering.localtime import HOUR_US
from metering.saving import Saving, SavingVerdict
from tests.api.conftest import findings


def many(world, count: int) -> None:
    """That many more cases of one kWh and one yuan."""
    base = findings()[0].evidence
    made = replace(base, waste=1.0, cost=Decimal(1), kgco2=None, hours=(), hourly=())
    cases = tuple(Case(earlier(made, days)) for days in range(1, count + 1))
    world.platform.findings.record(Changes(cases), now_us=1)


def earlier(found, days: int):
    """The same some days before."""
    by = days * 24 * HOUR_US
    hours = tuple(at - by for at in found.hours_us)
    return replace(found, start_us=found.start_us - by, end_us=found.end_us - by, hours_us=hours)


def test_a_case_answers_to_its_number_and_to_its_earlier_name(world):
    by_number = world.get("/v1/findings/1").json()
    assert by_number["id"] == "1"
    assert world.get("/v1/findings/f-after").json() == by_number
    assert world.get("/v1/findings/99").status_code == 404


def test_a_case_tells_all_that_was_found_of_it(world):
    before = world.get("/v1/findings/1").json()
    found = findings()[0].evidence
    day = date(2026, 11, 25)
    grown = replace(found, waste=120.5, revision=9, baseline_version="tow-2", day=day)
    world.platform.findings.record(Changes(grown={1: grown}), now_us=1)
    after = world.get("/v1/findings/1").json()
    assert [one["waste"] for one in after["history"]] == [96.0, 120.5]
    assert after["history"][0] == before["history"][0]
    told = after["history"][1]
    assert (told["day"], told["revision"], told["baseline_version"]) == ("2026-11-25", 9, "tow-2")
    assert (after["id"], after["found_at"], after["waste"]) == ("1", before["found_at"], 120.5)


def test_a_refuted_case_is_listed_with_its_cause(world):
    world.platform.findings.record(Changes(closed={1: "refuted"}), now_us=1)
    (closed,) = world.get("/v1/findings?state=closed").json()["data"]
    assert (closed["id"], closed["state"], closed["closed"]) == ("1", "closed", "refuted")


def test_only_the_platform_closes_a_case(world, signed_in):
    data = {"state": "closed", "note": "x", "csrf": signed_in.csrf}
    answer = world.client.post("/findings/1/state", data=data, follow_redirects=False)
    assert answer.status_code == 422
    assert str(world.platform.findings.get("1").state) == "open"


def test_the_sums_of_the_page_do_not_end_with_its_first_fifty(world, signed_in):
    many(world, 120)
    html = world.client.get("/findings?state=all").text
    kwh, money = 96.0 + 44.0 + 120, 29.76 + 13.60 + 120
    assert "123 cases" in html
    assert f"{kwh:.0f} kWh" in html
    assert f"{money:,.2f}" in html
    listed: list[str] = []
    path = "/findings?state=all"
    while path:
        html = world.client.get(path).text
        listed += re.findall(r'<h2><a href="/findings/(\d+)"', html)
        more = re.search(
            r'href="(/findings\?state=all&amp;kind=all&amp;after=\d+&amp;at=\d+)"', html
        )
        path = more[1].replace("&amp;", "&") if more else ""
    assert len(listed) == len(set(listed)) == 123


def test_the_page_of_a_case_shows_its_life_in_both_languages(world, signed_in):
    world.platform.findings.record(Changes(closed={1: "refuted"}), now_us=1)
    for language, words in (
        ("en", ("Case 1", "refute its evidence", "What was found, and when")),
        ("zh", ("第 1 号", "迟到的读数推翻了证据", "历次发现")),
    ):
        world.client.get(f"/language/{language}?next=/")
        html = world.client.get("/findings/1").text
        assert all(word in html for word in words)


def with_water(node: str) -> Finding:
    """The first case with water saved beside it, at a place."""
    told = findings()[0].evidence
    price = (("CNY", Decimal("-4.50")),)
    hours = (
        EvidenceHour(told.hours_us[0], 3_000_000, 2_000_000, price, Decimal("-0.2")),
        EvidenceHour(told.hours_us[1], 2_000_000, 2_000_000),
    )
    beside = BesideMeter(f"{node}-water", "02000", hours, 0.5, "2-abc")
    return replace(told, beside=(beside,), day=date(2026, 11, 25))


def test_what_another_medium_took_meanwhile_stands_beside_a_case(world, signed_in):
    assert world.get("/v1/findings/1").json()["beside"] == []
    world.platform.findings.record(Changes(grown={1: with_water("office-a")}), now_us=1)
    told = world.get("/v1/findings/1").json()
    assert told["beside"] == [
        {
            **{"meter": "office-a-water", "item": "02000", "unit": "m3", "evidence_hours": 2},
            **{"value": -1.0, "value_low": -1.5, "value_high": -0.5, "kgco2": "-0.2"},
            "costs": [{"currency": "CNY", "value": "-4.50"}],
            "baseline_version": "2-abc",
            "lineage": "/v1/energy/lineage?meter=office-a-water&item=02000&time=",
        }
    ]
    assert told["net_costs"] == [{"currency": "CNY", "value": "25.26"}]
    for language, words in (("en", "Other mediums meanwhile"), ("zh", "同期其他能源介质")):
        world.client.get(f"/language/{language}?next=/")
        html = world.client.get("/findings/1").text
        assert words in html
        assert "25.26" in html


def test_a_meter_out_of_reach_stands_beside_nothing_and_is_in_no_sum(world):
    world.platform.findings.record(Changes(grown={1: with_water("office-b")}), now_us=1)
    whole, part = (world.get("/v1/findings/1", key=key).json() for key in ("bureau", "building"))
    assert [one["meter"] for one in whole["beside"]] == ["office-b-water"]
    assert (part["beside"], part["net_costs"]) == ([], [])


def test_a_balance_that_drifts_is_told_on_the_page_and_over_the_api(world, signed_in):
    detail = {"per_day": 120.3, "percent": 7.94, "usual_percent": 4.76, "now_percent": 12.7}
    told = replace(
        findings()[2].evidence,
        node="office-a",
        meter="office-a-total",
        item="01000",
        pattern="balance_drift",
        cause="part_fell",
        action="check_balance",
        detail={**detail, "unit": "kWh", "changed": "office-a-01b00"},
    )
    world.platform.findings.record(Changes((Case(told),), closed={}), now_us=1)
    number = world.platform.findings.list(None, pattern="balance_drift")[0].id
    listed = world.get("/v1/findings?pattern=balance_drift").json()["data"]
    assert [one["id"] for one in listed] == [number]
    english, chinese = (listed[0]["sentence"][language] for language in ("en", "zh"))
    assert "12.7 % of it instead of 4.8 %: +120.3 kWh a day (+7.9 %)" in english
    assert "每天 +120.3 kWh（+7.9 %）；此时 office-a-01b00 有变" in chinese
    nothing = replace(told, detail={**told.detail, "per_day": -0.04, "percent": -0.01})
    assert "+0.0 kWh a day (+0.0 %)" in sentence(nothing, "UTC", "en")
    world.platform.findings.record(Changes(closed={int(number): "balanced"}), now_us=2)
    for language, words in (
        ("en", ("Balance drifts", "A sub-meter reads less", "apart as they were before")),
        ("zh", ("总分平衡漂移", "某一分表比以前偏小", "差值已恢复")),
    ):
        world.client.get(f"/language/{language}?next=/")
        html = world.client.get(f"/findings/{number}").text
        assert all(word in html for word in words)


def nested(world):
    """The total in front of the plant ran on in the same hours and one more, by more in all."""
    plant = findings()[0].evidence
    hours = (*plant.hours_us, plant.hours_us[-1] + HOUR_US)
    shown = tuple(
        EvidenceHour(at, 0, 20_000_000, (("CNY", Decimal(8)),), Decimal(10)) for at in hours
    )
    total = replace(
        plant,
        meter="office-a-total",
        item="01000",
        hours_us=hours,
        hours=shown,
        end_us=plant.end_us + HOUR_US,
        waste=120.0,
        cost=Decimal(48),
        kgco2=Decimal(60),
    )
    world.platform.findings.record(Changes((Case(total),)), now_us=1)


def test_a_nested_case_is_part_of_the_outer_one_and_counts_once_everywhere(world, signed_in):
    """Of 120 kWh behind the total the plant shows 96: 120 in all, and 44 elsewhere."""
    nested(world)
    listed = {one["id"]: one["part_of"] for one in world.get("/v1/findings").json()["data"]}
    assert listed == {"1": "5", "2": None, "3": None, "5": None}
    assert world.get("/v1/findings/1").json()["part_of"] == "5"
    html = world.client.get("/findings").text
    assert "164 kWh" in html
    assert f"{48 + 13.60:,.2f}" in html
    assert "part of case 5" in html
    query = "SELECT sum(waste), sum(cost), sum(kgco2), sum(count) FROM findings WHERE time > 0"
    answer = world.get("/influx/query", q=query).json()["results"][0]["series"][0]["values"]
    assert answer[0][1:] == [164.0, 61.6, 83.6, 4]
    by_pattern = world.get("/influx/query", q=f"{query} GROUP BY pattern").json()["results"][0]
    assert sum(one["values"][0][1] for one in by_pattern["series"]) == 164.0
    rows = world.get("/influx/query", q="SELECT waste FROM findings WHERE time > 0").json()
    own = [row[1] for row in rows["results"][0]["series"][0]["values"]]
    assert sorted(own) == [0.0, 44.0, 96.0, 120.0]
    parts = world.get("/influx/query", q=f"{query} AND part_of != ''").json()["results"][0]
    assert parts["series"][0]["values"][0][1] == 96.0
    outer = world.get("/influx/query", q="SHOW TAG VALUES FROM findings WITH KEY = part_of").json()
    assert "5" in [row[1] for row in outer["results"][0]["series"][0]["values"]]


def test_a_case_is_seen_where_it_was_found_in_lists_and_by_itself(world):
    """Also where its meter is not registered any more."""
    gone = replace(findings()[0].evidence, meter="office-a-old", cost=None)
    world.platform.findings.record(Changes((Case(gone),)), now_us=1)
    for key in ("whole", "bureau", "building", "school"):
        listed = {one["id"] for one in world.get("/v1/findings", key=key).json()["data"]}
        for number in ("1", "2", "4", "5"):
            alone = world.get(f"/v1/findings/{number}", key=key).status_code
            assert (alone == 200) == (number in listed), (key, number)
    assert world.get("/v1/findings/5", key="building").json()["meter"] == "office-a-old"


def test_a_refuted_case_has_no_parts(world):
    nested(world)
    world.platform.findings.record(Changes(closed={5: "refuted"}), now_us=1)
    assert world.get("/v1/findings/1").json()["part_of"] is None


def act(world, path, **body):
    return world.post(f"/v1/findings/1/{path}", json=body)


def test_a_case_is_assigned_put_off_commented_on_and_fixed(world):
    """Each deed is in its life, and in the audit log."""
    assert act(world, "assign", assignee="陈工", note="schedule").json()["assignee"] == "陈工"
    assert act(world, "snooze", until="2026-12-01", note="").json()["snoozed_until"] == (
        "2026-11-30T16:00:00Z"
    )
    assert act(world, "comment", comment="ordered").status_code == 200
    listed = {
        wanted: [one["id"] for one in world.get(f"/v1/findings?snoozed={wanted}").json()["data"]]
        for wanted in ("true", "false")
    }
    assert listed == {"true": ["1"], "false": ["2", "3"]}
    assert act(world, "resolve", note="done").json()["state"] == "fixed"
    life = world.get("/v1/findings/1").json()["life"]
    assert [(one["act"], one["old"], one["new"], one["comment"]) for one in life] == [
        ("state", "open", "assigned", "schedule"),
        ("snooze", "", "2026-12-01", ""),
        ("comment", "", "", "ordered"),
        ("state", "assigned", "fixed", "done"),
    ]
    assert {one["by"] for one in life} == {"bureau"}
    assert [one["action"] for one in world.get("/v1/audit").json()["data"][:4]] == [
        f"finding.{one}" for one in ("fixed", "comment", "snooze", "assigned")
    ]
    assert [one["id"] for one in world.get("/v1/findings?state=resolved").json()["data"]] == ["1"]


@pytest.mark.parametrize(
    ("path", "body", "status", "field"),
    [
        ("assign", {"assignee": " "}, 422, "assignee"),
        ("assign", {"assignee": "a\nb"}, 422, "assignee"),
        ("assign", {"assignee": "x" * 101}, 422, "assignee"),
        ("comment", {"comment": " "}, 422, "comment"),
        ("comment", {"comment": "x" * 2001}, 422, "comment"),
        ("dismiss", {"note": ""}, 422, "note"),
        ("expect", {"note": ""}, 422, "note"),
        ("snooze", {"until": "2026-11-24"}, 422, "until"),
        ("snooze", {"until": "2027-12-01"}, 422, "until"),
        ("snooze", {"until": "tomorrow"}, 422, "until"),
    ],
)
def test_what_cannot_be_done_names_field_value_and_fix(world, path, body, status, field):
    answer = act(world, path, **body)
    assert answer.status_code == status
    told = answer.json()
    problem = told.get("problems", [told])[0] if field not in (told.get("field"),) else told
    assert problem["field"].endswith(field)
    assert told["fix"]
    assert world.get("/v1/findings/1").json()["life"] == []


def test_what_may_not_follow_is_a_conflict(world):
    act(world, "fix", note="")
    answer = act(world, "acknowledge", note="")
    assert (answer.status_code, answer.json()["field"], answer.json()["value"]) == (
        *(409, "state"),
        "acknowledged",
    )
    assert answer.json()["fix"] == "from here it may become: dismissed, expected, open"


def test_what_was_taught_is_listed_and_taken_back(world, signed_in):
    act(world, "expect", note="the archive is dried")
    world.post("/v1/findings/2/dismiss", json={"note": "a course"})
    told = world.get("/v1/learned").json()["data"]
    assert [(one["case"], one["state"], one["hours"] is None) for one in told] == [
        ("1", "expected", False),
        ("2", "dismissed", True),
    ]
    assert told[0]["hours"] == [1, 2, 3, 4, 5]
    assert told[0]["up_to"] == pytest.approx(1.25 * 96 / 5)
    assert told[1]["up_to"] == pytest.approx(1.5 * 96 / 5)
    assert (told[0]["by"], told[0]["reason"]) == ("bureau", "the archive is dried")
    paged = world.get("/v1/learned?limit=1").json()
    rest = world.get(f"/v1/learned?cursor={paged['next']}").json()["data"]
    assert [*paged["data"], *rest] == told
    assert world.get("/v1/learned?meter=office-b-01a00").json()["data"] == told[1:]
    assert world.get("/v1/learned", key="school").json()["data"] == []
    html = world.client.get("/learned").text
    assert "01–06" in html
    assert "the archive is dried" in html
    data = {"state": "open", "csrf": signed_in.csrf}
    world.client.post("/findings/1/state", data=data)
    assert [one["case"] for one in world.get("/v1/learned").json()["data"]] == ["2"]
    assert world.platform.findings.get("1").state is CaseState.OPEN


def lasting(world, days: int):
    """A case of so many days, 96 kWh and 29.76 yuan each, as number 5."""
    base = findings()[0].evidence
    since = base.start_us - (days - 1) * 24 * HOUR_US
    found = replace(
        base, start_us=since, waste=96.0 * days, cost=days * Decimal("29.76"), pattern="weekend_run"
    )
    world.platform.findings.record(Changes((Case(found),)), now_us=1)
    return world.get("/v1/findings/5").json()["so_far"]


def test_a_year_is_told_of_what_lasts_for_two_weeks(world):
    early = lasting(world, 14)
    assert early == {
        "en": "since November 4 (last seen on November 17), 1,344 kWh, CNY 417",
        "zh": "自11月4日（最近一次出现于11月17日）起累计 1,344 kWh、417 元",
    }


def test_what_was_seen_these_days_is_told_without_the_last_of_them(world):
    base = findings()[0].evidence
    seen = replace(earlier(base, -5), pattern="weekend_run", node="office-a")
    world.platform.findings.record(Changes((Case(seen),)), now_us=1)
    told = world.get("/v1/findings/5").json()["so_far"]
    assert told["en"] == "since November 22, 96.0 kWh, CNY 29.8"


def test_what_was_left_alone_for_weeks_is_told_by_the_year(world):
    """In 46.4 days until now it cost 40 times 29.76."""
    told = lasting(world, 40)
    assert told == {
        "en": "since October 9 (last seen on November 17), 3,840 kWh, CNY 1,190; left alone about "
        "CNY 9,400 a year",
        "zh": "自10月9日（最近一次出现于11月17日）起累计 3,840 kWh、1,190 元；"
        "放任不管，每年约 9,400 元",
    }
    world.post("/v1/findings/5/fix", json={"note": ""})
    fixed = world.get("/v1/findings/5").json()["so_far"]
    assert fixed == {
        "en": "October 9 to November 17, 3,840 kWh, CNY 1,190; ended, fixed",
        "zh": "10月9日至11月17日共 3,840 kWh、1,190 元；已结束、已整改",
    }


def test_what_was_not_seen_for_two_weeks_has_ended(world):
    base = findings()[0].evidence
    lasting = replace(earlier(base, 20), pattern="weekend_run", node="office-a")
    world.platform.findings.record(Changes((Case(lasting),)), now_us=1)
    told = world.get("/v1/findings/5").json()
    assert told["so_far"]["en"] == "October 28, 96.0 kWh, CNY 29.8; ended"
    assert (told["rank"]["runs"], told["rank"]["amount"]) == (False, 29.76)


def test_cases_are_listed_by_what_a_year_of_them_costs(world):
    """What runs for 29.76 yuan in 14 days or less comes before what has cost ten times as much in
    all; a page goes on by the instant of the first."""
    base = findings()[0].evidence
    over = replace(earlier(base, 60), pattern="weekend_run", cost=Decimal("297.6"))
    world.platform.findings.record(Changes((Case(over),)), now_us=1)
    listed = world.get("/v1/findings").json()["data"]
    assert [one["id"] for one in listed] == ["1", "2", "5", "3"]
    assert [one["rank"]["by"] for one in listed] == ["cost", "cost", "cost", "fault"]
    first = listed[0]["rank"]
    assert first["unit"] == "CNY"
    assert first["value"] == pytest.approx(29.76 * 365 / 14 * base.confidence)
    pages, cursor = [], ""
    while cursor is not None:
        page = world.get(f"/v1/findings?limit=1{cursor}").json()
        pages += [one["id"] for one in page["data"]]
        cursor = f"&cursor={page['next']}" if page["next"] else None
    assert pages == ["1", "2", "5", "3"]
    kinds = {
        kind: [one["id"] for one in world.get(f"/v1/findings?kind={kind}").json()["data"]]
        for kind in ("waste", "fault")
    }
    assert kinds == {"waste": ["1", "2", "5"], "fault": ["3"]}


def test_the_page_has_a_place_for_faults(world, signed_in):
    html = world.client.get("/findings").text
    assert html.index("/findings/1") < html.index("What wastes nothing") < html.index("/findings/3")
    assert "What wastes nothing" not in world.client.get("/findings?kind=waste").text
    assert "/findings/1" not in world.client.get("/findings?kind=fault").text


def test_the_page_of_a_case_shows_its_life_and_what_fixing_it_saved(world, signed_in):
    store = world.platform.findings
    data = {"note": "ordered", "csrf": signed_in.csrf}
    world.client.post("/findings/1/comment", data=data)
    world.client.post("/findings/1/snooze", data={**data, "until": "2026-12-01"})
    assert "put off until 2026-12-01" in world.client.get("/findings/1").text
    assert '"/findings/1"' not in world.client.get("/findings").text
    assert '"/findings/1"' in world.client.get("/findings?state=snoozed").text
    world.client.post("/findings/1/snooze", data={"csrf": signed_in.csrf})
    assert '"/findings/1"' in world.client.get("/findings").text
    world.client.post("/findings/1/state", data={**data, "state": "assigned", "assignee": "Chen"})
    world.client.post("/findings/1/state", data={**data, "state": "fixed"})
    assert "measured from 2026-12-09 on" in world.client.get("/findings/1").text
    day = date(2026, 12, 8)
    saving = Saving(
        *(SavingVerdict.VERIFIED, day, day, 14, 0.97, 96.0, 91.0, 80.0, 102.0, 1274.0, "394.9"),
        "CNY",
    )
    store.record(Changes(savings={1: saving}), now_us=2)
    assert world.get("/v1/findings/1").json()["saving"] == {**saving.told(), "unit": "kWh"}
    back = Relapse(findings()[0].evidence, findings()[0].evidence.start_us)
    for language, words in (
        ("en", ("91.0 kWh", "80.0 kWh to 102 kWh", "¥395", "97 % of the hours", "Reopen")),
        ("zh", ("日均节约", "节能已核实", "平台", "处理经过")),
    ):
        world.client.get(f"/language/{language}?next=/")
        html = world.client.get("/findings/1").text
        assert [word for word in words if word not in html] == []
    store.record(Changes(returned={1: back}), now_us=3)
    world.client.get("/language/en?next=/")
    html = world.client.get("/findings/1").text
    assert "came back 1 time" in html
    assert "verified → open: it came back" in html


def test_what_was_measured_before_it_came_back_is_said_to_be_of_before(world, signed_in):
    day = date(2026, 11, 2)
    saving = Saving(
        *(SavingVerdict.VERIFIED, day, day, 14, 0.97, 96.0, 91.0, 80.0, 102.0, 1274.0, "394.9"),
        "CNY",
    )
    world.post("/v1/findings/1/fix", json={"note": ""})
    world.platform.findings.record(Changes(savings={1: saving}), now_us=2)
    page = world.client
    assert 'id="came-back"' not in page.get("/findings/1").text
    world.post("/v1/findings/1/reopen", json={"note": "again"})
    shown = page.get("/findings/1").text
    assert 'id="came-back"' in shown
    assert "1,274" in shown


def test_a_chart_has_no_line_where_nothing_is_told(world, signed_in):
    base = findings()[0].evidence
    at = [base.start_us + n * HOUR_US for n in (0, 1, 9)]
    hourly = tuple((one, 1.0, 2.0 + n) for n, one in enumerate(at))
    told = replace(base, hourly=hourly, pattern="weekend_run", node="office-a")
    world.platform.findings.record(Changes((Case(told),)), now_us=1)
    shown = world.client.get("/findings/5").text.replace("&#34;", '"')
    assert "[2.0, 3.0, null, 4.0]" in shown
