"""Names, numbers and tables of the documents are those of the vocabulary, decoders and reports."""

from __future__ import annotations

import ast
import csv
import io
import json
import re
import tomllib
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from analytics.bins import USUAL_HOURS
from analytics.detectors import DETECTORS
from analytics.detectors import Limits as DetectorLimits
from analytics.patterns import CATALOGUE, Need
from collector.decode.message import MessageLimits
from collector.topics import CHANNELS, owner_of
from figures.bills import CHECK_NAMES, BillLack
from ledger import Clock
from metering import units
from metering.calendar import DayKind
from metering.localtime import day_bounds, local_day, parse_instant
from metering.quality import NAMES, WHOLE
from metering.reading import Kind
from metering.registry import NodeType, Registry
from metering.registry.facts.limits import COUNTS, SIZES
from metering.registry.files import TABLES, read_registry_texts
from metering.registry.kinds import FILES
from metering.registry.places import DC_ROLES, STEPS, SUMMED
from reports import FORMATS, LANGUAGES
from reports.differences import KINDS
from reports.lines import COMPARABLE
from reports.model import FORMAT, FORMAT_1, FORMAT_2, FORMAT_3
from reports.month import ENOUGH
from storage.registry_rules import CHANGES_KEPT
from texts import word

ROOT = Path(__file__).parents[1]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")


def document(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def section(name: str, heading: str) -> str:
    """What stands under a heading, up to the next of its level or above."""
    level = heading.split(maxsplit=1)[0]
    body = document(name).partition(f"\n{heading}\n")[2]
    return re.split(rf"^#{{1,{len(level)}}} ", body, maxsplit=1, flags=re.MULTILINE)[0]


def table(text: str, header: str) -> list[list[str]]:
    """Cells of the table under a header line."""
    rows = text.split(f"{header}\n")[1].split("\n\n", maxsplit=1)[0].splitlines()[1:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def spans(*texts: str) -> set[str]:
    return {name for text in texts for name in SPAN.findall(text)}


def fenced(name: str, language: str) -> list[str]:
    return [code for told, code in FENCE.findall(document(name)) if told == language]


# docs/patterns.md


def test_the_catalogue_says_what_is_looked_for() -> None:
    rows = table(
        section("patterns.md", "## The catalogue"), "| Pattern | Looked for | How, or why not |"
    )
    said = {SPAN.findall(row[0])[0]: row[1] for row in rows}
    assert {name for names in CATALOGUE.values() for name in names} <= said.keys()
    assert said == {name: "yes" if name in DETECTORS else "no" for name in said}


def test_what_a_place_needs_is_said() -> None:
    rows = table(section("patterns.md", "## What a place needs"), "| `need` | To register |")
    assert spans(*(row[0] for row in rows)) == set(Need)


# docs/gateways.md


def schema() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(document("schema/readings.schema.json"))["$defs"]
    return found


def test_topics_are_those_of_the_collector() -> None:
    lines = section("gateways.md", "## Topics").split("```")[1].strip().splitlines()
    topics = [line.split()[0] for line in lines]
    assert topics == [f"greenoffice/v1/SITE/GATEWAY/{channel}" for channel in CHANNELS]
    assert {owner_of(topic) for topic in topics} == {"SITE/GATEWAY"}


def test_fields_of_a_payload_are_those_of_the_schema() -> None:
    rows = table(section("gateways.md", "## Payload"), "| Field | Needed | Meaning |")
    assert {SPAN.findall(row[0])[0] for row in rows} == {
        *schema()["Message"]["properties"],
        *schema()["Reading"]["properties"],
    }
    needed = {SPAN.findall(row[0])[0] for row in rows if row[1] == "yes"}
    assert needed == {*schema()["Message"]["required"], *schema()["Reading"]["required"]}


def test_limits_of_a_payload_are_those_of_the_schema() -> None:
    rows = table(section("gateways.md", "## Payload"), "| Field | Needed | Meaning |")
    said = {SPAN.findall(row[0])[0]: row[2] for row in rows}
    message, reading = schema()["Message"]["properties"], schema()["Reading"]["properties"]
    most = message["readings"]["maxItems"]
    assert f"0 to {most:,} readings" in said["readings"]
    assert f"at most {MessageLimits().payload_bytes >> 20} MiB" in said["readings"]
    power = message["session"]["anyOf"][0]["exclusiveMaximum"].bit_length() - 1
    assert f"below 2^{power}" in said["session"]
    assert f"1 to {reading['point']['maxLength']} characters" in said["point"]


def test_kinds_are_those_of_the_vocabulary() -> None:
    rows = table(section("gateways.md", "### Kinds"), "| Kind | The value is | Its time is |")
    assert [row[0].strip("`") for row in rows] == [str(kind) for kind in Kind]


def test_units_that_are_named_can_be_sent_and_no_dimension_is_left_out() -> None:
    text = section("gateways.md", "### Units")
    named = {unit for span in SPAN.findall(text) for unit in span.split()}
    named -= {one for one in named if one.endswith(".py")}
    assert named <= units.UNITS.keys()
    dimensions = {units.UNITS[name].canonical for name in named}
    assert dimensions == {unit.canonical for unit in units.UNITS.values()}


def test_the_codes_of_sites_and_gateways_are_as_long_as_is_said() -> None:
    from metering.registry.rows import CODE

    said = " ".join(document("gateways.md").split()), " ".join(document("registry.md").split())
    longest = max(n for n in range(1, 200) if CODE.fullmatch("a" * n))
    assert f"Site and gateway are 1 to {longest} letters, digits, dots" in said[0]
    assert f"Codes are 1 to {longest} letters, digits, dots" in said[1]


@pytest.mark.parametrize("name", ["docs/gateways.md", "README.md", "README.zh-CN.md"])
def test_payloads_of_the_documents_fit_the_schema(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    payloads = [json.loads(code) for told, code in FENCE.findall(text) if told == "json"]
    payloads += [json.loads(body) for body in re.findall(r"-[md] '(\{.*\})'", text)]
    found = [one for one in payloads if "readings" in one]
    assert found
    for payload in found:
        assert payload.keys() <= schema()["Message"]["properties"].keys()
        for reading in payload["readings"]:
            assert set(schema()["Reading"]["required"]) <= reading.keys()
            assert reading.keys() <= schema()["Reading"]["properties"].keys()
            assert reading["unit"] in units.UNITS
            if "time" in reading:
                parse_instant(reading["time"])


# docs/registry.md


def meaning(file: str, column: str) -> str:
    rows = re.findall(
        r"^\| `(\w+)` \| (?:yes)? *\| (.*) \|$", section("registry.md", f"## {file}"), re.MULTILINE
    )
    return dict(rows)[column]


@pytest.mark.parametrize(
    ("file", "column", "words"),
    [
        ("tree.csv", "type", {str(one) for one in NodeType}),
        ("points.csv", "kind", {str(one) for one in Kind}),
        ("meters.csv", "dc_role", set(DC_ROLES) - {""}),
        ("tariff.csv", "days", {"all", *(str(one) for one in DayKind)}),
    ],
)
def test_words_a_column_takes_are_those_of_the_documents(
    file: str, column: str, words: set[str]
) -> None:
    assert words <= spans(meaning(file, column))


def test_kinds_of_days_are_those_of_the_calendar() -> None:
    assert spans(meaning("calendar.csv", "kind")) == {str(one) for one in DayKind}


def test_steps_of_a_meter_are_those_of_the_documents() -> None:
    numbers = [int(number) for number in re.findall(r"\d+", meaning("meters.csv", "step_min"))]
    assert numbers == [*STEPS, STEPS[0], 1, 5, 15, 10, 30]
    assert SUMMED == {1: 15, 5: 15, 10: 30}


def test_item_codes_that_are_named_have_that_name() -> None:
    said = meaning("meters.csv", "item").replace(" and ", ", ")
    for code, name in re.findall(r"`(\d{2}\w{3})` ([a-z][a-z ]*)", said):
        assert word("item", code, "en").lower().startswith(name.strip().lower()), code


def test_how_much_the_audit_log_keeps_of_an_import_is_as_said() -> None:
    from api.routes.registering import CHANGES_TOLD

    assert f"the first {CHANGES_KEPT:,} of an import" in " ".join(document("registry.md").split())
    assert CHANGES_TOLD == CHANGES_KEPT


BASE = {
    "tree.csv": "code,parent,type,zone\ni,,institution,UTC\ncampus,i,site,\nb,i,building,\n",
    "gateways.csv": "site,code\ncampus,gw-1\n",
    "meters.csv": "code,node,item\ncharging,b,01000\nmain,b,01000\nmain-fed-back,b,01000\n"
    "lab-old,b,01000\nlab-new,b,01000\ntenants,b,01A00\nplant,b,01B00\ncharging-kvarh,b,90000\ncharging-kvarh-back,b,90000\n",
}


@pytest.mark.parametrize("text", fenced("registry.md", "csv"))
def test_files_shown_in_the_documents_can_be_imported(text: str) -> None:
    header = next(csv.reader(io.StringIO(text)))
    (file,) = [
        name for name, one in TABLES.items() if set(one.required) <= set(header) <= set(one.columns)
    ]
    found = read_registry_texts({**BASE, file: text})
    count = len(text.strip().splitlines()) - 1
    assert count in [len(kind.of(found)) for kind in FILES[file]]


def test_limits_and_their_usual_values_are_those_of_the_documents() -> None:
    told = meaning("limits.csv", "name")
    usual = {one.name: one.default for one in fields(DetectorLimits)}
    assert set(spans(told)) == usual.keys() == {*SIZES, *COUNTS}
    for name, text in re.findall(r"`(\w+)` \([^)]*?([\d.]+)\)", told):
        assert float(text) == usual[name], name
    opens, closes = USUAL_HOURS.opens, USUAL_HOURS.closes
    assert f"{opens:02}:00 to {closes}:00 from Monday to Friday" in document("registry.md")


def test_the_office_of_the_demo_is_where_the_documents_say() -> None:
    folder = ROOT / "simulators" / "campus"
    files = {path.name for path in folder.glob("*.csv")}
    assert {"tree.csv", "meters.csv", "points.csv"} <= files <= TABLES.keys()


# docs/bills.md


def test_checks_and_lacks_of_bills_are_those_of_the_documents() -> None:
    rows = table(
        section("bills.md", "## A supplier's bill held against the books"), "| Of | Checks |"
    )
    assert spans(*(row[1] for row in rows)) == set(CHECK_NAMES)
    rows = table(section("bills.md", "## What is not known"), "| Lack | Means |")
    assert [row[0].strip("`") for row in rows] == [str(one) for one in BillLack]


# docs/reports.md


def test_formats_and_languages_of_reports_are_those_of_the_documents() -> None:
    text = document("reports.md")
    rows = table(text, "| Format | For | Holds |")
    assert {row[0].strip("`") for row in rows} == set(FORMATS)
    (said,) = re.findall(r"^Languages are (.*?);", text, re.MULTILINE)
    assert spans(said) == set(LANGUAGES)
    earlier = (one.removeprefix("greenoffice-month") for one in (FORMAT_2, FORMAT_3))
    for format in (FORMAT, FORMAT_1, *earlier):
        assert f"`{format}`" in text


def test_kinds_of_differences_are_those_of_the_documents() -> None:
    rows = dict(table(document("reports.md"), "| Name | Holds |")[:2])
    assert spans(rows["`kind`"]) == {"report", *(kind.name for kind in KINDS)}


def test_what_a_month_must_be_measured_for_is_as_said() -> None:
    text = " ".join(document("reports.md").split())
    assert f"at least {ENOUGH * 100 // WHOLE} % of the time is known" in text
    assert f"measured for at least {COMPARABLE * 100 // WHOLE} % of its time" in text


def test_sheets_are_as_many_as_is_said() -> None:
    words = {8: "eight", 9: "nine", 10: "ten"}
    source = (ROOT / "reports" / "xlsx.py").read_text(encoding="utf-8")
    sheets = re.findall(r'self\._sheet\("(\w+)"', source)
    assert sheets[-1] == "changes"
    most = len(sheets) - 1
    assert f"{words[most]} sheets, {words[most - 1]} where nothing has sub-items" in " ".join(
        document("reports.md").split()
    )


def test_keys_of_the_reports_proof_are_told() -> None:
    sources = "".join(path.read_text() for path in (ROOT / "proofs").glob("report*.py"))
    for key in re.findall(r"`(issue_\d_\w+)`", document("reports.md")):
        assert f'"{key}"' in sources


# docs/glossary.md, docs/architecture.md, docs/shared-platform.md


def test_patterns_and_shares_stand_in_the_glossary() -> None:
    glossary = document("glossary.md")
    (row,) = re.findall(r"^\| pattern \|.*$", glossary, re.MULTILINE)
    assert set(spans(row)) <= DETECTORS.keys()
    assert f"add to {WHOLE:,}" in glossary
    for name in NAMES:
        assert f"| {name} |" in glossary


def test_terms_of_the_glossary_stand_once_in_each_part() -> None:
    for part in document("glossary.md").split("\n## ")[1:]:
        terms = re.findall(r"^\| ([^|]+) \| [^|]+ \|", part, re.MULTILINE)
        assert len(terms) == len(set(terms)), part.splitlines()[0]
        for chinese in re.findall(r"^\| [^|]+ \| ([^|]+) \|", part, re.MULTILINE)[2:]:
            assert re.search(r"[\u4e00-\u9fff]", chinese), chinese


def test_a_day_settles_as_long_after_its_end_as_is_said() -> None:
    (words,) = re.findall(
        r"A day settles (\w+) minutes after its end", document("shared-platform.md")
    )
    minutes = {"twenty": 20}[words]
    day = local_day(parse_instant("2026-11-24T00:00:00Z"), "UTC")
    end = day_bounds(day, "UTC")[1] + minutes * 60_000_000
    assert not Clock(end - 1).is_settled(day, "UTC")
    assert Clock(end).is_settled(day, "UTC")


def test_folders_import_what_the_table_says() -> None:
    """Each line's own words against the layers: nobody may import what stands above."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    layers = next(one for one in contracts if one["type"] == "layers")["layers"]
    height = {
        name: len(layers) - place
        for place, layer in enumerate(layers)
        for name in re.findall(r"\w+", layer)
    }
    rows = table(document("architecture.md"), "| Folder | Its one job | May import |")
    told = {row[0].strip("`").rstrip("/"): row[2] for row in rows}
    assert told.keys() - {"tests"} == height.keys()
    for folder, may in told.items():
        if folder == "tests" or may.startswith("all"):
            continue
        for other in set(re.findall(r"\w+", may)) & height.keys():
            assert height[other] < height[folder], (folder, other)


TOP = {path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")}
PAGES = [
    *sorted((ROOT / "docs").rglob("*.md")),
    *(ROOT / f"{name}.md" for name in ("CONTRIBUTING", "SECURITY")),
]


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.stem)
def test_files_and_modules_named_in_the_documents_exist(path: Path) -> None:
    """`folder/file.py`, `package.name` and `package.module.name`; and what Python shown imports."""
    text = path.read_text(encoding="utf-8")
    shown = [code for language, code in FENCE.findall(text) if language == "python"]
    imported = [
        (line.module, alias.name)
        for code in shown
        for line in ast.walk(ast.parse(code))
        if isinstance(line, ast.ImportFrom)
        for alias in line.names
    ]
    for span in SPAN.findall(FENCE.sub("", text)):
        if re.fullmatch(r"[a-z_]+/[\w/]+(?:\.(?:py|toml|md|csv|sh)|/)", span):
            if span.split("/")[0] not in TOP or re.search(r"/[A-Z]+/", span):
                continue
            assert (ROOT / span).exists(), span
        if called := re.fullmatch(r"([a-z_]+(?:\.[a-z_]+)?)\.(\w+)\(.*\)", span):
            imported.append((called[1], called[2]))
    for module, name in imported:
        if module and (ROOT / module.partition(".")[0] / "__init__.py").exists():
            assert hasattr(import_module(module), name), (module, name)


def test_an_empty_registry_is_one() -> None:
    """What the examples above are imported into holds nothing else."""
    assert read_registry_texts(BASE).tariff == Registry().tariff == ()
