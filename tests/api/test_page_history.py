"""Years of readings over the page: looked at, mapped, tried, loaded; each value counted once."""

from __future__ import annotations

import io
import os
import re
import stat
import time
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape

import openpyxl
import pytest

from greenoffice.api_process import desk_of, platform_of
from greenoffice.assembly import Assembly
from greenoffice.history.state import UploadFolder
from greenoffice.stores import open_stores
from greenoffice.taking_in import IntakeWork, serving
from metering.access import Role
from tests import history_office
from tests.api.conftest import client_of, sign_in

pytestmark = pytest.mark.timeout(300)

DAYS = range(1, 7)
HALL = {day: 1000.125 + day for day in DAYS}
LAB = {1: 10.5, 2: 11.25, 3: None, 4: "broken", 5: 13.75, 6: 14.125}
ROOF = {day: 20.0625 - day for day in DAYS}


def workbook():
    """Days 1 to 6 of March 2025, written so that they may be months."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["time", "old counter", "lab", "p.roof", "spare"])
    for day in DAYS:
        sheet.append([f"0{day}/03/2025 00:00", HALL[day], LAB[day] or "-", ROOF[day], day])
    other = book.create_sheet("of others")
    other.append(["time", "x", "y"])
    other.append(["13/03/2025 00:00", 1, 2])
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def at(day):
    return int(datetime(2025, 3, day, tzinfo=UTC).timestamp()) * 1_000_000


def not_called(_):
    raise AssertionError("nothing is pushed or entered here")


class Office:
    """Administrators before the page of a real data folder."""

    def __init__(self, folder, parts):
        self.folder, self.parts = folder, parts
        desk = desk_of(parts, "http", not_called)
        self.platform = platform_of(folder, parts, not_called, desk)
        self.client = client_of(self.platform)
        whole = ("one", "", Role.ADMIN), ("two", "", Role.ADMIN), ("site", "s", Role.ADMIN)
        self.keys = {
            name: parts.stores.access.create_key(name, node, role, actor="test", now_us=1)
            for name, node, role in whole
        }
        self.be("one")

    def be(self, name):
        self.client.cookies.clear()
        self.csrf = sign_in(self, name).csrf

    def send(self, data, name="years.xlsx"):
        answer = self.client.post(
            "/setup/history",
            data={"csrf": self.csrf},
            files={"file": (name, data)},
            follow_redirects=False,
        )
        assert answer.status_code == 303, answer.text[-2000:]
        return answer.headers["location"]

    def post(self, path, status=303, **data):
        answer = self.client.post(path, data={"csrf": self.csrf, **data}, follow_redirects=False)
        assert answer.status_code == status, answer.text[-2000:]

    def stored(self, meter):
        """(time [us UTC], value) of everything that is stored of a meter's point."""
        taking = IntakeWork(self.parts)
        while taking():
            pass
        point = self.parts.registry().point_of("s/g", f"p.{meter}")
        rows = self.parts.readings.scan([point.id], 0, 2**62)
        return list(zip(rows.time_us.tolist(), rows.value.tolist(), strict=True))

    def page(self, path):
        """As it is in the end; while a step runs it asks to be loaded again."""
        while 'http-equiv="refresh"' in (text := self.client.get(path).text):
            time.sleep(0.2)
        return text


@pytest.fixture
def office(tmp_path):
    folder = history_office.office(tmp_path / "data")
    with closing(Assembly.open(folder)) as parts, serving(folder, parts):
        yield Office(folder, parts)


def chosen(page):
    """What each select of a series stands on."""
    return {
        int(place): (re.search(r'value="([^"]*)" selected', options) or ["", ""])[1]
        for place, options in re.findall(r'<select name="point\.(\d+)".*?>(.*?)</select>', page)
    }


def counts(page):
    found = re.findall(r'data-count="(\w+)">[^<]*: (\d+)<', page)
    told = {name: int(count) for name, count in found}
    assert int(re.search(r"<b>(\d+) values were read", page)[1]) == sum(told.values())
    return told


MAPPED = {
    "date": "dmy",
    "zone": "UTC",
    "point.0": "s/g/p.hall",
    "unit.0": "kWh",
    "point.1": "s/g/p.lab",
    "point.2": "s/g/p.roof",
    "point.3": "",
    "point.4": "",
    "point.5": "",
}


def loaded(office):
    place = office.send(workbook())
    office.page(place)
    office.post(place, step="look", date="dmy", zone="UTC")
    office.page(place)
    office.post(place, step="try", **MAPPED)
    tried = counts(office.page(place))
    office.post(f"{place}/load", reason="moved here")
    assert counts(office.page(place)) == tried
    return place, tried


def test_a_workbook_is_asked_about_mapped_tried_and_loaded_to_the_digit(office):
    place = office.send(workbook())
    page = office.page(place)
    assert "two readings are possible" in page
    assert '<div class="field wrong"><label for="date">' in page
    assert "point.0" not in page
    office.post(place, step="look", date="dmy", zone="UTC")
    page = office.page(place)
    assert "history-refusal" not in page, re.findall("<div class=.alert.*", page)
    assert chosen(page) == {0: "", 1: "s/g/p.lab", 2: "s/g/p.roof", 3: "", 4: "", 5: ""}
    assert "old counter" in page
    assert "2025-03-01 00:00 = 1,001.125" in page
    office.post(f"{place}/load", status=409, reason="not seen yet")
    office.post(place, step="try", **MAPPED)
    page = office.page(place)
    told = counts(page)
    assert told == {"stored": 16, "missing": 1, "refused": 1, "unknown": 8}
    assert not office.stored("hall")
    office.post(f"{place}/load", status=422, reason=" ")
    office.post(f"{place}/load", reason="moved here")
    assert counts(office.page(place)) == told
    refused = office.client.get(f"{place}/refused").content.decode("utf-8-sig")
    assert "broken" in refused
    assert len(refused.splitlines()) == 2
    entry = office.platform.access.entries(None, limit=1)[0]
    assert (entry.action, entry.subject, entry.reason) == (
        "history.load",
        "years.xlsx",
        "moved here",
    )
    upload = UploadFolder(office.folder.uploads / place.rpartition("/")[2])
    assert list(upload.sent.iterdir()) == []
    assert office.stored("hall") == [(at(day), value) for day, value in HALL.items()]
    known = {day: value for day, value in LAB.items() if isinstance(value, float)}
    assert office.stored("lab") == [(at(day), value) for day, value in known.items()]
    roof = [value for _, value in office.stored("roof")]
    assert roof == list(ROOF.values())


def test_what_was_refused_is_told_in_the_language_of_the_page(office):
    """A cell that is no number, a time that is none, and what stands already with another value."""
    loaded(office)
    lines = ["time,p.lab", "2025-03-01 00:00,99", "2025-03-20 00:00,broken", "yesterday,7"]
    place = office.send("\n".join(lines).encode(), "again.csv")
    office.page(place)
    office.post(place, step="try", zone="UTC", **{"point.0": "s/g/p.lab"})
    office.page(place)
    office.client.get("/language/zh")
    told = re.findall("<li>(.*?)</li>", office.page(place))
    assert sorted(set(map(unescape, told))) == [
        "again.csv，第 2 行，p.lab，2025-03-01T00:00:00Z，值 99.0：已有另一个值",
        "again.csv，第 3 行，p.lab = 'broken'：不是数值",
        "again.csv，第 4 行，p.lab = '7'：不是时间：yesterday",
    ]


def test_a_file_that_is_loaded_again_is_all_duplicates(office):
    _, first = loaded(office)
    _, again = loaded(office)
    assert again == {**{k: v for k, v in first.items() if k != "stored"}, "duplicates": 16}


def test_an_upload_is_found_by_who_sent_it_alone(office):
    place = office.send(b"time,lab\n2025-03-13 00:00,1\n", "a.csv")
    office.page(place)
    for ways in ("", "/refused"):
        assert office.client.get(f"{place[:-1]}{ways}").status_code == 404
    office.be("two")
    assert office.client.get(place).status_code == 404
    assert office.client.get(f"{place}/refused").status_code == 404
    office.post(place, status=404, step="try")
    office.post(f"{place}/load", status=404, reason="mine")
    office.be("site")
    assert office.client.get("/setup/history").status_code == 403
    assert office.client.get(place).status_code == 403


def sent_before(office):
    """{where it is found: (file, how far it is)} as the form lists them, in order."""
    card = re.search(r'id="history-sent">(.*?)</section>', office.page("/setup/history"))
    lines = re.findall(r'<a href="(.*?)">(.*?)</a> <span.*?>(.*?)</span>', card[1]) if card else []
    return {place: (file, state) for place, file, state in lines}


def test_what_was_sent_is_found_again_with_how_far_it_is(office):
    assert sent_before(office) == {}
    done, _ = loaded(office)
    asks = office.send(b"time,p.lab\n03/04/2025 00:00,1\n", "asks.csv")
    office.page(asks)
    waits = office.send(b"time,p.lab\n2025-03-13T00:00Z,1\n", "<waits>.csv")
    office.page(waits)
    assert sent_before(office) == {
        waits: ("&lt;waits&gt;.csv", "waits for you"),
        asks: ("asks.csv", "cannot be read yet"),
        done: ("years.xlsx", "loaded"),
    }
    upload = UploadFolder(office.folder.uploads / waits.rpartition("/")[2])
    upload.tell(replace(upload.told(), running=True))
    while sent_before(office)[waits][1] != "broke off":  # the process is just about to end
        time.sleep(0.1)
    os.utime(upload.root, (1, 1))
    while waits in sent_before(office):
        time.sleep(0.1)
    (office.folder.uploads / ("x" * 32)).mkdir()
    assert list(sent_before(office)) == [asks, done]
    office.be("two")
    assert sent_before(office) == {}


def test_a_step_whose_process_died_is_said_to_have_broken_off(office):
    place = office.send(b"time,lab\n2025-03-13 00:00,1\n", "a.csv")
    office.page(place)
    upload = UploadFolder(office.folder.uploads / place.rpartition("/")[2])
    upload.tell(replace(upload.told(), running=True))
    assert "This broke off." in office.page(place)
    office.post(place, step="look", zone="UTC")
    assert "This broke off." not in office.page(place)


def test_what_is_sent_is_bounded_private_and_gone_after_a_day(office):
    name = "../../" + "\u6c34" * 300 + "\x00.csv"
    place = office.send(b"time,lab\n2025-03-13 00:00,1\n", name)
    office.page(place)
    upload = UploadFolder(office.folder.uploads / place.rpartition("/")[2])
    assert [one.name for one in upload.sent.iterdir()] == ["\u6c34" * 40 + ".csv"]
    assert stat.S_IMODE(upload.sent.stat().st_mode) == 0o700
    os.utime(upload.root, (1, 1))
    while office.client.get(place).status_code != 404:  # the process is just about to end
        time.sleep(0.1)
    empty = office.client.post(
        "/setup/history", data={"csrf": office.csrf}, files={"file": ("a.csv", b"")}
    )
    assert empty.status_code == 422
    assert list(office.folder.uploads.iterdir()) == []
    headers = {"content-length": str(office.platform.max_history_bytes + (1 << 20))}
    assert office.client.post("/setup/history", headers=headers).status_code == 413
    office.client.cookies.clear()
    assert office.client.post("/setup/history", content=b"x").status_code in (303, 401)


def test_columns_get_new_meters_that_are_shown_before_they_are_made(office):
    lines = ["time,canteen (kWh),lab", *(f"2025-03-{n:02},{100 + n},{n}" for n in range(1, 21))]
    place = office.send("\n".join(lines).encode(), "a.csv")
    office.page(place)
    office.post(place, step="look", zone="UTC", new="true", node="b")
    page = office.page(place)
    assert chosen(page) == {0: "+", 1: "s/g/p.lab"}
    assert 'value="register" selected' in page
    said = {"zone": "UTC", "point.0": "+", "point.1": "s/g/p.lab"}
    office.post(place, step="try", **said)
    assert "nothing tells the node of the new meter" in office.page(place)
    office.post(place, step="try", **said, **{"node.0": "b", "item.0": "01B00"})
    page = office.page(place)
    assert counts(page) == {"stored": 40}
    assert "history-made" in page
    assert "s/history" not in open_stores(office.folder).registry.load().gateways
    office.post(f"{place}/load", reason="of the old system")
    assert counts(office.page(place)) == {"stored": 40}
    registry = open_stores(office.folder).registry.load()
    point = registry.point_of("s/history", "canteen")
    (served,) = registry.meters_of_point(point.id)
    meter = registry.meters[served.meter]
    assert (meter.node, meter.item, meter.name_en) == ("b", "01B00", "canteen")
    entries = open_stores(office.folder).access.entries(None, limit=5)
    assert ("registry.apply", "of the old system") in {(e.action, e.reason) for e in entries}
