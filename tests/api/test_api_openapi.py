"""The OpenAPI document describes every answer of /v1, and every problem as one."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace

import pytest
from pydantic import TypeAdapter

from api import PartHealth
from api.answers.energy import EnergyAnswer, EnergyTableAnswer, LineageAnswer, PartsAnswer
from api.gate import MOST_HEADERS
from api.openapi import ALWAYS
from api.problems import MEDIA_TYPE, STATUS
from metering.errors import StorageFull

PROBLEM = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemAnswer"}}}
READ_IN_KINDS = {400, 415}
NATIVE = ("/v1/ingest", "/v1/ingest/{site}/{code}")
"""Take a body that is journalled before it is read; the second says of itself what it refuses."""
TEXTS = "application/json"


@pytest.fixture(scope="module")
def document(shared_world):
    return shared_world.client.get("/openapi.json").json()


def routes(document):
    """(method, path, operation) of every route of /v1."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if path.startswith("/v1/"):
                yield method, path, operation


def undescribed(document):
    """Routes of which the document does not say what they answer."""
    for method, path, operation in routes(document):
        told = {code: one for code, one in operation["responses"].items() if code < "3"}
        contents = [content for one in told.values() for content in one["content"].items()]
        if not contents or len(told) != 1:
            yield method, path, "no answer"
        for kind, content in contents:
            schema = content.get("schema", {})
            either = schema.get("anyOf", [schema])
            ours = all("$ref" in one for one in either) or schema.get("type") == "string"
            if not ours and "{institution}" not in path:
                yield method, path, kind


def wanted_problems(method, path, operation):
    """Statuses that a route of its kind can answer with."""
    wanted = set(ALWAYS)
    if method != "get":
        wanted |= {409}
    if "requestBody" in operation:
        wanted |= {413} | (set() if path in NATIVE else READ_IN_KINDS)
    return wanted


def without_problems(document):
    """Routes that lack a problem, or describe an error otherwise."""
    for method, path, operation in routes(document):
        errors = {int(c): one for c, one in operation["responses"].items() if c >= "4"}
        if not wanted_problems(method, path, operation) <= errors.keys():
            yield method, path, wanted_problems(method, path, operation) - errors.keys()
        if any(one["content"] != PROBLEM for one in errors.values()):
            yield method, path, "not a problem"


def test_every_route_says_what_it_answers(document):
    assert list(undescribed(document)) == []
    assert len(list(routes(document))) > 30


def test_every_route_has_the_problems_of_its_kind(document):
    assert list(without_problems(document)) == []
    told = {
        int(code)
        for _, _, operation in routes(document)
        for code in operation["responses"]
        if code >= "4"
    }
    assert {400, 401, 404, 409, 413, 415, 422, 429, 503} <= told <= set(STATUS.values())


@dataclass
class FullAccess:
    """Keys over a disk that holds no further line of the audit log."""

    real: object

    def __getattr__(self, name):
        return getattr(self.real, name)

    def audit(self, entry):
        raise StorageFull("no space left", field="database", fix="free some space")


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/v1/nodes/{code}", ""),
        ("/influx/query", "?q=SELECT sum(kwh) FROM energy WHERE node='hall' AND time > 0"),
    ],
)
def test_a_refusal_that_cannot_be_written_down_is_named(world, document, path, query):
    access = FullAccess(world.platform.access)
    world.client.app.state.platform = replace(world.platform, access=access)
    answer = world.get(path.replace("{code}", "hall") + query)
    assert_problem(answer, 507, "database")
    assert str(answer.status_code) in document["paths"][path]["get"]["responses"]


def test_health_that_is_not_ready_is_described_as_it_is(world, document):
    parts = {"intake": PartHealth(False, {"behind": 5210})}
    world.client.app.state.platform = replace(world.platform, health=lambda: parts)
    answer = world.client.get("/health")
    told = document["paths"]["/health"]["get"]["responses"][str(answer.status_code)]
    assert answer.json() == told["content"][TEXTS]["example"]


@pytest.mark.parametrize("path", ["/health", "/metrics", "/influx/query", "/influx/ping"])
def test_what_the_gate_refuses_is_described_outside_of_v1_too(shared_world, document, path):
    told = document["paths"][path]["get"]["responses"]
    answer = shared_world.client.get(path, headers={"X-Long": "x" * MOST_HEADERS})
    assert answer.status_code == 431
    assert told["431"]["content"] == told["414"]["content"] == PROBLEM


def test_a_report_that_is_not_complete_is_a_conflict(document):
    assert "409" in document["paths"]["/v1/reports/{institution}"]["get"]["responses"]


def test_what_is_left_out_is_seen(document):
    broken = copy.deepcopy(document)
    nodes = broken["paths"]["/v1/nodes"]["get"]["responses"]
    nodes["200"]["content"][TEXTS]["schema"] = {"type": "object"}
    del nodes["429"]
    assert list(undescribed(broken)) == [("get", "/v1/nodes", TEXTS)]
    assert list(without_problems(broken)) == [("get", "/v1/nodes", {429})]


def test_schemas_that_are_named_are_there(document):
    schemas = document["components"]["schemas"]
    assert "HTTPValidationError" not in schemas
    named = {ref.rpartition("/")[2] for ref in refs(document)}
    assert named <= schemas.keys()
    problem = schemas["ProblemAnswer"]
    assert {"type", "title", "status", "detail", "field", "fix"} <= problem["properties"].keys()


def gaps(schemas, schema, example, place):
    """Where an example has a field that its shape has not, or lacks one that is never null."""
    schema = resolved(schemas, schema)
    if isinstance(example, list) and "items" in schema:
        for one in example:
            yield from gaps(schemas, schema["items"], one, place)
    if not isinstance(example, dict) or "properties" not in schema:
        return
    known = schema["properties"]
    yield from ((place, name) for name in example.keys() - known.keys())
    needed = {name for name in schema.get("required", ()) if not may_be_null(known[name])}
    yield from ((place, name) for name in needed - example.keys())
    for name in example.keys() & known.keys():
        yield from gaps(schemas, known[name], example[name], f"{place} {name}")


def resolved(schemas, schema):
    """The schema itself, without references and null."""
    if "anyOf" in schema:
        schema = next(one for one in schema["anyOf"] if one.get("type") != "null")
    return schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def may_be_null(schema):
    return any(one.get("type") == "null" for one in schema.get("anyOf", ()))


def test_examples_have_the_shape_of_the_answer(document):
    found = []
    for method, path, operation in routes(document):
        for code, told in operation["responses"].items():
            content = told.get("content", {}).get(TEXTS, {})
            if code < "3" and "schema" in content:
                place = f"{method} {path}"
                schemas = document["components"]["schemas"]
                found += gaps(schemas, content["schema"], content["example"], place)
    assert found == []


def refs(part):
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        part = list(part.values())
    if isinstance(part, list):
        for one in part:
            yield from refs(one)


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        ("/v1/energy?node=campus&step=hour&start=2026-11-23", EnergyAnswer),
        ("/v1/energy?node=campus&item=02000&step=15min&start=2026-11-24", EnergyAnswer),
        ("/v1/energy?meter=office-b-total&start=2026-11-14", EnergyAnswer),
        ("/v1/energy?node=campus,dc&item=01000,02000&start=2026-11-23", EnergyTableAnswer),
        ("/v1/energy?below=campus&step=native&start=2026-11-23&fields=quantity", EnergyTableAnswer),
        ("/v1/energy/parts?node=office-a&start=2026-11-17", PartsAnswer),
        ("/v1/energy/lineage?node=campus&time=2026-11-23T02:00:00Z", LineageAnswer),
        ("/v1/energy/lineage?meter=dc-it&time=2026-11-23T02:00:00Z", LineageAnswer),
    ],
)
def test_answers_that_are_not_looked_over_have_their_shape(shared_world, path, shape):
    """Nothing missing, nothing more, in the same order, and numbers written the same."""
    told = shared_world.get(path).content
    adapter = TypeAdapter(shape)
    assert adapter.dump_json(adapter.validate_json(told)) == told


def test_a_body_of_another_kind_is_refused_as_that(world):
    path = "/v1/findings/f-after/acknowledge"
    for kind in ("application/x-www-form-urlencoded", "text/plain; charset=utf-8"):
        headers = {"Content-Type": kind, "X-API-Key": world.keys["bureau"]}
        answer = world.client.post(path, headers=headers, content=b'{"note": "x"}')
        assert_problem(answer, 415, "Content-Type")
    headers = {"Content-Type": "Application/JSON; charset=utf-8", "X-API-Key": world.keys["bureau"]}
    assert world.client.post(path, headers=headers, content=b'{"note": "x"}').status_code == 200


def test_a_body_of_json_is_bounded(world):
    headers = {"Content-Type": TEXTS, "X-API-Key": world.keys["bureau"]}
    body = b" " * (world.platform.max_body_bytes + 1)
    assert_problem(world.client.post("/v1/keys", headers=headers, content=body), 413, "body")


def test_a_body_that_cannot_be_read_is_malformed(world):
    path = "/v1/findings/f-after/acknowledge"
    headers = {"Content-Type": TEXTS, "X-API-Key": world.keys["bureau"]}
    answer = world.client.post(path, headers=headers, content=b'{"note": "\xff"}')
    assert_problem(answer, 400, "body")
    form = {
        "Content-Type": "multipart/form-data; boundary=x",
        "Content-Length": "5",
        "X-API-Key": world.keys["whole"],
    }
    answer = world.client.post("/v1/registry/import", headers=form, content=b"--y\r\n")
    assert_problem(answer, 400, "body")


def assert_problem(answer, status, field):
    problem = answer.json()
    assert answer.status_code == status, problem
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert (problem["status"], problem["field"]) == (status, field)
    assert problem["fix"]
