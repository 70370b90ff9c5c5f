"""Keys, gateways and dead letters on the page: shown before it is done, and in scope."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from html import unescape

import pytest

from metering.intake import IntakeBatch, LetterCause
from metering.joining import Sighting
from metering.registry import Meter, SpaceEdge
from metering.registry.files import read_registry_texts
from metering.validity import Validity
from tests.api.conftest import NOW_US, SEGMENT, client_of


def told_of(text):
    """What a page says, without its marks."""
    return re.sub(r"<[^>]*>|\s+", " ", text)[-1500:]


class PageOf:
    """The page as somebody with a key sees it."""

    def __init__(self, world, signed, key):
        def read(texts, end_missing=None):
            return read_registry_texts(texts, world.platform.registry(), end_missing=end_missing)

        self.platform = replace(world.platform, read_registry=read)
        self.world = replace(world, platform=self.platform, client=client_of(self.platform))
        self.csrf = signed(self.world, key).csrf

    def get(self, path, status=200):
        answer = self.world.client.get(path)
        assert answer.status_code == status, (path, told_of(answer.text))
        return answer.text

    def post(self, path, status=200, **data):
        answer = self.world.client.post(
            path, data={"csrf": self.csrf, **data}, follow_redirects=False
        )
        assert answer.status_code == status, (path, told_of(answer.text))
        return answer.text

    def confirmed(self, path, reason="as agreed", status=303, **data):
        """Shown, and then done with what the page that shows it holds."""
        shown = self.post(path, **data)
        assert "What this changes" in shown
        form = shown[shown.index('id="confirm"') :]
        held = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', form)
        action = re.search(r'action="([^"]*)"', form)[1]
        told = {name: unescape(value) for name, value in held}
        return self.post(action, status, **{**told, "step": "save", "reason": reason})

    def key(self, name):
        known = self.platform.access.keys()
        return next(one for one in known if one.name == name)

    def latest(self):
        return self.platform.access.entries(None, limit=1)[0]


@pytest.fixture
def page(world, signed):
    return lambda key="bureau": PageOf(world, signed, key)


def test_a_key_is_made_rotated_ended_and_revoked_each_with_its_reason(page):
    admin = page()
    wanted = {"name": "Chen Wei", "node": "office-a", "role": "operate", "purpose": "shift"}
    shown = admin.post("/keys/new", **wanted, expires="2027-01-01")
    assert "Chen Wei may, at Office A: read and enter, see to findings" in shown
    assert "From 2027-01-01 00:00 on it opens nothing." in shown
    assert "Chen Wei" not in admin.get("/keys")
    admin.post("/keys/new", 422, **wanted, step="save")
    told = admin.confirmed("/keys/new", "new on the shift", 200, **wanted, expires="2027-01-01")
    secret = re.search(r"<code>(go_[^<]+)</code>", told)[1]
    made = admin.platform.access.key(secret)
    assert (made.node, made.role, made.purpose) == ("office-a", "operate", "shift")
    assert (admin.latest().action, admin.latest().reason) == ("key.create", "new on the shift")
    assert secret not in admin.get("/keys")
    assert "new on the shift" in admin.get(f"/keys/{made.id}")
    other = admin.confirmed(f"/keys/{made.id}/rotation", "lost", 200)
    second = admin.platform.access.key(re.search(r"<code>(go_[^<]+)</code>", other)[1])
    assert admin.platform.access.key(secret) is None
    assert (second.name, second.node, second.expires_us) == (
        "Chen Wei",
        "office-a",
        made.expires_us,
    )
    admin.confirmed(f"/keys/{second.id}/end", "leaves in May", expires="2027-05-01")
    assert "2027-05-01 00:00" in admin.get(f"/keys/{second.id}")
    assert admin.latest().action == "key.end"
    admin.confirmed(f"/keys/{second.id}/revocation", "left")
    past = admin.get(f"/keys/{second.id}")
    assert past.index("left") < past.index("leaves in May")
    assert 'id="key-acts"' not in past


def test_an_administrator_makes_keys_of_his_own_places_alone(page):
    admin = page()
    assert "school" not in admin.get("/keys").replace("First school", "school")
    assert 'value="school"' not in admin.get("/keys/new")
    school = admin.key("school").id
    for act in ("rotation", "end", "revocation"):
        admin.post(f"/keys/{school}/{act}", 404, step="save", reason="x")
    admin.post("/keys/new", 404, name="x", node="school", step="save", reason="x")
    admin.post("/keys/new", 404, name="x", node="", step="save", reason="x")
    assert not admin.key("school").revoked_us
    whole = page("whole")
    assert "whole platform" in whole.get("/keys/new")
    whole.confirmed("/keys/new", status=200, name="guest", node="", role="read")
    assert whole.key("guest").node == ""


@pytest.mark.parametrize("key", ["reader", "desk", "operator", "closer"])
def test_nobody_else_sees_or_makes_keys_and_gateways(page, key):
    other = page(key)
    own = other.key("reader").id
    assert 'href="/keys"' not in other.get("/gateways")
    for path in ("/keys", "/keys/new", f"/keys/{own}", "/gateways/new"):
        other.get(path, 403)
    other.post("/keys/new", 403, name="x", node="bureau", step="save", reason="x")
    for act in ("rotation", "end", "revocation"):
        other.post(f"/keys/{own}/{act}", 403, step="save", reason="x")
    for act in ("password", "revocation"):
        other.post(f"/gateways/campus/gw-1/{act}", 403, step="save", reason="x")
    other.post("/gateways/new", 403, site="campus", code="x", step="save", reason="x")
    other.post("/gateways/campus/gw-1/points", 403, point="x", step="save", reason="x")
    assert 'id="gateway-acts"' not in other.get("/gateways/campus/gw-1")


def test_nobody_makes_a_key_of_a_place_that_is_his_on_some_days_alone(page, world):
    """It would read the days on which another institution has it."""
    known = world.platform.registry()
    moved = [
        replace(one, valid=Validity(None, date(2026, 11, 1))) if one.child == "canteen" else one
        for one in known.space
    ]
    moved.append(SpaceEdge("yard", "canteen", valid=Validity(date(2026, 11, 1), None)))
    world.platform.registry_store.apply(
        replace(known, space=tuple(moved)), actor="test", now_us=NOW_US
    )
    access = world.platform.access
    access.create_key("cook", "canteen", "read", actor="test", now_us=NOW_US)
    for key in ("bureau", "school"):
        admin = page(key)
        admin.post("/keys/new", 403, name="x", node="canteen")
        body = {"name": "x", "node": "canteen", "role": "read"}
        assert world.post("/v1/keys", key, json=body).status_code == 403
    cook = page("school").key("cook").id
    page("school").post(f"/keys/{cook}/rotation", 403, step="save", reason="x")
    page("bureau").post(f"/keys/{cook}/revocation", 404, step="save", reason="x")
    page("school").confirmed(f"/keys/{cook}/revocation", "gone")
    assert page("school").key("cook").revoked_us


def test_a_gateway_is_added_with_its_lines_rotated_and_shut_out(page):
    admin = page()
    told = admin.confirmed("/gateways/new", "roof", 200, site="campus", code="gw-2")
    password = unescape(re.search(r"password  (\S+)", told)[1])
    for line in ("user      campus/gw-2", "port      1883", "greenoffice/v1/campus/gw-2/readings"):
        assert line in told
    assert "listens on this machine alone" in told
    verify = admin.platform.credentials.verify
    assert verify("campus/gw-2", password.encode(), NOW_US)
    shown = admin.get("/gateways/campus/gw-2")
    assert password not in shown
    assert "set address, user and password on the device" in shown
    assert "never heard" in admin.get("/gateways")
    told = admin.confirmed("/gateways/campus/gw-2/password", "lost", 200, keep_old_h="2")
    second = unescape(re.search(r"password  (\S+)", told)[1])
    assert admin.latest().reason == "lost"
    assert verify("campus/gw-2", second.encode(), NOW_US)
    admin.confirmed("/gateways/campus/gw-2/revocation", "broken")
    assert (admin.latest().action, admin.latest().reason) == ("gateway.revoke", "broken")
    assert not verify("campus/gw-2", second.encode(), NOW_US)
    assert "add it again" in admin.get("/gateways/campus/gw-2")
    admin.post("/gateways/new", 404, site="yard", code="x")
    admin.confirmed("/gateways/new", "mended", 200, site="campus", code="gw-2")
    assert not admin.platform.credentials.revoked("campus/gw-2")


def seen(world, *points):
    """The gateway sent what nobody registered."""
    intake = world.platform.intake
    values = tuple((NOW_US - n * 900_000_000, 100.0 - n, "kWh") for n in range(4, -1, -1))
    told = [Sighting("campus/gw-1", one, NOW_US, NOW_US, values) for one in points]
    batch = IntakeBatch(1, SEGMENT, 1001, SEGMENT, 1002, sightings=tuple(told), at_us=NOW_US)
    intake.commit(batch)


def test_a_proposed_point_is_approved_with_its_meter_or_not_wanted(page, world):
    seen(world, "E77.import", "AI7")
    admin = page()
    shown = admin.get("/gateways/campus/gw-1")
    assert "<code>E77.import</code>" in shown
    known, new = world.platform.registry(), Meter("office-a-lift", "office-a", "01C00")
    world.platform.registry_store.apply(
        replace(known, meters=known.meters | {new.code: new}), actor="test", now_us=NOW_US
    )
    row = {"point": "E77.import", "kind": "register", "unit": "kWh", "meter": "office-a-lift"}
    admin.post("/gateways/campus/gw-1/points", 422, **{**row, "meter": "office-a-total"})
    admin.post("/gateways/campus/gw-1/points", 404, **{**row, "meter": "hall-total"})
    version = admin.platform.registry().version
    told = admin.post("/gateways/campus/gw-1/points", **row)
    assert "It serves the meter office-a-lift." in told
    assert admin.platform.registry().version == version
    admin.post("/gateways/campus/gw-1/points/dismissal", 303, point="AI7")
    after = admin.get("/gateways/campus/gw-1")
    assert "1 point is not wanted" in after
    admin.post("/gateways/campus/gw-1/points/dismissal", 303, point="AI7", undo="true")
    plain = {"point": "AI7", "kind": "instant", "unit": "kW"}
    refused = admin.post("/gateways/campus/gw-1/points", 422, **plain)
    assert "unit" in refused
    plain = {"point": "AI7", "kind": "register", "unit": "kWh"}
    admin.confirmed("/gateways/campus/gw-1/points", "a new meter", **plain)
    point = admin.platform.registry().point_of("campus/gw-1", "AI7")
    assert (point.kind, point.unit) == ("register", "kWh")
    assert admin.latest().reason == "a new meter"


def test_what_comes_next_names_what_stands_on_the_page(page):
    for language, title in (("en", "Points that nobody registered"), ("zh", "未登记的测点")):
        one = page()
        one.get(f"/language/{language}?next=/gateways")
        told = one.get("/gateways/campus/gw-1")
        way, said = re.search(r'data-next href="([^"]*)">([^<]*)<', told).groups()
        assert way == "#gateway-points"
        assert title in said
        assert "greenoffice" not in said
        assert re.search(rf'id="{way[1:]}"><header><h2>{title}</h2>', told)


def test_dead_letters_are_listed_by_gateway_tried_again_and_discarded(page, world):
    one, intake = page("operator"), world.platform.intake
    listed = one.get("/dead-letters?gateway=campus/gw-1")
    assert listed.count('href="/dead-letters/') == 5
    one.get("/dead-letters?gateway=yard/gw-9", 404)
    assert 'action="/dead-letters/replay"' in one.get("/gateways/campus/gw-1")
    cause = {"gateway": "campus/gw-1", "letter_reason": "unknown_point", "point": "E2.import"}
    one.post("/dead-letters/replay", 303, **cause)
    assert [x.point for x in intake.dead_letters(None, state="asked")] == ["E2.import"]
    one.confirmed("/dead-letters/discard", "a point of the builders", **cause)
    assert [x.point for x in intake.dead_letters(None, state="discarded")] == ["E2.import"]
    assert (one.latest().action, one.latest().reason) == (
        "dead_letters.discard",
        "a point of the builders",
    )
    one.post("/dead-letters/discard", 422, **cause, step="save", reason=" ")
    assert intake.discard(None, LetterCause(point="E2.import")) == 0
    reader = page("reader")
    reader.post("/dead-letters/discard", 403, **cause, step="save", reason="x")
    assert 'action="/dead-letters/' not in reader.get("/gateways/campus/gw-1")


def test_a_payload_is_shown_as_text_and_bounded(page, world):
    hostile = "<script>alert(1)</script>"
    letters = world.platform.intake.dead_letters(None, limit=1)
    bad = replace(letters[0], id=0, digest="x", preview=json.dumps([hostile]).encode(), index=9)
    batch = IntakeBatch(1, SEGMENT, 1001, SEGMENT, 1002, dead_letters=(bad,), at_us=NOW_US)
    world.platform.intake.commit(batch)
    found = world.platform.intake.dead_letters(None, limit=1)[0]
    shown = page("whole").get(f"/dead-letters/{found.id}")
    assert hostile not in shown
    assert "&lt;script&gt;" in shown
