"""The page's own walls: cookie flags, forgery tokens, security headers, no foreign sources."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from api.page import sessions


def token_of(html: str) -> str:
    return re.search(r'name="token" value="([^"]+)"', html)[1]


def enter(world, key: str, **changes):
    token = token_of(world.client.get("/signin").text)
    data = {"key": world.keys.get(key, key), "token": token, "next": "/", **changes}
    return world.client.post("/signin", data=data, follow_redirects=False)


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(world):
    cookie = enter(world, "bureau").headers["set-cookie"]
    assert "greenoffice_session=" in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert world.keys["bureau"] not in cookie


def test_the_cookie_is_secure_where_the_page_is(world):
    world.client.app.state.platform = replace(world.platform, secure_cookies=True)
    form = world.client.get("/signin")
    assert "Secure" in form.headers["set-cookie"]


def test_a_wrong_key_begins_no_session(world):
    response = enter(world, "nonsense")
    assert response.status_code == 401
    assert "greenoffice_session" not in response.headers.get("set-cookie", "")


def test_signing_in_needs_the_forms_own_token(world):
    for changes in ({"token": ""}, {"token": "other"}):
        assert enter(world, "bureau", **changes).status_code == 401
    world.client.cookies.clear()
    data = {"key": world.keys["bureau"], "token": "x", "next": "/"}
    assert world.client.post("/signin", data=data, follow_redirects=False).status_code == 401


@pytest.mark.parametrize(
    "target", ["https://elsewhere.example/", "//elsewhere", "/\\elsewhere", "x"]
)
def test_signing_in_never_leads_to_another_site(world, target):
    assert enter(world, "bureau", next=target).headers["location"] == "/"


def test_wrong_keys_on_the_form_are_limited_too(world):
    for _ in range(world.platform.failed_keys_per_minute):
        assert enter(world, "nonsense").status_code == 401
    assert enter(world, "nonsense").status_code == 429


def test_every_form_that_changes_something_needs_the_sessions_token(world, signed_in):
    for path, data in (
        ("/findings/f-after/state", {"state": "fixed", "note": "x"}),
        ("/signout", {}),
    ):
        for csrf in ({}, {"csrf": ""}, {"csrf": "guess"}):
            response = world.client.post(path, data={**data, **csrf}, follow_redirects=False)
            assert response.status_code == 403, path
    assert str(world.platform.findings.get("f-after").state) == "open"
    good = {"state": "fixed", "note": "x", "csrf": signed_in.csrf}
    response = world.client.post("/findings/f-after/state", data=good, follow_redirects=False)
    assert response.status_code == 303
    assert str(world.platform.findings.get("f-after").state) == "fixed"


def test_every_form_on_every_page_carries_a_token(world, signed_in):
    for path in ("/", "/findings", "/findings/f-after", "/gateways", "/dead-letters", "/latest"):
        html = world.client.get(path).text
        forms = re.findall(r'<form method="post".*?</form>', html, flags=re.S)
        assert forms
        assert all(signed_in.csrf in form for form in forms), path


def test_expected_needs_a_reason_on_the_page_too(world, signed_in):
    data = {"state": "expected", "note": "", "csrf": signed_in.csrf}
    response = world.client.post("/findings/f-after/state", data=data)
    assert response.status_code == 422
    assert "reason" in response.text


def test_a_session_ends_with_its_key_its_time_or_its_sign_out(world, signed_in):
    assert world.client.get("/gateways").status_code == 200
    later = replace(world.platform, now_us=lambda: world.platform.now_us() + 13 * 3_600_000_000)
    world.client.app.state.platform = later
    response = world.client.get("/gateways", follow_redirects=False)
    assert response.status_code == 303
    world.client.app.state.platform = world.platform
    enter(world, "bureau")
    keys = world.platform.access.keys()
    own = next(key for key in keys if key.name == "bureau")
    world.platform.access.revoke(own.id, actor="test", now_us=world.platform.now_us())
    assert world.client.get("/gateways", follow_redirects=False).status_code == 303


def test_pages_forbid_inline_scripts_and_foreign_sources(world, signed_in):
    for path in ("/", "/findings/f-after", "/datacentre", "/signin"):
        response = world.client.get(path)
        policy = response.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "frame-ancestors 'none'" in policy
        scripts = re.findall(
            r"<script(?![^>]*application/json)([^>]*)>(.*?)</script>", response.text
        )
        assert scripts
        assert all("src=" in attributes and not body for attributes, body in scripts)
        assert not re.search(r'(?:src|href)="(?:https?:)?//', response.text)
        assert not re.search(r"\son\w+=", response.text)
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["x-content-type-options"] == "nosniff"


def test_the_chart_library_is_kept_for_long_and_nothing_else_is_served(world):
    hashed = re.search(
        r'data-charts="(/static/plotly\.min\.[0-9a-f]{12}\.js)"', world.client.get("/signin").text
    )[1]
    response = world.client.get(hashed)
    assert "immutable" in response.headers["cache-control"]
    for name in ("../views.py", "..%2fviews.py", "page.py", "page.000000000000.css"):
        assert world.client.get(f"/static/{name}").status_code == 404


def test_hostile_text_in_a_dead_letter_is_shown_and_not_run(world, signed_in):
    from metering.intake import IntakeBatch

    hostile = "<script>alert(1)</script>"
    known = world.platform.intake.dead_letters(None, limit=6)
    base = next(one for one in known if one.gateway == "campus/gw-1")
    one = replace(base, value=hostile, digest="hostile", preview=hostile.encode())
    place = world.platform.intake.checkpoint(1)
    world.platform.intake.commit(IntakeBatch(1, *place, 1, 1, dead_letters=(one,)))
    html = world.client.get("/dead-letters").text
    assert hostile not in html
    assert "&lt;script&gt;alert(1)" in html


def test_a_platform_without_a_registry_says_what_to_do(world, signed_in):
    from storage import MemoryReadings, memory_stores

    stores = memory_stores()
    world.client.app.state.platform = replace(
        world.platform,
        registry=stores.registry.load,
        findings=stores.findings,
        reports=stores.reports,
        closings=stores.closings,
        intake=stores.intake,
        clocks=stores.intake,
        want_again=stores.intake.want,
        readings=MemoryReadings(),
    )
    for path in ("/", "/findings", "/datacentre", "/gateways", "/dead-letters", "/latest"):
        response = world.client.get(path)
        assert response.status_code == 200, path
        assert 'class="empty"' in response.text, path
    assert "registry import" in world.client.get("/").text
    assert world.client.get("/live").json() == {"readings": [], "refused": []}


def test_a_places_overview_shows_its_own_cases_only(world, signed_in):
    html = world.client.get("/?node=office-b").text
    assert '"/findings/2"' in html
    assert '"/findings/1"' not in html


def test_who_signs_in_again_and_again_signs_nobody_else_out(monkeypatch):
    monkeypatch.setattr(sessions, "MOST", 20)
    all_of_them = sessions.Sessions()
    others = [all_of_them.begin(f"key-{n}", n) for n in range(5)]
    own = [all_of_them.begin("busy", 5 + n) for n in range(100)]
    assert all(all_of_them.get(one, 200) for one in others)
    assert [one for one in own if all_of_them.get(one, 200)] == own[-15:]
