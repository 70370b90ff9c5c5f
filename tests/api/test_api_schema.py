"""Whatever is asked of whatever route: an answer that the OpenAPI document describes, never a 5xx.

    document ─▶ schemathesis: what fits it and what does not ┐
    names that there are, hostile texts, garbage as a body   ┴▶ request ─▶ checks of schemathesis

Nothing here is left to chance: the same requests in every run, of an app over SQLite and DuckDB.
"""

from __future__ import annotations

import copy
import json
import re
from collections import Counter
from dataclasses import dataclass, replace
from hashlib import sha256
from urllib.parse import quote

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core import NOT_SET
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api import create_app
from collector.intake import Decoding, refusals
from collector.journal import Record
from collector.routes import check_route
from greenoffice.registry_files import read_uploaded
from metering.access import Role
from metering.intake import IntakeBatch
from metering.joining import Sighting
from metering.registry import Registry
from metering.registry.files import read_registry_texts
from tests.api.conftest import SLIP
from tests.api.kept_histories import SENT

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
TAME, WILD = 4, 3
"""Requests of a route that it should answer, and any."""
KEYS = [*("whole", "bureau") * 4, *("operator", "reader") * 2, "building", "school"]
"""Whose keys, how often; none, and one that is none, beside them."""
NODES = ["bureau", "campus", "office-a", "canteen", "dc"]
METERS = ["office-a-total", "office-b-total", "canteen-water", "dc-it", "dc-utility"]
KNOWN: dict[str, list[str]] = {
    "week": ["2026-W48", "2026-W01"],
    "/v1/findings kind": ["waste", "fault"],
    "node": [*NODES, "hall"],
    "meter": [*METERS, "hall-total"],
    "institution": ["bureau", "school"],
    "/v1/nodes code": NODES,
    "/v1/entries id": ["5c4001"],
    "/v1/history id": [SENT],
    "/v1/history mapping": ['{"canteen": {"point": "campus/gw-1/E1", "unit": "kWh"}}'],
    "/v1/history date": ["ymd"],
    "/v1/history kind": ["register", "interval"],
    "/v1/history new": ["true", "false"],
    "/v1/history label": ["start", "end"],
    "/v1/history interval": ["15", "60"],
    "/v1/bills id": ["5c4002"],
    "account": ["6600-1", "9900-9"],
    "sha256": [sha256(SLIP).hexdigest()],
    "/v1/gateways site": ["campus"],
    "/v1/gateways code": ["gw-1"],
    "/v1/ingest site": ["campus"],
    "/v1/ingest code": ["gw-1"],
    "/v1/closings name": ["c1"],
    "/v1/points id": ["1", "3", "24", "31"],
    "/v1/findings id": ["f-after", "f-weekend", "f-stuck", "f-school"],
    "/v1/dead-letters id": ["1", "6"],
    "/v1/baselines state": ["checked", "not_checked"],
    "/v1/findings state": ["open", "closed"],
    "/v1/dead-letters state": ["open", "replayed"],
    "/v1/repairs state": ["repair", "not_checked"],
    "/v1/repairs to": ["2026-11-20", "2026-11-23"],
    "as_of": ["2", "2@1", "c1"],
    "time": ["2026-11-23T02:00:00Z", "2026-11-23T02:07:00+08:00"],
    "from": ["2026-10-01", "2026-11-20"],
    "start": ["2026-11-20", "2026-11-23", "2026-10-01"],
    "end": ["2026-11-24", "2026-11-25"],
    "before": ["2026-11-24", "2026-10-01"],
    "end_missing": ["2026-11-25"],
    "expires": ["2027-01-01"],
    "site": ["campus", "yard"],
    "gateway": ["campus/gw-1", "yard/gw-9"],
    "item": ["01000", "01A00", "02000"],
    "step": ["native", "15min", "hour", "day", "month"],
    "role": ["it", "utility", "ups_in", "cooling"],
    "month": ["2026-10", "2026-09", "2026-11"],
    "segment": ["16777217"],
    "offset": ["0", "7", "8", "1000"],
    "limit": ["1", "3", "1000"],
    "format": ["json", "csv", "xlsx", "pdf"],
    "language": ["en", "zh-CN"],
    "dry_run": ["true", "false"],
    "file": ["bills.csv", "readings.xlsx"],
    "correct": ["true", "false"],
    "/v1/bills date": ["", "ymd", "dmy"],
    "/v1/entries date": ["", "ymd", "dmy"],
    "decimal": ["", ".", ","],
    "encoding": ["", "utf-8", "gb18030"],
    "separator": ["", ",", ";"],
    "provisional": ["true"],
    "issue": ["1"],
    "pattern": ["weekend_run", "after_hours_plant"],
    "reason": ["unknown_point", "why not"],
    "type": ["site", "building"],
    "/v1/reports institution": ["bureau"],
    "/v1/reports month": ["2026-10"],
    "coal": ["equivalent", "equal"],
    "carbon": ["location", "market"],
    "epoch": ["ms", "ns", ""],
    "q": [
        "SELECT sum(kwh) FROM energy WHERE node = 'campus' AND time > now() - 1d GROUP BY time(1h)",
        "SELECT mean(value) FROM readings WHERE point = '1' GROUP BY time(1h) fill(previous)",
        "SHOW MEASUREMENTS; SHOW TAG VALUES FROM energy WITH KEY = node",
        "SELECT * FROM findings",
    ],
}
STATEMENTS = [
    "SELECT sum(kwh) FROM energy GROUP BY time(900000w)",
    "SELECT 9e999 * kwh / 0 FROM energy WHERE node =~ /((((/ AND time > '\ud800'",
    "SELECT " + "(" * 300 + "kwh" + ")" * 300 + " FROM energy",
    "SELECT kwh FROM energy WHERE " + " OR ".join(["node = 'a'"] * 500),
    "SHOW MEASUREMENTS" + ";" * 5_000,
]
HOSTILE = [
    *("", " ", ".", "..", "../..", "/", "a/b", "%", "%00", "\0", "a\0b", "\n", "\x7f", "\ud800"),
    *("-1", "1e9", "NaN", "Infinity", "0x10", "1_0", "１２", "9" * 40, str(2**63), str(2**62)),
    *("true", "null", "[]", "{}", '"', "'; --", "${x}", "\u202e", "e\u0301", "𝔘", "x" * 600),
    *("2026-11-24T23:59:60Z", "2100-01-01", "2000-01-01", "1970-01-01T00:00:00Z", "2026-13"),
    *("0000-00-00", "2026-02-30", "9999-12-31", "9999-12-31T23:59:59+00:00", "２０２６-11-24"),
    *("0001-01-01T00:00:00+14:00", "2026-W48-2", "W10", "WzFd", "WyIiXQ", "W251bGxd", "W05hTl0"),
    *("WyIiLDAsMCwwXQ", "W1tdXQ", "WyJcdWQ4MDAiXQ", "WyJcdTAwMDAiXQ", "WzFlNDAwXQ", "Ww" * 200),
]
PART = b'--x\r\nContent-Disposition: form-data; name="files"; filename="%s"\r\n\r\n%s\r\n--x--\r\n'
BODIES = [
    *(b"", b"[", b"[" * 20_000, b"null", b"1", b'"x"', b"[]", b"{}", b"{", b"\xff\xfe", b"1e999"),
    *(b'{"note": "\\ud800"}', b'{"note": NaN}', b'{"note": 1e999}', b'{"a": 1, "a": 2}', b"\0"),
    *(b'{"tree.csv": ""}', b'{"": ""}', b'{"tree.csv": "code\\n\\u0000"}', b'{"../x": "code"}'),
    *(b'{"readings": [{"point": "E1.import", "value": 1e308, "time": 1e308}]}', b"\x1f\x8b"),
    *(b'{"readings": ' + b"[" * 5_000, b'{"readings": [null, 1, "x", {"point": []}]}'),
    b'{"name": "x", "node": "bureau", "role": "read", "expires": "9999-12-31"}',
    PART % (b"a\xff", b"\xff"),
    PART % (b"tree.csv", b"a"),
    b"q=SHOW+MEASUREMENTS&q=%ED%A0%80&epoch=ms",
    b"&" * 100,
]
MEDIA = [
    *("application/json", "application/json; charset=utf-16", "text/plain; charset=utf-7", ""),
    *("multipart/form-data; boundary=x", "multipart/form-data", "multipart/form-data; boundary="),
    *(
        "application/x-www-form-urlencoded",
        "application/vnd.x+json",
        "multipart/form-data; charset",
    ),
]
LAST = (
    "/v1/gateways/{site}/{code}/revoke",
    "/v1/repairs/recompute",
    "/v1/repairs/mend",
    "/v1/registry/import",
)
"""Months that they reach into are not told before they are booked again."""
FITTING = {
    "/v1/nodes/{code}/alert-budget": {"per_meter_year": 0.5, "reason": "too many"},
    LAST[-1]: {"tree.csv": "code,parent,type\nannex,campus,building\n"},
    "/v1/reports/{institution}/{month}/issues": {"reason": "it is time"},
    "/v1/closings": {"institution": "bureau", "period": "2026-10"},
    "/v1/closings/{name}/reopening": {"reason": "a meter was read wrongly"},
    "/v1/settlements": {"institution": "bureau", "period": "2026-10"},
    "/v1/findings/{id}/acknowledge": {"note": "seen"},
    "/v1/findings/{id}/resolve": {"note": "mended"},
    "/v1/findings/{id}/fix": {"note": "mended"},
    "/v1/findings/{id}/expect": {"note": "runs on purpose"},
    "/v1/findings/{id}/dismiss": {"note": "no waste"},
    "/v1/findings/{id}/reopen": {"note": "again"},
    "/v1/findings/{id}/assign": {"assignee": "Chen"},
    "/v1/findings/{id}/comment": {"comment": "ordered"},
    "/v1/findings/{id}/snooze": {"until": "2026-12-01"},
    "/v1/evidence": SLIP,
    "/v1/entries": {"meter": "canteen-water", "value": "12.5", "time": "2026-11-23T02:00:00Z"},
    "/v1/entries/{id}/withdrawal": {"reason": "another meter"},
    "/v1/bills": {
        **{"account": "6600-1", "number": "7", "start": "2026-10-01", "end": "2026-11-01"},
        **{"quantity": "410", "total": "1640.00"},
    },
    "/v1/bills/{id}/withdrawal": {"reason": "paid twice"},
    "/v1/bills/table": b"account,billing month,total\n6600-1,2026-10,1640.00\n",
    "/v1/history": b"time,canteen\n2026-11-20,12.5\n",
    "/v1/entries/table": b"meter,time,value\ncanteen-water,2026-11-20,12.5\n",
    "/v1/gateways/{site}/{code}/resend": {
        "from": "2026-11-23T02:00:00Z",
        "until": "2026-11-23T05:00:00Z",
    },
    "/v1/baselines/{meter}": {"reason": "a new kitchen", "from": "2026-10-01"},
    "/v1/gateways": {"site": "campus", "code": "gw-2"},
    "/v1/gateways/{site}/{code}/clock/repair": {
        **{"ahead_s": 3_600, "from": "2026-11-20T02:00:00Z", "until": "2026-11-20T05:00:00Z"}
    },
    "/v1/gateways/{site}/{code}/clock/dismiss": {"id": 1},
    "/v1/gateways/{site}/{code}/clock/mode": {"mode": "propose"},
    "/v1/gateways/{site}/{code}/proposals/approve": {"sure": True},
    "/v1/gateways/{site}/{code}/proposals/dismiss": {"points": ["AI7"]},
    "/v1/repairs/mend": {"check": "dead_letters", "code": "campus/gw-1"},
    "/v1/repairs/recompute": {"node": "office-a", "from": "2026-10-01", "to": "2026-10-02"},
    "/v1/dead-letters/groups/discard": {"point": "tried-out", "why": "tried out"},
    "/v1/keys/{id}/end": {"expires": "2027-01-01", "reason": "the audit is over"},
    "/v1/keys/{id}/rotation": {"reason": "it was in a mail"},
    "/v1/keys": {
        **{"name": "auditor", "node": "bureau", "role": "read"},
        **{"purpose": "audit", "expires": "2027-01-01"},
    },
}
"""Bodies of what is not met by chance."""
NEEDED = {
    "/v1/energy": ("node",),
    "/v1/history": ("reason",),
    "/v1/bill": ("node",),
    "/v1/bill/file": ("node",),
    "/v1/energy/lineage": ("node", "time"),
    "/influx/query": ("q",),
}
"""What is not answered without, though the document cannot say so: one of two, or by a form."""
CLASHES = {"meter": "node", "start": "time", "end": "time"}
"""What is refused beside another parameter."""
COSTLY = {"/v1/reports/{institution}/{month}/issues": 12}
"""Routes that work long before they refuse: one in so many texts, of others one in four."""
TEXT = st.text(st.characters(exclude_categories=()), max_size=30)


@dataclass(frozen=True)
class Asked:
    """A request as it goes out, and the case that it was made of."""

    case: schemathesis.Case
    url: str
    headers: dict[str, str]
    body: bytes


def known_of(operation, name, hints=KNOWN):
    """Texts of what there is, for a parameter."""
    start = "/".join(operation.path.split("/")[:3])
    return hints.get(f"{start} {name}") or hints.get(name) or METERS


def values_of(operation, name, hints):
    """Texts for a parameter: of what there is, and of anything."""
    known = st.sampled_from(known_of(operation, name, hints))
    hostile = STATEMENTS if name == "q" else HOSTILE
    return known, st.one_of(known, known, st.sampled_from(hostile), TEXT)


def escaped(text):
    """Percent-encoded, halves of characters too."""
    return quote(text, safe="", errors="surrogatepass")


def segment(text):
    """A part of a path; never one that leads elsewhere, as clients resolve it themselves."""
    return escaped(text) if text.strip("/.") else "%20"


def url_of(operation, path, query):
    """Path and query, percent-encoded."""
    url = operation.path
    for name, value in path.items():
        url = url.replace("{" + name + "}", segment(said(value)))
    pairs = [(n, v) for n, vs in query.items() for v in (vs if isinstance(vs, list) else [vs])]
    return f"{url}?" + "&".join(f"{escaped(n)}={escaped(said(v))}" for n, v in pairs)


@st.composite
def requests_of(draw, operation, cases, secrets, hints, tame):
    """Requests of one operation: schemathesis makes one, and parts of it are taken from elsewhere;
    tame ones should mostly be answered."""
    case = draw(cases)
    key = draw(st.sampled_from(["whole", "bureau"] if tame else [*KEYS, "", "go_0123456789ab_x"]))
    ours = tame or draw(st.integers(0, 3)) > 0
    path, query = {**case.path_parameters}, {} if tame else {**case.query}
    for one in operation.path_parameters if ours else ():
        path[one.name] = draw(values_of(operation, one.name, hints)[not tame])
    for one in operation.query if ours else ():
        query.pop(one.name, None)
        needed = tame and one.name in NEEDED.get(operation.path, ())
        other = tame and CLASHES.get(one.name) in query
        if one.is_required or needed or (draw(st.integers(0, 2)) == 0 and not other):
            query[one.name] = draw(values_of(operation, one.name, hints)[not tame])
    url = url_of(operation, path, query)
    headers = {"X-API-Key": secrets.get(key, key)} if key else {}
    body, media = draw(bodies(case, hints, tame))
    if media:
        headers["Content-Type"] = media
    return Asked(case, url, headers, body)


def cases_of(operation, tame):
    """What fits the document, and what does not, of what is told anything."""
    fitting = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
    if tame or not is_told(operation):
        return fitting
    return fitting | operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)


def is_told(operation):
    """Whether anything but a key is said in a request."""
    return bool(operation.path_parameters or operation.query or operation.body)


def said(value):
    return value if isinstance(value, str) else json.dumps(value)


@st.composite
def bodies(draw, case, hints, tame):
    """(bytes, Content-Type): as schemathesis made them, with names that there are, or garbage."""
    if case.body is NOT_SET and not case.operation.body:
        return b"", ""
    if not tame and draw(st.booleans()):
        return draw(st.sampled_from(BODIES) | st.binary(max_size=50)), draw(st.sampled_from(MEDIA))
    if tame and case.operation.path in FITTING:
        return fitting_body(FITTING[case.operation.path])
    if isinstance(case.body, dict) and case.media_type == "application/json":
        body = dict(case.body)
        for name in body.keys() & hints.keys():
            body[name] = draw(st.just(body[name]) | values_of(case.operation, name, hints)[0])
        return json.dumps(body).encode(), case.media_type
    sent = case.as_transport_kwargs(base_url="http://testserver")
    ready = requests.Request(**{**sent, "headers": {}, "cookies": None, "params": None}).prepare()
    made = ready.body or b""
    media = ready.headers.get("Content-Type") or case.media_type or ""
    return made if isinstance(made, bytes) else made.encode(), media


def fitting_body(fitting):
    """(bytes, Content-Type) of a body that fits: a file as it is, else JSON."""
    if isinstance(fitting, bytes):
        return fitting, "application/pdf" if fitting == SLIP else "text/csv"
    return json.dumps(fitting).encode(), "application/json"


@pytest.fixture(scope="module")
def asked_world(real_world):
    """The platform with the readers of files and payloads that it has at work; wrong keys are
    counted elsewhere. With the ids of keys that may be ended; a month is told, and to be told
    anew."""
    plain = real_world.platform
    made = [
        plain.access.create_key(f"spare {n}", "bureau", Role.READ, actor="test", now_us=1)
        for n in range(8)
    ]
    spare = [secret.split("_")[1] for secret in made]
    platform = replace(
        plain,
        read_registry=lambda texts, end: read_registry_texts(
            texts, plain.registry(), end_missing=end, check_route=check_route
        ),
        read_uploaded=lambda files, end: read_uploaded(
            files, plain.registry(), end_missing=end, check_route=check_route
        ),
        refusals=lambda one: refusals(record_of(one), Decoding(), plain.registry()),
        failed_keys_per_minute=10**9,
    )
    place = plain.intake.checkpoint(1)
    sightings = tuple(Sighting(user, "AI7", 1, 1) for user in ("campus/gw-1", "yard/gw-9"))
    plain.intake.commit(IntakeBatch(1, *place, *place, sightings=sightings))
    client = type(real_world.client)(create_app(platform), client=("127.0.0.1", 50_000))
    world = replace(real_world, platform=platform, client=client)
    assert world.get("/v1/reports/bureau", month="2026-10", format="json").status_code == 200
    rows = tuple(replace(row, price=row.price + 1) for row in plain.registry().tariff)
    plain.registry_store.apply(Registry(tariff=rows), actor="test", now_us=1)
    with client:
        yield world, spare


def record_of(one):
    """As `greenoffice` journals it."""
    return Record("message", one.arrived_us, one.gateway, one.key, "", one.route, one.payload, 1)


@pytest.fixture(scope="module")
def document(asked_world):
    return asked_world[0].client.get("/openapi.json").json()


def operations_of(document):
    found = schemathesis.openapi.from_dict(copy.deepcopy(document)).get_all_operations()
    return [one.ok() for one in found]


def answered(client, asked):
    """The answer to a request, after all checks of it."""
    method = asked.case.operation.method.upper()
    response = client.request(method, asked.url, headers=asked.headers, content=asked.body)
    asked.case.validate_response(response, checks=CHECKS)
    if response.status_code >= 400:
        problem = response.json()
        assert problem["status"] == response.status_code
        assert problem["detail"]
        assert problem["field"], problem
        assert problem["fix"], problem
    return response


def asked_all(operation, client, secrets, hints, examples, tame=False, derandomize=True):
    """How often each status came, of so many requests."""
    found = Counter()

    @settings(
        max_examples=examples,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
        deadline=None,
        database=None,
        derandomize=derandomize,
    )
    @given(asked=requests_of(operation, cases_of(operation, tame), secrets, hints, tame))
    def ask(asked):
        found[answered(client, asked).status_code] += 1

    ask()
    return found


@pytest.mark.timeout(600)
def test_every_answer_is_one_that_the_document_names(asked_world, document, subtests):
    world, spare = asked_world
    hints = {**KNOWN, "/v1/keys id": spare}
    operations = sorted(operations_of(document), key=lambda one: one.path in LAST)
    assert len(operations) > 35
    for operation in operations:
        with subtests.test(operation.label):
            found = asked_all(operation, world.client, world.keys, hints, TAME, tame=True)
            assert min(found) < 300, f"{dict(found)}: nothing but refusals proves little"
            if is_told(operation):
                asked_all(operation, world.client, world.keys, hints, WILD)


def swept(operation, number):
    """(url, body) of each hostile text in the place of one part of a request that fits."""
    path = {one.name: known_of(operation, one.name)[0] for one in operation.path_parameters}
    needed = NEEDED.get(operation.path, ())
    query = {
        one.name: known_of(operation, one.name)[0]
        for one in operation.query
        if one.is_required or one.name in needed
    }
    names = [*path, *(one.name for one in operation.query)]
    fitting = FITTING.get(operation.path) if operation.body else None
    body = b"" if fitting is None else fitting_body(fitting)[0]
    for n, text in enumerate(HOSTILE[number % 4 :: 4] if names else ()):
        name = names[n % len(names)]
        place = path if name in path else query
        parts = {**place, name: text}
        yield url_of(operation, *((parts, query) if place is path else (path, parts))), body
    url = url_of(operation, path, query)
    some = HOSTILE[number % 4 :: COSTLY.get(operation.path, 4)]
    for name in fitting if isinstance(fitting, dict) else ():
        yield from ((url, json.dumps({**fitting, name: text}).encode()) for text in some)
    if operation.body:
        yield from ((url, garbage) for garbage in BODIES)


@pytest.mark.timeout(600)
def test_every_part_of_a_request_may_be_hostile(asked_world, document, subtests):
    """A part at a time, of requests that are answered else."""
    world, _ = asked_world
    for number, operation in enumerate(operations_of(document)):
        case = operation.Case(path_parameters={one.name: "x" for one in operation.path_parameters})
        with subtests.test(operation.label):
            for url, body in swept(operation, number):
                headers = {"X-API-Key": world.keys["whole"]}
                if body:
                    headers["Content-Type"] = "application/json"
                answered(world.client, Asked(case, url, headers, body))


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [("/v1/nodes/{code}", "get", "404"), ("/v1/keys", "post", "201"), ("/metrics", "get", "200")],
)
def test_what_the_document_leaves_out_is_seen(asked_world, document, path, method, status):
    world, _ = asked_world
    broken = copy.deepcopy(document)
    del broken["paths"][path][method]["responses"][status]
    operation = next(o for o in operations_of(broken) if (o.path, o.method) == (path, method))
    with pytest.raises(FailureGroup, match="Undocumented"):
        asked_all(operation, world.client, world.keys, KNOWN, WILD)


def test_an_answer_of_another_shape_is_seen(asked_world, document):
    world, _ = asked_world
    broken = copy.deepcopy(document)
    broken["components"]["schemas"]["NodeMetersAnswer"]["properties"]["code"]["type"] = "integer"
    path = "/v1/nodes/{code}"
    operation = next(o for o in operations_of(broken) if o.path == path)
    with pytest.raises(FailureGroup, match="violates schema"):
        asked_all(operation, world.client, world.keys, KNOWN, TAME, tame=True)


def _is_name(path, method, document):
    """Whether by this method the last of the path is a name of another route: of a bill called
    `table`, say."""
    before, _, last = path.rpartition("/")
    others = (one for one, methods in document["paths"].items() if method.lower() in methods)
    return "{" not in last and any(re.fullmatch(rf"{re.escape(before)}/{{\w+}}", o) for o in others)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "QUERY"])
def test_a_method_that_a_route_has_not_is_told_those_that_there_are(asked_world, document, method):
    world, _ = asked_world
    for path, methods in document["paths"].items():
        if method.lower() in methods or _is_name(path, method, document):
            continue
        headers = {"X-API-Key": world.keys["whole"], "Content-Type": "application/json"}
        url = path.replace("{", "").replace("}", "")
        answer = world.client.request(method, url, headers=headers, content=b"[\xff")
        assert answer.status_code == answer.json()["status"] == 405, path
        assert answer.headers["content-type"] == "application/problem+json"
        allowed = set(answer.headers["allow"].lower().split(", "))
        assert allowed - {"head"} >= methods.keys(), path
