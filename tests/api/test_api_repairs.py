"""Repairs over the API: within the walls of a key, and their buttons."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from fractions import Fraction
from html import unescape

import pytest

from api import PartHealth
from api.usecases.repairs import by_books
from metering.access import Role
from metering.book import ASKED_CAUSE, DirtyMark
from metering.registry.files import read_registry_texts
from tests.api.conftest import client_of, sign_in

METER = "office-a-01b00"


def by_check(answer):
    assert answer.status_code == 200, answer.text
    return {one["check"]: one for one in answer.json()["data"]}


def codes(check):
    return {one["code"] for one in check["repairs"]}


def test_all_checks_are_told_and_what_they_add_up_to(shared_world):
    body = shared_world.get("/v1/repairs", key="whole").json()
    assert body["checks"] == len(body["data"]) >= 30
    assert body["fine"] + body["to_mend"] + body["not_checked"] == body["checks"]
    states = {one["state"] for one in body["data"]}
    assert states == {"fine", "repair", "not_checked"}
    only = shared_world.get("/v1/repairs", key="whole", state="repair").json()
    assert {one["state"] for one in only["data"]} == {"repair"}
    assert only["checks"] == body["checks"]


def test_a_key_is_told_of_its_own_walls_alone(shared_world):
    whole = by_check(shared_world.get("/v1/repairs", key="whole"))
    bureau = by_check(shared_world.get("/v1/repairs", key="bureau"))
    school = by_check(shared_world.get("/v1/repairs", key="school"))
    assert codes(whole["dead_letters"]) == {"campus/gw-1", "yard/gw-9"}
    assert codes(bureau["dead_letters"]) == {"campus/gw-1"}
    assert codes(school["no_persons"]) == {"school"}
    assert whole["part_not_ready"]["state"] == "fine"
    assert bureau["part_not_ready"]["state"] == "not_checked"
    assert bureau["key_unused"]["looked_at"] == 0
    own = codes(bureau["no_limit"])
    assert own
    assert not own & codes(school["no_limit"])


@pytest.fixture
def importing(world):
    """The world, with an import that reads rows as the product does."""

    def read(texts, end_missing=None):
        return read_registry_texts(texts, world.platform.registry(), end_missing=end_missing)

    platform = replace(world.platform, read_registry=read)
    return replace(world, platform=platform, client=client_of(platform))


def test_a_row_is_shown_before_it_is_changed_and_then_the_check_is_fine(importing):
    world = importing
    before = by_check(world.get("/v1/repairs", key="whole"))["no_limit"]
    repair = next(one for one in before["repairs"] if one["code"] == METER)
    limit = repair["mending"]["row"]["max_per_hour"]
    assert repair["mending"]["file"] == "meters.csv"
    said = {"check": "no_limit", "code": METER, "reason": "seen"}
    shown = world.post("/v1/repairs/mend", key="whole", json={**said, "dry_run": True}).json()
    assert shown["dry_run"] is True
    (change,) = shown["proposal"]["changes"]
    assert change["new"]["max_per_hour"] == limit
    assert world.platform.registry().meters[METER].max_per_hour is None
    done = world.post("/v1/repairs/mend", key="whole", json=said)
    assert done.status_code == 200, done.text
    assert f"{world.platform.registry().meters[METER].max_per_hour:f}" == limit
    assert METER not in codes(by_check(world.get("/v1/repairs", key="whole"))["no_limit"])
    again = world.post("/v1/repairs/mend", key="whole", json=said)
    assert again.status_code == 404


def test_a_row_needs_a_key_of_the_whole_platform(world):
    said = {"check": "no_limit", "code": METER}
    for key, status in (("bureau", 403), ("operator", 403), ("reader", 403), ("school", 404)):
        assert world.post("/v1/repairs/mend", key=key, json=said).status_code == status, key
    assert world.platform.registry().meters[METER].max_per_hour is None


def test_what_has_no_button_and_what_is_no_check_is_said(world):
    said = {"check": "total_smaller_than_parts", "code": "dc"}
    answer = world.post("/v1/repairs/mend", key="whole", json=said)
    assert (answer.status_code, answer.json()["field"]) == (409, "check")
    said = {"check": "nothing", "code": "dc"}
    answer = world.post("/v1/repairs/mend", key="whole", json=said)
    assert (answer.status_code, answer.json()["field"]) == (404, "check")


def test_dead_letters_are_tried_again(world):
    said = {"check": "dead_letters", "code": "campus/gw-1"}
    done = world.post("/v1/repairs/mend", key="operator", json=said)
    assert done.status_code == 200, done.text
    assert done.json()["kind"] == "replay"


def test_days_are_computed_again_from_the_registers_of_a_place(world):
    asked = {"node": "office-a", "from": "2026-10-01", "to": "2026-10-02", "reason": "why"}
    done = world.post("/v1/repairs/recompute", key="operator", json=asked)
    assert done.status_code == 200, done.text
    assert done.json()["waiting"] is True
    meters = [one for one in world.platform.registry().meters.values() if one.node == "office-a"]
    assert done.json()["meters"] == len(meters)
    marks = [one for one in world.platform.marks.ready() if one.cause == ASKED_CAUSE]
    assert len(marks) == len(meters)
    assert (done.json()["days"], done.json()["days_done"]) == (2, 0)
    now = world.get("/v1/repairs/recompute", **{k: v for k, v in asked.items() if k != "reason"})
    assert now.json()["waiting"] is True
    log = world.get("/v1/audit", key="bureau").json()["data"]
    assert ("books.recompute", "why") in {(one["action"], one["reason"]) for one in log}


def test_days_are_not_computed_again_for_others_or_backwards(world):
    asked = {"node": "office-a", "from": "2026-10-01", "to": "2026-10-02"}
    assert world.post("/v1/repairs/recompute", key="school", json=asked).status_code == 404
    assert world.post("/v1/repairs/recompute", key="reader", json=asked).status_code == 403
    wrong = world.post("/v1/repairs/recompute", json={**asked, "to": "2026-09-01"})
    assert (wrong.status_code, wrong.json()["field"]) == (422, "to")
    long = world.post("/v1/repairs/recompute", json={**asked, "from": "1990-01-01"})
    assert long.status_code == 422
    assert not [one for one in world.platform.marks.ready() if one.cause == ASKED_CAUSE]


def test_what_a_part_says_is_told_in_the_language_of_the_reader(world):
    error = "the ledger process does not run"
    part = PartHealth(False, {"error": error})
    platform = replace(world.platform, health=lambda: {"ledger": part})
    stopped = replace(world, platform=platform, client=client_of(platform))
    (repair,) = by_check(stopped.get("/v1/repairs", key="whole"))["part_not_ready"]["repairs"]
    assert repair["text"]["en"] == f"ledger does not work: {error}"
    assert error not in repair["text"]["zh"]
    assert repair["said"]["error"] == error


def test_days_go_on_to_be_computed_while_nobody_looks(world):
    signed_in = sign_in(world, "operator")
    form = {"node": "office-a", "first": "2026-10-01", "last": "2026-10-02", "reason": "why"}
    asked = world.client.post(
        "/repairs/recompute", data={**form, "csrf": signed_in.csrf}, follow_redirects=False
    )
    assert asked.status_code == 303
    where = asked.headers["location"]
    assert "being computed" in world.client.get(where).text

    later = replace(world, client=client_of(world.platform))
    sign_in(later, "operator")
    assert "being computed" in later.client.get(where).text
    marks = [one for one in world.platform.marks.ready() if one.cause == ASKED_CAUSE]
    assert marks
    books = world.platform.books
    books.commit(
        "bureau",
        [],
        expected_revision=books.revision("bureau"),
        cleared=[one.id for one in world.platform.marks.ready()],
        now_us=world.platform.now_us(),
    )
    done = later.client.get(where).text
    assert "being computed" not in done
    assert "restatements" in done
    assert "Nothing has moved." in done


def clear(world, marks, rows=()):
    """Book these marks, with rows that came out otherwise."""
    books = world.platform.books
    books.commit(
        "bureau",
        list(rows),
        expected_revision=books.revision("bureau"),
        cleared=[one.id for one in marks],
        now_us=world.platform.now_us(),
        cause=ASKED_CAUSE,
    )


def test_it_is_told_how_far_it_is_and_what_it_moved_whatever_is_started_anew(world):
    asked = {"node": "office-a", "from": "2026-10-27", "to": "2026-11-23"}
    made = world.post("/v1/repairs/recompute", json={**asked, "reason": "read wrongly"}).json()
    assert (made["days"], made["days_done"], made["waiting"]) == (28, 0, True)
    marks = sorted(
        (one for one in world.platform.marks.ready() if one.cause == ASKED_CAUSE),
        key=lambda one: one.start_us,
    )
    key = next(one for one in world.platform.books.series("bureau") if one.code == "office-a-total")
    days = date(2026, 11, 20), date(2026, 11, 21)
    old = world.platform.books.rows([key], *days)
    assert len(old) == 2
    oldest = [one for one in marks if one.start_us < marks[0].start_us + 14 * 86_400_000_000]
    clear(world, oldest, [replace(row, total=row.total + 5_000) for row in old])

    again = replace(world, client=client_of(world.platform))
    (listed,) = again.get("/v1/repairs/recomputations").json()["data"]
    assert listed == {**made, "days_done": 14, "revision": made["revision"] + 1}
    assert (listed["reason"], listed["by"][:6]) == ("read wrongly", "bureau")
    (seen,) = again.get("/v1/repairs/recomputations", key="reader").json()["data"]
    assert (seen["reason"], seen["by"], seen["days_done"]) == (None, None, 14)
    assert again.get("/v1/repairs/recomputations", key="school").json()["data"] == []
    sign_in(again, "operator")
    assert "14 of 28 days" in again.client.get("/repairs").text

    clear(world, [one for one in marks if one not in oldest])
    told = again.get("/v1/repairs/recompute", **asked).json()
    assert (told["days_done"], told["waiting"], told["left_out"]) == (28, False, 0)
    total = sum(row.total for row in old)
    assert told["moved"] == [
        {
            **{"meter": "office-a-total", "item": "01000", "days": 2},
            **{"old_total": total, "new_total": total + 10_000},
        }
    ]
    page = again.client.get("/repairs/progress?node=office-a&first=2026-10-27&last=2026-11-23").text
    assert "1 meter has moved" in page


def test_readings_that_come_in_meanwhile_do_not_hold_it_up(world):
    asked = {"meter": METER, "from": "2026-11-20", "to": "2026-11-24"}
    world.post("/v1/repairs/recompute", json={**asked, "reason": "why"})
    clear(world, [one for one in world.platform.marks.ready() if one.cause == ASKED_CAUSE])
    point = next(iter(world.platform.registry().installations_of(METER))).point
    now_us = world.platform.now_us()
    world.platform.marks.mark([DirtyMark(point, now_us - 1, now_us)], writer_no=1, ready=True)
    assert world.get("/v1/repairs/recompute", **asked).json()["waiting"] is False


def test_a_button_that_computes_leads_to_how_far_it_is(world, signed, monkeypatch):
    """Of a meter with holes: here every one has them."""
    monkeypatch.setattr(by_books, "LACKING", Fraction(-1))
    csrf = signed(world, "operator").csrf
    found = by_check(world.get("/v1/repairs", key="operator"))["incomplete"]["repairs"]
    said = {"csrf": csrf, "check": "incomplete", "code": found[0]["code"]}
    pressed = world.client.post("/repairs/mend", data=said, follow_redirects=False)
    where = pressed.headers["location"]
    assert where.startswith(f"/repairs/progress?meter={found[0]['code']}&")
    assert "of 28 days" in world.client.get(where).text


def test_the_page_asks_shows_what_moves_and_mends(importing, signed):
    """Of a place whose area nobody said: a wrong one is told where it stands, a right one mends."""
    world, csrf = importing, signed(importing, "whole").csrf
    (node, *_) = sorted(codes(by_check(world.get("/v1/repairs", key="whole"))["no_area"]))
    page = f"/repairs/change?check=no_area&code={node}"
    asked = world.client.get(page)
    assert (asked.status_code, 'name="v.area_m2"' in asked.text) == (200, True)
    assert 'action="/repairs/mend"' not in asked.text
    wrong = world.client.get(f"{page}&v.area_m2=large")
    assert (wrong.status_code, 'aria-invalid="true"' in wrong.text) == (200, True)
    empty = world.client.get(f"{page}&v.area_m2=")
    assert (empty.status_code, 'action="/repairs/mend"' in empty.text) == (200, False)
    shown = world.client.get(f"{page}&v.area_m2=1234.5")
    assert shown.status_code == 200
    assert 'name="v.area_m2" value="1234.5"' in shown.text
    said = {"csrf": csrf, "check": "no_area", "code": node, "which": "0", "reason": "measured"}
    done = world.client.post("/repairs/mend", data={**said, "v.area_m2": "1234.5"})
    assert done.status_code == 200, done.text[-500:]
    assert f"{world.platform.registry().nodes[node].area_m2}" == "1234.5"
    assert node not in codes(by_check(world.get("/v1/repairs", key="whole"))["no_area"])


def test_every_repair_leads_to_the_very_thing(importing, signed):
    """Whoever sets up is led to the forms, others to what they may see."""
    world = importing
    world.platform.access.create_key("old", "", Role.READ, actor="test", now_us=1)
    signed(world, "whole")
    page = world.client.get("/repairs").text
    ways = {unescape(one) for one in re.findall(r'<a href="([^"]+)"><b>', page)}
    stems = {"/".join(one.split("/")[:3]) for one in ways}
    assert {"/setup/tree", "/setup/meters", "/setup/points", "/gateways/campus"} <= stems
    assert any(one.startswith("/keys/") for one in ways)
    for way in ways:
        assert world.client.get(way).status_code == 200, way
    (unused,) = re.findall(r'<a class="pill" href="(/keys/[^"]+)">', page)
    assert "/revocation" in world.client.get(unused).text

    signed(world, "operator")
    page = world.client.get("/repairs").text
    ways = set(re.findall(r'<a href="([^"]+)"><b>', page))
    assert ways
    assert not [one for one in ways if one.startswith(("/setup", "/keys"))]
