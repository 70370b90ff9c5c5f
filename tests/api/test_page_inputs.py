"""Whatever is asked of the page: it answers, or says what is wrong; never a 5xx.

The same requests in every run, of an app over SQLite and DuckDB.
"""

from __future__ import annotations

from urllib.parse import quote, urlencode

import pytest
from fastapi.routing import iter_route_contexts
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

EXAMPLES = 14
KNOWN = {
    "node": ("office-a", "campus", "dc"),
    "code": ("office-a", "campus", "office-a-total"),
    "meter": ("office-a-total",),
    "item": ("01000", "02000"),
    "id": ("f-after", "f-school", "1", "6", "f-weekend", "f-stuck"),
    "account": ("6600-1", ""),
    "q": ("office", "water"),
    "point": ("",),
    "after": ("f-after",),
    "state": ("acknowledged", "open", "acknowledged", "open", "expected", "fixed", "resolved"),
    "until": ("2026-12-01", ""),
    "time": ("1795401420000000",),
    "start": ("2026-11-20",),
    "end": ("2026-11-24",),
    "step": ("hour", "day", "month"),
    "role": ("it",),
    "rest": ("true",),
    "as_of": ("2",),
    "closed": ("true",),
    "segment": ("16777217",),
    "offset": ("7",),
    "before": ("3",),
    "name": ("page.css", "../page.py"),
    "site": ("campus",),
    "gateway_code": ("gw-1",),
    "gateway": ("campus/gw-1", "yard/gw-9"),
    "closing": ("c1",),
    "institution": ("bureau",),
    "period": ("2026-10",),
    "reason": ("a meter was read wrongly",),
    "of": ("account/6600-1", "node/office-a"),
    "month": ("2026-10", "2026-11"),
    "format": ("xlsx", "csv"),
    "chosen": ("zh", "en"),
    "next": ("/findings", "//elsewhere"),
    "note": ("as it should be",),
    "per_meter_year": ("1", "0.5"),
    "check": ("dead_letters",),
    "of_repair": ("campus/gw-1",),
    "first": ("2026-10-01",),
    "last": ("2026-10-02",),
    "dear_a_year": ("", "5000"),
}
HOSTILE = (
    *("", " ", "\0", "a\0b", "\n", "\ud800", "%", "-1", "9" * 40, str(2**62), str(2**63), "NaN"),
    *(
        "１２",
        "1e9",
        "0000-00-00",
        "9999-12-31T23:59:59Z",
        "0001-01-01T00:00:00+14:00",
        "2026-02-30",
    ),
    *("-9" + "9" * 18, "9" * 18, "<script>", "{{ 7 * 7 }}", "x" * 600, "e\u0301", "\u202e"),
)
UNANSWERED = (
    *("/signin", "/closings/{name}/confirmation", "/gateways/clock", "/repairs/change"),
    *("/entries/meter", "/entries/table", "/bills/entered/table", "/bills/entered/add"),
    *("/entries/{id}", "/entries/{id}/evidence/{sha256}", "/entries/{id}/withdrawal"),
    *("/bills/entered/{id}", "/bills/entered/{id}/evidence/{sha256}"),
    "/bills/entered/{id}/withdrawal",
    *("/setup/history", "/setup/history/{id}", "/setup/history/{id}/refused"),
    "/setup/history/{id}/load",
    *("/setup", "/setup/first", "/setup/{name}", "/setup/{name}/row"),
    *("/setup/template", "/setup/workbook", "/setup/model"),
    *("/keys/new", "/keys/{id}", "/keys/{id}/rotation", "/keys/{id}/end", "/keys/{id}/revocation"),
    *("/gateways/new", "/gateways/{site}/{code}/points"),
    "/gateways/{site}/{code}/points/dismissal",
    *("/dead-letters/replay", "/dead-letters/discard"),
)
"""The first takes the token of its own form, and a key; the second a second person; the third a
proposal, of which there is none; then a key of the whole platform: `test_page_setup.py` asks
set-up with one; then ids and fields of their own: `test_page_admin.py` and `test_page_entering.py`
ask with those."""
OTHERWISE = {
    "/lineage": ("start", "end", "role", "node", "meter"),
    "/repairs/progress": ("meter",),
}
"""Other ways to say what a code and a time say."""
BODIES = (b"", b"\xff", b"=", b"&" * 2_000, b"csrf=%ED%A0%80", b"token=+2AA-", b"{}", b"--x\r\n")
PART = b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n--x--\r\n'
MEDIA = (
    *("application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=utf-7"),
    *("multipart/form-data; boundary=x; charset=utf-7", "multipart/form-data; boundary=x", ""),
    *(
        "multipart/form-data",
        "multipart/form-data; boundary=x; charset=nothing",
        "application/json",
    ),
)


def values_of(name, tame):
    """Texts for a parameter: of what there is, where tame, else of anything."""
    known = st.sampled_from(KNOWN.get(name, ("x",)))
    if tame:
        return known
    anything = st.text(st.characters(exclude_categories=()), max_size=20)
    return st.one_of(known, known, st.sampled_from(HOSTILE), anything)


def escaped(text):
    return quote(text, safe="", errors="surrogatepass")


@st.composite
def asked(draw, route, csrf):
    """(url, body, Content-Type)"""
    path, dependant, tame = route.path, route.dependant, draw(st.booleans())
    for one in dependant.path_params:
        of_a_closing = route.path.startswith("/closings/")
        of_a_gateway = route.path.startswith("/gateways/") and one.alias == "code"
        named = "closing" if of_a_closing else "gateway_code" if of_a_gateway else one.alias
        value = draw(values_of(named, tame))
        path = path.replace("{" + one.alias + "}", escaped(value) if value.strip("/.") else "%20")
    left_out = OTHERWISE.get(route.path, ()) if tame else ()
    names = [one.alias for one in dependant.query_params if one.alias not in left_out]
    said = {name: draw(values_of(name, tame)) for name in names if tame or draw(st.booleans())}
    url = path + "?" + "&".join(f"{name}={escaped(value)}" for name, value in said.items())
    if "POST" not in route.methods:
        return url, b"", ""
    if tame or draw(st.booleans()):
        form = {
            name: draw(values_of(name, tame))
            for name in (
                *("state", "note", "until", "key", "token", "next"),
                *("institution", "period", "reason"),
                *("node", "per_meter_year", "dear_a_year"),
                *(("check", "of_repair", "first", "last") if "/repairs" in path else ()),
            )
        }
        form["csrf"] = csrf
        form["code"] = form.pop("of_repair", "")
        return url, urlencode(form, errors="surrogatepass").encode(), MEDIA[0]
    part = st.builds(PART.__mod__, st.just((b"token", b"+2AA-\xff")) | st.just((b"csrf", b"\xff")))
    return url, draw(st.sampled_from(BODIES) | part), draw(st.sampled_from(MEDIA))


@pytest.mark.timeout(600)
def test_no_page_breaks(real_world, signed, subtests):
    client = real_world.client
    csrf = signed(real_world).csrf
    routes = [
        one
        for one in iter_route_contexts(client.app.routes)
        if not one.path.startswith(("/v1/", "/influx/"))
        and getattr(one, "dependant", None) is not None
        and one.path not in ("/signout", "/health", "/metrics")
    ]
    assert len(routes) > 12
    for route in routes:
        with subtests.test(f"{sorted(route.methods)[0]} {route.path}"):
            statuses = ask_all(client, route, csrf)
            assert statuses & {200, 303} or route.path in UNANSWERED, statuses


def ask_all(client, route, csrf):
    """The statuses that came; none of them 500 and above."""
    method, found = sorted(route.methods)[0], set()

    @settings(
        max_examples=EXAMPLES,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
        database=None,
        derandomize=True,
    )
    @given(one=asked(route, csrf))
    def ask(one):
        url, body, media = one
        headers = {"Content-Type": media} if media else {}
        answer = client.request(method, url, content=body, headers=headers, follow_redirects=False)
        assert answer.status_code < 500, answer.text
        found.add(answer.status_code)

    ask()
    return found
