"""What the documents say of HTTP is what the API has: routes, parameters, answers, fields."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

import api.influxql.engine.grid as influx_grid
import api.influxql.engine.select as influx_select
import api.influxql.engine.times as influx_times
import api.influxql.http as influx_http
import api.influxql.language.parse as influx_parse
import api.influxql.tables.energy as influx_energy
from api.influxql.language.functions import AGGREGATES, SEVERAL, TRANSFORMS
from api.influxql.tables.measurements import MEASUREMENTS
from api.problems import STATUS
from api.usecases.energy import MOST_PERIODS
from api.usecases.energy_tables import MOST_INTERVALS, MOST_PRICED_DAYS, MOST_WORTH
from figures import FIELDS as COLUMNS
from figures import LEAST_COVER, RATIOS, ROLES, STEPS

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "README.zh-CN.md", "CHANGELOG.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
ASKED = re.compile(
    r"(?P<methods>(?:(?:GET|POST|DELETE|PUT|PATCH)(?: or )?)+)?[ `\[]"
    r"(?P<path>/(?:v1|influx|health|metrics)[\w./{}-]*)(?P<query>\?[^\s`\"]*)?"
)
FIELDS = "| Measurement | One series is | Fields |"
SPAN = re.compile(r"`([^`\n]+)`")


def text(path):
    return path.read_text(encoding="utf-8")


def named(path):
    return path.relative_to(ROOT).as_posix()


def document(name):
    return text(ROOT / "docs" / name)


def rows(document, header):
    """Cells of the first table under a header line."""
    body = document.split(f"\n{header}\n")[1].split("\n\n")[0].splitlines()[1:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in body]


def spans(*cells):
    return {name for cell in cells for name in SPAN.findall(cell)}


@pytest.fixture(scope="session")
def operations(shared_world):
    """{path: {METHOD: its parameters by name}} of every route."""
    described = shared_world.client.get("/openapi.json").json()["paths"]
    return {
        path: {
            method.upper(): {one["name"]: one for one in operation.get("parameters", [])}
            for method, operation in methods.items()
        }
        for path, methods in described.items()
    }


def fits(path, template):
    """Whether a path of the documents is one of a route: CODE, ID and names stand for parts."""
    told, wanted = path.strip("/").split("/"), template.strip("/").split("/")
    return len(told) == len(wanted) and all(
        want == part or want.startswith("{") for part, want in zip(told, wanted, strict=True)
    )


def routes_of(path, operations):
    return [methods for template, methods in operations.items() if fits(path, template)]


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_routes_of_the_documents_exist_with_their_methods_and_parameters(document, operations):
    for found in ASKED.finditer(text(document)):
        path = found["path"].rstrip(".")
        if path in ("/v1", "/influx"):  # all of them
            continue
        routes = routes_of(path, operations)
        assert routes, path
        for method in re.findall(r"[A-Z]+", found["methods"] or ""):
            assert any(method in methods for methods in routes), (method, path)
        query = parse_qs(urlsplit(found["query"] or "").query, keep_blank_values=True)
        known = {name for methods in routes for taken in methods.values() for name in taken}
        assert query.keys() <= known, (path, query)


def test_a_route_that_is_not_there_is_seen(operations):
    assert routes_of("/v1/energy/parts", operations)
    assert not routes_of("/v1/energies", operations)


def test_the_reference_is_where_the_documents_say(shared_world):
    assert "`/docs` of a running platform" in document("energy.md")
    assert shared_world.client.get("/docs").status_code == 200


def test_parameters_of_the_feed_are_those_of_the_table(operations):
    taken = operations["/v1/feed"]["GET"]
    table = rows(document("shared-platform.md"), "| Parameter | |")
    assert {SPAN.findall(name)[0] for name, _ in table} == taken.keys()
    ((_, limit),) = [row for row in table if row[0] == "`limit`"]
    schema = taken["limit"]["schema"]
    low, high, usual = re.findall(r"\d+", limit)
    assert [int(low), int(high)] == [schema["minimum"], schema["maximum"]]
    assert int(usual) == schema["default"]


def test_an_entry_of_the_feed_has_the_fields_of_the_example(shared_world):
    (example,) = re.findall(r"```json\n(.*?)```", document("shared-platform.md"), re.DOTALL)
    told = shared_world.get("/v1/feed", institution="bureau", limit=1).json()
    assert told.keys() == json.loads(example).keys()
    entry = json.loads(example)["data"][0]
    assert told["data"][0].keys() == entry.keys()
    assert told["data"][0]["shares"].keys() == entry["shares"].keys()
    assert entry["amount"] == float(entry["value"]) * 1e6


def test_what_the_feed_answers_to_a_wrong_question_is_in_the_table(shared_world):
    table = {row[0] for row in rows(document("shared-platform.md"), "| Answer | Do |")}
    answers = {
        "422, field `cursor`": shared_world.get("/v1/feed", institution="bureau", cursor="x"),
        "422, field `institution`": shared_world.get("/v1/feed", key="whole"),
        "404": shared_world.get("/v1/feed", institution="school"),
        "401": shared_world.client.get("/v1/feed"),
    }
    assert table - {"503, or none"} == answers.keys()
    for said, answer in answers.items():
        assert str(answer.status_code) == said[:3], said
        for field in SPAN.findall(said):
            assert answer.json()["field"] == field


def test_statuses_named_in_the_documents_are_told(shared_world):
    """Of errors: each number that a document puts before a colon or in a cell of its own."""
    known = {str(status) for status in STATUS.values()} | {"202"}
    for name in ("grafana.md", "shared-platform.md", "registry.md", "gateways.md"):
        told = re.findall(r"(?<![\d,.:])([245]\d\d)(?=:|,(?!\d)| comes)", document(name))
        assert set(told) <= known, name


def test_steps_and_fields_of_energy_are_those_of_the_documents(shared_world):
    energy = document("energy.md")
    (said,) = re.findall(r"`step` is (.*?)\.\n", energy)
    assert spans(said) == set(STEPS)
    days = {"start": "2026-11-23", "end": "2026-11-24"}
    told = shared_world.get("/v1/energy", node="office-a", item="01000", step="day", **days).json()
    assert {"data", "remainder", "revision"} <= told.keys()
    costs = told["data"][0]["cost"]
    assert spans(*(row[0] for row in rows(energy, "| Field of `cost` | Meaning |"))) == costs.keys()


def test_columns_are_those_of_the_documents(shared_world):
    energy = document("energy.md")
    told = rows(energy, "| Field | Columns of a series |")
    assert spans(*(row[0] for row in told)) == set(COLUMNS)
    days = {"start": "2026-11-23", "end": "2026-11-24"}
    (one,) = shared_world.get("/v1/energy", node="office-a", fields="shares,money", **days).json()[
        "data"
    ]
    assert spans(told[1][1]) == one["shares"].keys()
    assert one["cost"].keys() - spans(told[3][1]) == {"currencies"}
    for most in (MOST_INTERVALS, MOST_WORTH, MOST_PRICED_DAYS, MOST_PERIODS):
        assert f"{most:,} " in energy


def test_parts_have_the_rows_of_the_documents(shared_world):
    days = {"start": "2026-11-17", "end": "2026-11-24"}
    told = shared_world.get("/v1/energy/parts", node="office-a", item="01000", **days).json()
    kinds = {row["row"] for row in told["data"]}
    section = document("energy.md").partition("\n## Parts\n")[2].partition("\n## ")[0]
    assert kinds <= set(re.findall(r"row `(\w+)`", section)) == {"total", "part", "difference"}


def test_ratios_have_the_fields_and_the_least_cover_of_the_documents(shared_world):
    section = document("energy.md").partition("\n## Data centre\n")[2].partition("\n## ")[0]
    days = {"start": "2026-11-17", "end": "2026-11-24"}
    told = shared_world.get("/v1/datacentre", node="dc", **days).json()
    said = spans(section)
    fields = {*told.keys(), *(name for ratio in told["ratios"] for name in ratio)}
    assert said <= fields, said - fields
    assert float(re.findall(r"below (0\.\d+)", section)[0]) == LEAST_COVER / 10_000
    for name in ("grafana.md", "reports.md"):
        assert "95 % of the time" in " ".join(document(name).split())
    assert LEAST_COVER == 9_500


def test_figures_of_the_page_have_the_attributes_and_names_of_the_documents(world, signed):
    section = document("energy.md").partition("\n## Exact figures on the page\n")[2]
    names = set(re.findall(r"`(\w+)`", section.split("`data-figure` is ")[1].split(".")[0]))
    attributes = set(re.findall(r"(data-[a-z]+)=", section))
    signed(world)
    paths = ("/overview?node=office-a", "/datacentre?node=dc", "/findings")
    pages = "".join(world.client.get(path).text for path in paths)
    found = set(re.findall(r'data-figure="(\w+)"', pages))
    assert found <= names, found - names
    assert {"energy", "cost", "ratio", "waste"} <= found
    for element in re.findall(r'<data class="figure"[^>]*>', pages):
        told = set(re.findall(r"(data-[a-z]+)=", element))
        assert told <= attributes | {"data-name"}, element


def test_the_key_of_a_shared_platform_is_made_as_is_said(world):
    (body,) = re.findall(r"with `(\{.*?\})`", document("shared-platform.md"))
    made = world.post("/v1/keys", key="whole", json=json.loads(body.replace("CODE", "bureau")))
    assert made.status_code in (200, 201), made.text
    keys = world.platform.access.keys()
    entry = next(one for one in keys if one.name == "shared platform")
    assert (entry.node, str(entry.role)) == ("bureau", "read")


# InfluxQL


def test_measurements_and_their_fields_are_those_of_the_table():
    grafana = document("grafana.md")
    table = {row[0].strip("`"): row[2] for row in rows(grafana, FIELDS)}
    assert table.keys() == MEASUREMENTS.keys()
    assert f"`{len(MEASUREMENTS)} measurements found`" in grafana
    for name, stated in table.items():
        fields = set(MEASUREMENTS[name].fields)
        cell = table["energy"] if stated == "the same" else stated
        if stated == "the same without `power`":
            cell = table["energy"].replace("`power`; ", "")
        said = spans(cell) - {"_zh"}
        if "`_zh`" in cell:
            said |= {one.replace("_en", "_zh") for one in said if one.endswith("_en")}
        assert said == fields, name


def test_what_can_be_asked_is_what_the_language_takes():
    grafana = document("grafana.md")
    (line,) = re.findall(r"^- (`sum`.*?), and `", grafana, re.MULTILINE)
    assert spans(line) == {*AGGREGATES, *SEVERAL, *TRANSFORMS}
    shown = re.findall(r"^- `SHOW DATABASES`, (.*)\.$", grafana, re.MULTILINE)
    grammar = text(Path(influx_parse.__file__).with_name("grammar.lark"))
    words = re.findall(r'"SHOW"i ((?:"[A-Z]+"i ?)+)', grammar)
    taken = {" ".join(re.findall(r"[A-Z]+", word)) for word in words}
    assert {"DATABASES", *spans(shown[0])} == taken


def test_limits_of_influxql_are_those_of_the_documents():
    grafana = " ".join(document("grafana.md").split())
    (said,) = re.findall(r"Limits: (.*?) of which money is asked", grafana)
    numbers = [int(number.replace(",", "")) for number in re.findall(r"[\d,]*\d", said)]
    assert numbers == [
        influx_parse.MOST_CHARACTERS,
        influx_parse.MOST_STATEMENTS,
        influx_times.MOST_BUCKETS,
        influx_select.MOST_SERIES,
        influx_select.MOST_POINTS,
        influx_grid.MOST_CELLS,
        influx_energy.MOST_SLOTS,
        influx_energy.MOST_ASKED,
        influx_energy.MOST_PRICED,
    ]
    assert f"up to {influx_http.MOST_NAMED} of them" in grafana


def test_ratios_and_roles_of_data_centres_have_the_names_of_the_documents():
    names = spans(*(row[2] for row in rows(document("grafana.md"), FIELDS)))
    assert {*ROLES, *RATIOS} <= names


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_the_finding_of_the_readme_has_fields_of_findings(name, shared_world):
    told = shared_world.get("/v1/findings").json()["data"][0]
    _, example = re.findall(r"```json\n(.*?)```", text(ROOT / name), re.DOTALL)
    finding = json.loads(example)
    assert finding.keys() <= told.keys(), finding.keys() - told.keys()
    assert finding["sentence"].keys() == told["sentence"].keys()
    assert type(finding["cost"]) is type(told["cost"])
