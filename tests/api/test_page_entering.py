"""Readings in front of a meter, and bills, on the page: asked again where in doubt, and once."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from html import unescape

import pytest

from api.usecases.hand_readings import JUMP
from metering.localtime import HOUR_US
from metering.reading import Kind
from metering.registry import Installation, Point
from metering.statement import StatementKind
from tests.api.conftest import sign_in
from tests.api.test_api_entries import desk as hand_desk  # noqa: F401
from tests.api.test_api_lineage import DAY, NOW, START, main, office
from tests.api.test_api_supplier_bills import world_of
from tests.metering.test_photos import JFIF, SECRET, exif, jpeg, segment

WEEK = DAY + timedelta(days=7)
PHOTO = jpeg(JFIF, segment(0xE1, exif("<", 6)))


class Reader:
    """Somebody with a key of the role, before the page."""

    def __init__(self, world, key="bureau"):
        self.world, self.csrf = world, sign_in(world, key).csrf

    def get(self, path, status=200):
        answer = self.world.client.get(path, follow_redirects=False)
        assert answer.status_code == status, answer.text[-3000:]
        return answer.text

    def post(self, path, status=303, files=None, **data):
        answer = self.world.client.post(
            path, data={**data, "csrf": self.csrf}, files=files, follow_redirects=False
        )
        assert answer.status_code == status, answer.text[-3000:]
        return answer.headers["location"] if status == 303 else answer.text

    def read(self, value, status=303, files=None, **more):
        said = {"meter": "m", "value": value, "at": f"{DAY + timedelta(days=9)}T08:00", **more}
        return self.post("/entries/meter", status, files, **said)

    def written(self):
        told = [
            json.loads(raw.payload)
            for raw in self.world.journal.kept.values()
            if raw.kind == "entered"
        ]
        return [{**one["statement"], "readings": one["readings"]} for one in told]


@pytest.fixture
def reader(booked):
    """A register that rose 24 kWh a day over nine days, up to 216."""
    hours = [START + n * HOUR_US for n in range(9 * 24 + 1)]
    installed = [Installation("m", 1, digits=6)]
    registry = office([main()], [Point(1, "b/g", "E1", Kind.REGISTER, "kWh")], installed)
    return Reader(booked(registry, NOW + 30 * 24 * HOUR_US, {1: (hours, list(range(len(hours))))}))


def hidden(page, name):
    return unescape(re.search(rf'name="{name}" value="([^"]*)"', page)[1])


def test_a_meter_is_found_and_its_reading_entered_once(reader):
    page = reader.get("/entries?q=m")
    assert "216 kWh" in page
    form = reader.get(unescape(re.search(r'href="(/entries/meter\?[^"]*)"', page)[1]))
    assert 'inputmode="decimal"' in form
    key = hidden(form, "key")
    where = {reader.read("220.5", key=key, read_by="Wang") for _ in range(2)}
    assert len(where) == len(reader.written()) == 1
    (one,) = reader.written()
    assert (one["kind"], one["said"]["value"], one["said"]["read_by"]) == (
        "reading",
        "220.5",
        "Wang",
    )
    assert "220.5" in reader.get(where.pop())
    assert "220.5 kWh" in reader.get("/entries")  # also before it is taken in


@pytest.mark.parametrize(("value", "doubt"), [("215", "lower"), (str(216 + 24 * JUMP + 1), "jump")])
def test_an_unlikely_reading_is_asked_about_before_it_is_written(reader, value, doubt):
    shown = reader.read(value, 200)
    assert 'id="hand-doubt"' in shown
    assert reader.written() == []
    assert ('value="turned"' in shown) == (doubt == "lower")
    again = {"doubted": hidden(shown, "doubted"), "key": hidden(shown, "key")}
    reader.read("9999", 200, reason="right", **again)  # another value is another question
    assert reader.written() == []
    reader.read(value, reason="exchanged", note="by the fitter", **again)
    (one,) = reader.written()
    assert one["said"]["note"].endswith("; by the fitter")
    assert "another meter" in one["said"]["note"]


def test_a_reading_between_two_is_held_against_both(reader):
    at = f"{DAY + timedelta(days=3)}T08:30"
    assert 'id="hand-doubt"' in reader.read("300", 200, at=at)
    reader.read("80.5", at=at)
    assert len(reader.written()) == 1


def test_a_photo_is_kept_bare_and_shown_with_what_it_shows(reader):
    files = {"photo": ("IMG_1.jpg", PHOTO, "image/jpeg")}
    shown = reader.read("1", 200, files)
    photo = hidden(shown, "photo_before")
    again = {"doubted": "1", "key": hidden(shown, "key"), "photo_before": photo}
    where = reader.read("1", reason="turned", **again)
    (one,) = reader.written()
    (file,) = one["said"]["evidence"]
    assert file["sha256"] == photo
    page = reader.get(where)
    link = re.search(r'<img src="(/entries/[^"]*)"', page)[1]
    answer = reader.world.client.get(link)
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.content.startswith(b"\xff\xd8\xff")
    assert SECRET not in answer.content
    message = re.search(r'href="(/messages/[^"]*)"', page)[1]
    assert f'href="/entries/{one["id"]}"' in reader.get(message)


@pytest.mark.parametrize(
    ("more", "photo"),
    [
        ({"value": "12x"}, None),
        ({"value": "1,234"}, None),
        ({"value": "9999999"}, None),
        ({"value": "220", "at": "yesterday"}, None),
        ({"value": "220", "at": "2099-01-01T00:00"}, None),
        ({"value": "220", "note": "a\x07"}, None),
        ({"value": "220"}, b"\0\0\0\x18ftypheic" + bytes(99)),
        ({"value": "220"}, b"GIF89a"),
        ({"value": "220"}, PHOTO + bytes(8 << 20)),
    ],
)
def test_what_cannot_be_entered_is_said_on_the_form(reader, more, photo):
    files = {"photo": ("p.jpg", photo, "image/jpeg")} if photo else None
    shown = reader.read(**{"status": 200, "files": files, "reason": "right", **more})
    assert 'role="alert"' in shown
    assert reader.written() == []


def test_an_entry_is_taken_back_with_a_reason(reader):
    where = reader.read("220")
    id = where.split("/")[-1].partition("?")[0]
    reader.post(f"/entries/{id}/withdrawal", reason="the meter next to it")
    assert reader.written()[-1]["kind"] == StatementKind.WITHDRAWAL
    assert "taken back" in reader.get(f"/entries/{id}")


def test_a_large_body_needs_somebody_who_is_signed_in(reader):
    big = bytes(9 << 20)  # beyond the bound, of which nobody who is unknown is told
    reader.world.client.cookies.clear()
    answer = reader.world.client.post(
        "/entries/meter", content=big, headers={"Accept": "text/html"}, follow_redirects=False
    )
    assert (answer.status_code, answer.headers["location"][:7]) == (303, "/signin")


TABLE = f"表号,抄表时间,读数\nm,{DAY + timedelta(days=9)} 08:00,220\nm,{DAY} 00:00,x\n"


def test_a_table_is_shown_before_it_is_loaded(reader):
    files = {"table": ("抄表.csv", TABLE.encode("gb18030"), "text/csv")}
    shown = reader.post("/entries/table", 200, files, step="look")
    assert reader.written() == []
    assert "data:text/csv;base64," in shown
    carried = {name: hidden(shown, name) for name in ("name", "content", "date", "decimal")}
    loaded = reader.post("/entries/table", 200, step="load", **carried)
    assert "refused" in loaded
    assert [one["said"]["value"] for one in reader.written()] == ["220"]
    reader.post("/entries/table", 422, step="look")
    reader.post("/entries/table", 422, {"table": ("t.csv", b"x", "text/csv")}, step="look")


@pytest.fixture
def billed(booked):
    return Reader(world_of(booked, {}))


BILL = {"account": "31-1", "number": "A7", "start": str(DAY), "last": str(WEEK - timedelta(days=1))}


def test_a_bill_is_typed_in_and_its_audit_shown(billed):
    assert "31-1" in billed.get("/bills/entered/add")
    typed = {"total": "1,200.50", "from": "0", "to": "672", "quantity": "700", "peak.amount": "9"}
    where = billed.post("/bills/entered/add", **BILL, **typed)
    page = billed.get(where)
    assert "¥1,200.50" in page
    assert 'class="card audit"' in page
    assert billed.post("/bills/entered/add", **BILL, **typed) == where
    assert len(billed.written()) == 1
    other = billed.post("/bills/entered/add", 200, **BILL, total="7")
    assert 'name="correct"' in other
    assert len(billed.written()) == 1
    corrected = billed.post("/bills/entered/add", **BILL, total="7", correct="true")
    assert corrected != where
    billed.post(f"{corrected}/withdrawal", reason="not ours")
    assert "taken back" in billed.get(corrected)


@pytest.mark.parametrize(
    "typed",
    [
        {"total": ""},
        {"total": "x"},
        {"total": "5", "from": "1"},
        {"total": "5", "last": "2099-01-01"},
        {"total": "5", "account": "9"},
        {"total": "5", "note": "\x07"},
    ],
)
def test_what_is_wrong_with_a_bill_is_said_on_the_form(billed, typed):
    shown = billed.post("/bills/entered/add", 200, **{**BILL, **typed})
    assert 'role="alert"' in shown
    assert billed.written() == []


def test_bills_from_a_table_on_the_page(billed):
    content = f"户号,账单号,起始日期,截止日期,电费\n31-1,A7,{DAY},{DAY},5\n".encode()
    shown = billed.post("/bills/entered/table", 200, {"table": ("b.csv", content, "text/csv")})
    carried = {name: hidden(shown, name) for name in ("name", "content")}
    where = billed.post("/bills/entered/table", step="load", **carried)
    assert where.startswith("/bills/entered?done=1")
    assert len(billed.written()) == 1


def test_bills_that_are_taken_in_are_listed_for_those_whose_they_are(world, signed):
    signed(world, "whole")
    page = world.client.get("/bills/entered").text
    ids = re.findall(r'href="/bills/entered/(\w+)"', page)
    assert "5c4002" in ids
    assert "at stake" in page or "findings" in page.lower()
    signed(world, "bureau")
    assert "5c4002" not in world.client.get("/bills/entered").text
    assert world.client.get("/bills/entered/5c4002").status_code == 404
