"""Coal by equal value and market-based carbon in reports: chosen, sealed, named, never mixed."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from greenoffice.export_facts import fact_lines
from metering.book import RULES_VERSION
from metering.errors import Conflict, InvalidInput, NotFound, Unavailable
from metering.factor import USUAL_BASES, Bases, Carbon, Coal, Factor
from metering.items import whole
from metering.localtime import day_bounds, iso
from metering.validity import Validity
from recompute import RecomputedBooks, read_file
from reports import FORMATS, LANGUAGES, Issues, file_name, from_json, render, to_json
from reports.details import Details
from reports.layout import layout
from reports.seal import sealed
from storage.memory import MemoryReports
from tests.two_books import sealed as sealed_file

FORMAT_3 = Path(__file__).parents[1] / "data/reports/month-3.json"
MONTH = "2026-10"
OTHER = Bases(Coal.EQUAL, Carbon.MARKET)
EQUAL, MARKET = Decimal("0.3017"), Decimal("0.6205")


def with_factors(bureau, *, market: Validity | None = None) -> None:
    """The bureau with factors of the other bases."""
    factors = (
        Factor("01000", "kgce_equal", EQUAL, "CN", source="Statistics office", grade="V"),
        Factor("01000", "kgco2_market", MARKET, "CN", market or Validity(), "Contract", "V"),
    )
    known = bureau.registry
    bureau.registry = replace(known, version=known.version + 1, factors=(*known.factors, *factors))


@pytest.fixture
def world(own):
    with_factors(own)
    return own


def issues(bureau, store=None) -> Issues:
    kept = store or MemoryReports()
    return Issues(bureau.source(), kept, lambda: bureau.now_us, "someone")


def line(report, item="01000"):
    return next(one for one in report.lines if (one.node, one.item) == ("bureau", item))


def test_every_figure_is_energy_times_the_factor_of_the_basis(world):
    for bases, coal, carbon in (
        (USUAL_BASES, Decimal("0.1229"), Decimal("0.5306")),
        (Bases(coal=Coal.EQUAL), EQUAL, Decimal("0.5306")),
        (Bases(carbon=Carbon.MARKET), Decimal("0.1229"), MARKET),
        (OTHER, EQUAL, MARKET),
    ):
        report = world.report(bases=bases)
        assert (report.bases, report.lacking) == (bases, ())
        for one in report.lines:
            if whole(one.item) == "01000":
                energy = Decimal(one.amount) / 10**6
                assert (one.kgce, one.kgco2) == (energy * coal, energy * carbon)
        total = report.total("bureau")
        assert (total.kgce, total.kgco2) == (line(report).kgce, line(report).kgco2)
        per = {(o.node, o.quantity, o.per): o.value for o in report.indicators}
        area = report.place("bureau").area_m2
        assert per["bureau", "kgce", "m2"] == (total.kgce / area).quantize(Decimal("0.000001"))
        wanted = {bases.quantity("kgce"), bases.quantity("kgco2")}
        assert {row.quantity for row in report.factors} == wanted


def test_money_and_energy_do_not_depend_on_the_basis(world):
    def plain(report):
        return [replace(one, kgco2=None, kgce=None) for one in report.lines]

    usual, other = world.report(), world.report(bases=OTHER)
    assert plain(usual) == plain(other)
    assert (usual.tariff_version, usual.revision) == (other.tariff_version, other.revision)
    assert usual.factor_set != other.factor_set


def test_the_basis_is_under_the_seal(world):
    report = world.report(bases=OTHER)
    data = to_json(report)
    told = json.loads(data)
    assert (told["coal"], told["carbon"]) == ("equal", "market")
    assert from_json(data) == report
    for own, forged in ((b'"equal"', b'"equivalent"'), (b'"market"', b'"location"')):
        with pytest.raises(InvalidInput, match="seal is broken"):
            from_json(data.replace(own, forged))


def test_every_format_names_the_basis_in_words(world):
    words = {
        "en": ("by equal value (0.3017 kgce/kWh)", "market-based (0.6205 kgCO₂/kWh)"),
        "zh-CN": ("按等价值 (0.3017 kgce/kWh)", "基于市场 (0.6205 kgCO₂/kWh)"),
    }
    report = world.report(bases=OTHER)
    for language, told in words.items():
        book = openpyxl.load_workbook(io.BytesIO(render(report, language, "xlsx")))
        for sheet in (book.worksheets[0], book.worksheets[-1]):
            cells = {str(cell.value) for row in sheet for cell in row}
            assert set(told) <= cells, sheet.title
        csv = render(report, language, "csv").decode("utf-8-sig")
        assert all(one in csv for one in told)
        page = layout(report, language)
        assert {row[1] for row in page["based"]} == set(told)
        assert page["bases"] == Details(report, language).unusual()
        assert render(report, language, "pdf").startswith(b"%PDF")
    assert layout(report, "en")["bases"] == "Standard coal by equal value · CO₂ market-based"
    usual = layout(world.report(), "en")
    assert usual["bases"] is None
    assert [row[1] for row in usual["based"]] == [
        "by equivalent value (0.1229 kgce/kWh)",
        "location-based (0.5306 kgCO₂/kWh)",
    ]
    assert page["carbon"][0]["cells"][1] == str(MARKET)
    assert page["carbon"][0]["cells"][3] == str(EQUAL)


def test_without_a_factor_on_some_days_there_is_no_number_but_its_cause(own):
    with_factors(own, market=Validity(date(2026, 10, 4), None))
    report = own.report(bases=OTHER)
    assert line(report).kgco2 is None
    assert line(report).kgce is not None
    assert report.total("bureau").kgco2 is None
    assert all(one.value is None for one in report.indicators if one.quantity == "kgco2")
    (lack,) = report.lacking
    assert (lack.item, lack.quantity, lack.days) == ("01000", "kgco2_market", 3)
    assert (lack.first_day, lack.last_day) == (date(2026, 10, 1), date(2026, 10, 3))
    words = {
        "en": "Electricity, CO₂ · market-based: 2026-10-01 – 2026-10-03 (3 days)",
        "zh-CN": "电，CO₂ · 基于市场：2026-10-01 至 2026-10-03（3 天）",
    }
    for language, told in words.items():
        assert told in render(report, language, "csv").decode("utf-8-sig")
        assert told in {row[1] for row in layout(report, language)["based"]}
    assert own.report().lacking == ()


def test_findings_have_no_carbon_on_another_basis(world):
    usual, market = world.report(), world.report(bases=Bases(carbon=Carbon.MARKET))
    assert [one.kgco2 for one in usual.cases] == [Decimal("218.79")]
    assert [one.kgco2 for one in market.cases] == [None]
    assert layout(usual, "en")["cases_note"] is None
    assert "location-based" in layout(market, "en")["cases_note"]


def test_each_pair_of_bases_has_issues_of_its_own(world):
    store = MemoryReports()
    usual = issues(world, store).get("bureau", MONTH)
    other = issues(world, store).get("bureau", MONTH, bases=OTHER)
    assert (usual.report.issue, other.report.issue, other.report.changes) == (1, 1, ())
    assert usual.kept.content_hash != other.kept.content_hash
    known = world.registry
    dearer = replace(known.tariff[1], price=Decimal("2.05"))
    world.registry = replace(
        known, version=known.version + 1, tariff=(known.tariff[0], dearer, *known.tariff[2:])
    )
    second = issues(world, store).make("bureau", MONTH, "the price came late", OTHER)
    assert second.report.issue == 2
    assert second.report.bases == OTHER
    assert not {one.kind for one in second.report.changes} & {"factor", "indicator"}
    assert issues(world, store).get("bureau", MONTH).kept == usual.kept
    assert issues(world, store).get("bureau", MONTH, bases=OTHER).kept == second.kept
    assert issues(world, store).get("bureau", MONTH, number=1, bases=OTHER).kept == other.kept
    listed = [(one.bases, one.number) for one in issues(world, store).list("bureau", MONTH)]
    assert listed == [(USUAL_BASES, 1), (OTHER, 1), (OTHER, 2)]
    with pytest.raises(NotFound, match="no such issue") as refused:
        issues(world, store).get("bureau", MONTH, number=2)
    assert refused.value.fix == "bureau 2026-10 has issues 1 to 1"
    assert second.kept.name == "bureau 2026-10 coal=equal carbon=market issue 2"


def test_an_issue_is_told_on_its_own_basis_byte_for_byte_whatever_factors_become(world):
    store = MemoryReports()
    told = issues(world, store).get("bureau", MONTH, bases=OTHER)
    files = {(lang, name): told.file(lang, name) for lang in LANGUAGES for name in FORMATS}
    world.registry = replace(world.registry, version=9, factors=())
    again = issues(world, store).get("bureau", MONTH, bases=OTHER)
    assert not again.new
    assert {key: again.file(*key) for key in files} == files
    assert from_json(again.file("en", "json")).bases == OTHER


def test_an_issue_that_is_kept_under_another_basis_is_damaged(world):
    store = MemoryReports()
    told = issues(world, store).get("bureau", MONTH).kept
    wrong = MemoryReports()
    wrong.add(replace(told, bases=OTHER))
    with pytest.raises(Unavailable, match="damaged"):
        issues(world, wrong).get("bureau", MONTH, bases=OTHER)


def test_files_are_named_after_bases_that_are_not_usual():
    assert file_name("bureau", MONTH, USUAL_BASES, "pdf") == "bureau-2026-10.pdf"
    assert file_name("bureau", MONTH, OTHER, "csv") == "bureau-2026-10-coal-equal-carbon-market.csv"


def test_a_report_sealed_in_format_3_is_read_shown_and_written_as_it_was():
    data = FORMAT_3.read_bytes()
    report = from_json(data)
    assert (report.format, report.issue, report.bases) == ("greenoffice-month/3", 1, USUAL_BASES)
    assert (to_json(report), sealed(report)) == (data, report)
    for language in LANGUAGES:
        for name in FORMATS:
            assert render(report, language, name)
    with pytest.raises(InvalidInput, match="seal is broken"):
        from_json(data.replace(b'"month":"2026-10"', b'"month":"2026-11"', 1))


def test_the_next_issue_after_one_of_format_3_differs_in_nothing_that_stands(own):
    """The earlier issue is of the same books, so only what becomes otherwise is listed."""
    store = MemoryReports()
    first = issues(own, store).get("bureau", MONTH).kept
    earlier = from_json(FORMAT_3.read_bytes())
    old = MemoryReports()
    old.add(replace(first, content=FORMAT_3.read_bytes(), content_hash=earlier.content_hash))
    told = issues(own, old).get("bureau", MONTH)
    assert told.file("en", "json") == FORMAT_3.read_bytes()
    with pytest.raises(Conflict, match="nothing differs"):
        issues(own, old).make("bureau", MONTH, "to see")
    known = own.registry
    node = replace(known.nodes["office-b"], name_zh="新办公楼")
    own.registry = replace(known, version=2, nodes={**known.nodes, "office-b": node})
    second = issues(own, old).make("bureau", MONTH, "a name").report
    assert [(one.kind, one.field) for one in second.changes] == [("place", "name_zh")]
    assert second.format == "greenoffice-month/4"


def exported(bureau, folder: Path) -> Path:
    """What its October rests on, as `greenoffice export journal` writes it."""
    registry, first, after = bureau.registry, date(2026, 10, 1), date(2026, 11, 1)
    lines: list[dict[str, object]] = [
        {
            "kind": "header",
            "format": "greenoffice-journal-1",
            "institution": "bureau",
            "zone": "Asia/Shanghai",
            "from": first.isoformat(),
            "to": after.isoformat(),
            "as_of": iso(bureau.now_us),
            "rules": RULES_VERSION,
            "registry": registry.version,
            "revision": 1,
        },
        *fact_lines(registry, "bureau"),
    ]
    start, end = day_bounds(first, "Asia/Shanghai")[0], day_bounds(after, "Asia/Shanghai")[0]
    for point, known in registry.points.items():
        rows = bureau.readings.scan([point], start, end + 1)
        lines += [
            {
                "kind": "message",
                "segment": point,
                "offset": place,
                "arrived": iso(time),
                "gateway": known.gateway,
                "order": [place, place],
                "sha256": "",
                "readings": [[0, known.name, iso(time), value, None]],
            }
            for place, (time, value) in enumerate(
                zip(rows.time_us.tolist(), rows.value.tolist(), strict=True)
            )
        ]
    return sealed_file(folder / "october.jsonl", lines)


def test_the_second_implementation_computes_the_report_again_on_every_basis(own, tmp_path):
    with_factors(own, market=Validity(date(2026, 10, 4), None))
    content = read_file(exported(own, tmp_path))
    told = {}
    for bases in (USUAL_BASES, Bases(coal=Coal.EQUAL), OTHER):
        report = own.report(bases=bases)
        books = RecomputedBooks.of(content, str(bases.coal), str(bases.carbon))
        found = {
            (one.code, one.item): next(iter(books.at(one, "month")))
            for one in books.series()
            if one.kind == "node"
        }
        for one in report.lines:
            again = found[one.node, one.item]
            assert (one.amount, one.kgce, one.kgco2) == (again.amount, again.kgce, again.kgco2)
        told[bases] = (line(report).kgce, line(report).kgco2)
    assert told[OTHER][1] is None
    assert None not in told[Bases(coal=Coal.EQUAL)]
    assert told[USUAL_BASES][0] != told[OTHER][0]
    with pytest.raises(InvalidInput, match="no such basis") as refused:
        RecomputedBooks.of(content, carbon="marked")
    assert (refused.value.field, refused.value.fix) == ("carbon", "one of: location, market")
