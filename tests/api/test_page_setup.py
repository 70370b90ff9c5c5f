"""Set-up on the page: what a change moves is shown before it is saved, and it can be undone."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.platform import GatewayDoor
from metering.registry import Meter, Registry
from metering.registry.files import read_registry_texts
from metering.registry.kinds import TABLES
from metering.registry.things import shape_of, things
from tests.api.conftest import NOW_US, client_of

METER = "office-a-01b00"
TARIFF = "tariff,item,months,days,start,end,period,price\nlist,01000,1-12,all,00:00,24:00,flat,1\n"


class Admin:
    """Whoever administers the whole platform, before the page."""

    def __init__(self, world, signed):
        def read(texts, end_missing=None):
            return read_registry_texts(texts, world.platform.registry(), end_missing=end_missing)

        self.platform = replace(world.platform, read_registry=read)
        self.world = replace(world, platform=self.platform, client=client_of(self.platform))
        self.csrf = signed(self.world, "whole").csrf

    def page(self, path, status=200):
        answer = self.world.client.get(path)
        assert answer.status_code == status, answer.text[-3000:]
        return answer.text

    def sent(self, path, form, step, status=200, **changed):
        """The form as it stands on the page, with some fields filled otherwise."""
        data = {**fields(form), **changed, "csrf": self.csrf, "step": step}
        answer = self.world.client.post(path, data=data, follow_redirects=False)
        assert answer.status_code == status, answer.text[-3000:]
        return answer.text if status == 200 else answer.headers["location"]

    def id(self, file, *key):
        found = things(self.platform.registry(), file)
        return next(
            one.id for one in found if tuple(one.first[c] for c in shape_of(file).key) == key
        )


def fields(page):
    """Names and values of the inputs and selects of a form."""
    form = page[page.index('id="setup-form"') :]
    found = {}
    for tag in re.findall(r"<input [^>]*>", form):
        name = re.search(r'name="([^"]*)"', tag)
        value = re.search(r'value="([^"]*)"', tag)
        if name:
            found[name[1]] = unescape(value[1]) if value else ""
    for name, options in re.findall(r'<select id="[^"]*" name="([^"]*)".*?>(.*?)</select>', form):
        chosen = re.search(r'<option value="([^"]*)" selected>', options)
        found[name] = chosen[1] if chosen else ""
    return found


@pytest.fixture
def admin(world, signed):
    return Admin(world, signed)


def test_every_kind_of_what_is_registered_is_listed_and_has_a_form(admin):
    page = admin.page("/setup")
    for file in TABLES:
        stem = file.removesuffix(".csv")
        assert f'href="/setup/{stem}"' in page
        assert 'id="setup-list"' in admin.page(f"/setup/{stem}")
        form = admin.page(f"/setup/{stem}/row")
        shape = shape_of(file)
        names = {f"c.{one}" for one in shape.once} | {f"p.0.{one}" for one in shape.parts}
        assert names <= set(fields(form))
    admin.page("/setup/nothing", 404)
    assert admin.page("/setup/meters?q=OFFICE-A+water").count("row?row=") == 2


@pytest.mark.parametrize(
    ("kind", "told", "elsewhere"),
    [
        ("calendar", "Statutory holiday", "a register counts on"),
        ("factors", "Unit of the factor", "The unit in which it is sent"),
        ("office_hours", "1 is Monday", "As the calendar tells them"),
        ("power_factors", "Upper end of the band", "a value cannot be true"),
        ("tiers", "from the year or the month", "deep_valley"),
        ("charges", "percent of a tax", "kvarh"),
    ],
)
def test_a_column_is_explained_as_it_is_meant_in_its_own_table(admin, kind, told, elsewhere):
    form = admin.page(f"/setup/{kind}/row")
    assert told in form
    assert elsewhere not in form


def test_a_change_is_shown_with_what_it_moves_and_then_saved_and_undone(admin):
    path = "/setup/meters/row"
    form = admin.page(f"{path}?row={admin.id('meters.csv', METER)}")
    shown = admin.sent(path, form, "look", **{"c.max_per_hour": "250", "c.code": "another"})
    assert "max_per_hour" in shown
    assert "250" in shown
    assert admin.platform.registry().meters[METER].max_per_hour is None
    where = admin.sent(path, shown, "save", 303, reason="as on the plate")
    assert parse_qs(urlsplit(where).query)["done"] == [METER]
    assert admin.platform.registry().meters[METER].max_per_hour == 250
    assert "another" not in admin.platform.registry().meters
    entry = admin.platform.access.entries(None, limit=1)[0]
    assert (entry.action, entry.reason) == ("registry.apply", "as on the plate")
    stands = admin.page(f"{path}?row={admin.id('meters.csv', METER)}")
    assert "as on the plate" in stands
    undo = re.search(r'href="([^"]*undo=\d+)"', stands)[1]
    back = admin.page(unescape(undo))
    assert fields(back)["c.max_per_hour"] == ""
    admin.sent(path, back, "save", 303, reason="read wrongly")
    assert admin.platform.registry().meters[METER].max_per_hour is None


def test_a_ratio_is_undone_as_it_is_shown(admin):
    path, gateway = "/setup/points/row", "campus/gw-1"
    known = things(admin.platform.registry(), "points.csv")
    one = next(one for one in known if one.first["meter"] and one.first["gateway"] == gateway)
    row = f"{path}?row={one.id}"
    shown = admin.sent(path, admin.page(row), "look", **{"p.0.ratio": "777"})
    admin.sent(path, shown, "save", 303, reason="read wrongly")
    undo = re.search(r'href="([^"]*undo=\d+)"', admin.page(row))[1]
    admin.sent(path, admin.page(unescape(undo)), "save", 303, reason="as on the plate")
    assert things(admin.platform.registry(), "points.csv") == known


def test_what_was_not_shown_is_not_saved(admin):
    path = "/setup/meters/row"
    form = admin.page(f"{path}?row={admin.id('meters.csv', METER)}")
    shown = admin.sent(path, form, "look", **{"c.max_per_hour": "250"})
    again = admin.sent(path, shown, "save", reason="seen", **{"c.max_per_hour": "260"})
    assert "not what was shown" in again
    assert admin.platform.registry().meters[METER].max_per_hour is None
    admin.sent(path, again, "save", 303, reason="as on the plate")
    assert admin.platform.registry().meters[METER].max_per_hour == 260


def test_what_is_wrong_is_told_at_its_field_and_nothing_is_changed(admin):
    version = admin.platform.registry().version
    form = admin.page("/setup/meters/row")
    new = {"c.code": "new", "c.node": "campus", "c.item": "01000"}
    for column, value in (("code", "new one"), ("node", "nowhere"), ("item", "electricity")):
        wrong = admin.sent("/setup/meters/row", form, "save", **{**new, f"c.{column}": value})
        field = wrong[wrong.index(f'id="c.{column}"') :]
        assert 'class="small problem"' in field[: field.index("</div>")], column
        assert fields(wrong)[f"c.{column}"] == value
    taken = admin.sent("/setup/meters/row", form, "look", **{**new, "c.code": METER})
    assert "registered already" in taken
    assert admin.platform.registry().version == version


def test_a_fix_is_told_of_what_the_page_has(admin):
    form = admin.page("/setup/meters/row")
    wrong = admin.sent(
        *("/setup/meters/row", form, "look"),
        **{"c.code": "new", "c.node": "campus", "c.item": "01000", "c.fed_by": "nobody"},
    )
    assert "add it to “Meters”, or correct the code" in wrong
    point = admin.page("/setup/points/row")
    said = {"c.gateway": "campus/gw-1", "c.point": "new", "c.kind": "register", "c.unit": "m3"}
    wrong = admin.sent("/setup/points/row", point, "look", **said, **{"p.0.meter": METER})
    field = wrong[wrong.index('id="c.unit"') :]
    assert "such as kWh" in field[: field.index("</div>")]


def test_a_complete_month_needs_a_reason(admin):
    path, list_ = "/setup/tariff/row", things(admin.platform.registry(), "tariff.csv")
    form = admin.page(f"{path}?row={list_[0].id}")
    assert fields(form)["p.2.price"] == "0.62"
    shown = admin.sent(path, form, "look", **{"p.2.price": "0.70"})
    assert "complete month" in shown
    assert "0.62" in shown
    refused = admin.sent(path, shown, "save")
    assert "reason" in refused
    assert {f"{row.price}" for row in admin.platform.registry().tariff} == {"0.31", "0.98", "0.62"}
    admin.sent(path, shown, "save", 303, reason="the list of the supplier")
    assert {f"{row.price}" for row in admin.platform.registry().tariff} == {"0.31", "0.98", "0.70"}


def test_a_row_of_a_price_list_is_taken_out_and_another_list_follows(admin):
    path, list_ = "/setup/tariff/row", things(admin.platform.registry(), "tariff.csv")
    form = admin.page(f"{path}?row={list_[0].id}")
    blank = dict.fromkeys((name for name in fields(form) if name.startswith("p.2.")), "")
    flat = {**blank, "p.1.end": "24:00", "applies_from": "2026-12-01"}
    shown = admin.sent(path, form, "look", **flat)
    assert "No complete month is restated" in shown
    admin.sent(path, shown, "save", 303)
    rows = admin.platform.registry().tariff
    ends = sorted({(str(row.valid.start), str(row.valid.end)) for row in rows})
    assert ends == [("2026-12-01", "None"), ("None", "2026-12-01")]
    assert len(rows) == 5


def test_a_place_has_parts_and_a_new_gateway_its_password_once(admin):
    form = admin.page(f"/setup/tree/row?row={admin.id('tree.csv', 'hall')}")
    more = admin.sent("/setup/tree/row", form, "more", **{"c.area_m2": "900"})
    said = {"p.0.valid_to": "2026-12-01", "p.1.parent": "campus", "p.1.valid_from": "2026-12-01"}
    other = admin.sent("/setup/tree/row", more, "look", **said, **{"p.0.parent": "bureau"})
    assert "say from which day it applies" in other
    shown = admin.sent("/setup/tree/row", more, "look", **said)
    admin.sent("/setup/tree/row", shown, "save", 303, reason="measured anew")
    registry = admin.platform.registry()
    assert registry.nodes["hall"].area_m2 == 900
    assert {one.parent for one in registry.space if one.child == "hall"} == {"yard", "campus"}
    form = admin.page("/setup/gateways/row")
    shown = admin.sent("/setup/gateways/row", form, "look", **{"c.site": "campus", "c.code": "new"})
    told = admin.sent("/setup/gateways/row", shown, "save")
    password = re.search(r">campus/new</a></td><td><code>([^<]+)</code>", told)[1]
    verify = admin.platform.credentials.verify
    assert verify("campus/new", unescape(password).encode(), admin.platform.now_us())


def test_a_point_serves_another_meter_from_a_day_on(admin):
    """What it served before stays; the months that are restated are said first."""
    known = admin.platform.registry()
    lift = Meter("lift", "office-b", "01C00")
    admin.platform.registry_store.apply(
        replace(known, meters=known.meters | {"lift": lift}), actor="test", now_us=NOW_US
    )
    point = admin.id("points.csv", "campus/gw-1", "office-a-01c00.import")
    form = admin.page(f"/setup/points/row?row={point}")
    assert fields(form)["p.0.meter"] == "office-a-01c00"
    unsaid = admin.sent("/setup/points/row", form, "look", **{"p.0.meter": "lift"})
    assert "say from which day it applies" in unsaid
    both = {"p.0.meter": "lift", "c.unit": "MWh", "applies_from": "2026-10-01"}
    always = admin.sent("/setup/points/row", form, "look", **both)
    assert "holds on all days" in always
    said = {"p.0.meter": "lift", "applies_from": "2026-10-01"}
    shown = admin.sent("/setup/points/row", form, "look", **said)
    assert re.search(r"1 complete month is told otherwise:\s*October 2026", shown)
    assert fields(shown)["applies_from"] == "2026-10-01"
    admin.sent("/setup/points/row", shown, "save", reason="moved", applies_from="2026-09-01")
    admin.sent("/setup/points/row", shown, "save", 303, reason="the lift was moved")
    serves = {
        (one.meter, str(one.valid.start), str(one.valid.end))
        for one in admin.platform.registry().installations
        if one.point == known.point_of("campus/gw-1", "office-a-01c00.import").id
    }
    assert serves == {
        ("office-a-01c00", "None", "2026-10-01"),
        ("lift", "2026-10-01", "None"),
    }


SAID = (
    "",
    "x",
    "=1+1",
    '"',
    "a,b\nc",
    "\0",
    "１２",
    "9" * 400,
    "-1",
    "2026-02-30",
    "<b>",
    "\u202e",
)


@given(data=st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_form_breaks_whatever_is_filled_in(admin, data):
    file = data.draw(st.sampled_from(sorted(TABLES)))
    path, known = f"/setup/{file.removesuffix('.csv')}/row", things(admin.platform.registry(), file)
    row = data.draw(st.sampled_from(["", *(one.id for one in known[:2])]))
    form = fields(admin.page(f"{path}?row={row}"))
    text = st.sampled_from(SAID) | st.text(max_size=12)
    sent = {name: data.draw(text) for name in form if data.draw(st.booleans())}
    sent = {name: value for name, value in sent.items() if name not in ("csrf", "row")}
    step = data.draw(st.sampled_from(("look", "save", "more", "else")))
    told = {**form, **sent, "step": step, "csrf": admin.csrf}
    body = urlencode(told, errors="surrogatepass")
    media = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = admin.world.client.post(path, content=body, headers=media, follow_redirects=False)
    assert answer.status_code in (200, 422), answer.text


def test_an_empty_platform_asks_for_its_office_and_says_what_comes_next(booked, signed):
    world = booked(Registry(), NOW_US, {})
    samples = {"tariff.csv": TARIFF, "calendar.csv": "date,kind\n2026-10-01,holiday\n"}
    platform = replace(world.platform, samples=lambda: samples)
    admin = Admin(replace(world, platform=platform, keys={"whole": world.keys["bureau"]}), signed)
    form = admin.page("/setup")
    assert 'action="/setup/first"' in form
    said = {"code": "bu reau", "name": "机关", "zone": "Asia/Nowhere", "area_m2": "big"}
    data = {"csrf": admin.csrf, "language": "zh", "sample": ["tariff.csv", "calendar.csv"]}
    answer = admin.world.client.post("/setup/first", data={**data, **said})
    assert answer.text.count('class="small problem"') == 3  # all at once, each where it is
    assert answer.text.count("not a code") == 1
    assert not admin.platform.registry().nodes
    said = {"code": "bureau", "name": "机关", "zone": "Asia/Shanghai", "area_m2": "1200"}
    answer = admin.world.client.post("/setup/first", data={**data, **said}, follow_redirects=False)
    assert answer.status_code == 303, answer.text
    registry = admin.platform.registry()
    assert list(registry.nodes) == ["bureau", "bureau-1", "bureau-site"]
    assert registry.nodes["bureau-site"].name("zh") == "机关园区"
    assert registry.zone("bureau-1") == "Asia/Shanghai"
    assert (registry.nodes["bureau-1"].name("zh"), registry.nodes["bureau-1"].area_m2) == (
        "机关",
        1200,
    )
    assert len(registry.tariff) == len(registry.calendar.days) == 1
    following = admin.page("/setup")
    assert 'href="/setup/gateways/row"' in following[: following.index('id="setup-kinds"')]
    again = admin.world.client.post("/setup/first", data={**data, **said})
    assert again.status_code == 409


def test_nobody_else_sets_up(world, signed):
    paths = ("/setup", "/setup/meters", "/setup/meters/row", "/setup/template", "/setup/workbook")
    paths += ("/setup/model", "/setup/model?haystack=true")
    for key in ("bureau", "operator", "reader", "school"):
        csrf = signed(world, key).csrf
        assert 'href="/setup"' not in world.client.get("/findings").text
        for path in paths:
            assert world.client.get(path).status_code == 403, (key, path)
        form = {"csrf": csrf, "c.code": "x", "step": "save"}
        assert world.client.post("/setup/tree/row", data=form).status_code == 403, key
    assert world.client.post("/setup/tree/row", data={"step": "save"}).status_code == 403


@pytest.mark.parametrize(
    ("door", "host", "note"),
    [
        (GatewayDoor("127.0.0.1", 1883), "127.0.0.1", "listens on this machine alone"),
        (GatewayDoor("0.0.0.0", 8883, tls=True), "testserver", ""),
        (GatewayDoor("10.1.2.3", 1884, broker="mqtt://hub:1883"), "10.1.2.3", "mqtt://hub:1883"),
    ],
)
def test_the_password_of_a_new_gateway_stands_with_all_that_is_entered_beside_it(
    world, signed, door, host, note
):
    admin = Admin(replace(world, platform=replace(world.platform, door=door)), signed)
    path = "/setup/gateways/row"
    filled = {"c.site": "campus", "c.code": "gw-9"}
    shown = admin.sent(path, admin.page(path), "look", **filled)
    told = admin.sent(path, shown, "save")
    lines = dict(
        line.split() for line in re.search(r"<pre>(.*?)</pre>", told, re.S)[1].splitlines()
    )
    assert lines["password"] == re.search(r"<td><code>([^<]+)</code></td>", told)[1]
    assert {name: lines[name] for name in ("host", "port", "tls", "user", "topic")} == {
        "host": host,
        "port": str(door.port),
        "tls": "on" if door.tls else "off",
        "user": "campus/gw-9",
        "topic": "greenoffice/v1/campus/gw-9/readings",
    }
    assert ('class="note"' in told) == bool(note)
    assert note in told
    assert 'href="/gateways/campus/gw-9"' in told
