"""The migrations make the schema that the code expects, both ways."""

from __future__ import annotations

import json
import multiprocessing
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import reduce
from typing import Any

import numpy as np
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, event, inspect, text
from sqlalchemy.exc import IntegrityError

from ledger import Ledger
from metering import quality
from metering.baseline import BaselineVersion
from metering.book import BookRow, DirtyMark, Part, PriceWindows, SeriesKey
from metering.book_columns import is_mixed
from metering.bookhash import book_hash
from metering.calendar import CalendarDay, DayKind, WorkCalendar
from metering.case_life import CaseAct, CaseDeed, applied
from metering.clock_repair import ClockRepair
from metering.closing import Closing, Signed
from metering.delivery import Arrived, ClockDelay
from metering.edge_node import NodeArrivals, NodeNews
from metering.errors import ConfigurationError, GreenOfficeError, NotFound
from metering.factor import Bases, Coal, Factor
from metering.finding import BesideMeter, Case, CaseState, Changes, EvidenceHour, Finding
from metering.intake import GatewayCounts, IntakeBatch, JudgedBatch, WriteDoubt
from metering.joining import Sighting
from metering.localtime import HOUR_US, day_bounds, day_of_number
from metering.reading import Kind, ReadingColumns
from metering.registry import (
    Gateway,
    Installation,
    Meter,
    MeterFormula,
    Node,
    NodeType,
    Point,
    Registry,
    Route,
    SpaceEdge,
    SupplyEdge,
)
from metering.registry.facts import FACTS
from metering.registry.facts.alert_budgets import KIND as ALERT_BUDGETS
from metering.registry.facts.budgets import KIND as BUDGETS
from metering.registry.facts.charges import KIND as CHARGE
from metering.registry.facts.charges import STANDING
from metering.registry.facts.limits import KIND as LIMITS
from metering.registry.facts.office_hours import KIND as OFFICE_HOURS
from metering.registry.kind import FactKind
from metering.registry.merge import merged
from metering.remembered import Remembered
from metering.report_issue import ReportFile, ReportIssue
from metering.settlement import SettlementRun
from metering.statement import Statement, StatementKind
from metering.tariff import TariffRow, TariffScope
from metering.validity import Validity
from storage import MemoryReadings, Schema, open_engine, sql_stores
from storage.sql.engine import reading, writing
from storage.sql.migrate import _FOLDER, _known, downgrade, head, upgrade
from storage.sql.partitions import PARTITION_NAMES
from storage.sql.schema import METADATA, VERSIONED, natural_key
from storage.sql.upgrading import of_the_model
from tests.registry_examples import registered


def registry() -> Registry:
    """An institution with tariffs of its own and of everybody, in two rows each."""
    row = TariffRow(
        "tou", "01000", frozenset({1, 7}), "all", 0, 720, "peak", Decimal("0.30"), source="list"
    )
    rows = [
        replace(
            row, grade="V", institution=body, valid=Validity(since), start_min=start, end_min=end
        )
        for body, since in (("", None), ("", date(2026, 3, 1)), ("inst", date(2026, 3, 1)))
        for start, end in ((0, 720), (720, 1440))
    ]
    body = Node("inst", NodeType.INSTITUTION, zone="UTC", persons=9)
    return Registry(nodes={"inst": body}, tariff=tuple(rows))


def office() -> Registry:
    """A point of a gateway that serves a meter, which another feeds."""
    return replace(
        registry(),
        space=(SpaceEdge("inst", "inst-house"),),
        nodes=registry().nodes | {"inst-house": Node("inst-house", NodeType.BUILDING)},
        gateways={"inst/gw": Gateway("inst", "gw")},
        meters={code: Meter(code, "inst-house", "01000") for code in ("m", "n")},
        supply=(SupplyEdge("m", "n"),),
        points={1: Point(1, "inst/gw", "E", Kind.REGISTER, "kWh")},
        installations=(Installation("m", 1),),
        factors=(Factor("01000", "kgco2", Decimal("0.5")),),
        calendar=WorkCalendar.of([CalendarDay(date(2026, 10, 1), DayKind.HOLIDAY)]),
    )


SCRIPTS = ScriptDirectory(str(_FOLDER))
BY: dict[str, Any] = {"actor": "a", "now_us": 1}
BILLED = [kind for kind in FACTS if kind.billed]


def tables(engine: Engine) -> set[str]:
    """All but those that are partitions of others."""
    return set(inspect(engine).get_table_names()) - {"alembic_version", *PARTITION_NAMES}


def test_opening_brings_the_schema_to_the_model(engine: Engine) -> None:
    assert tables(engine) == set(METADATA.tables)
    with reading(engine) as con:
        options = {"compare_type": True, "include_name": of_the_model}
        context = MigrationContext.configure(con, opts=options)
        assert compare_metadata(context, METADATA) == []


def test_the_keys_are_those_of_the_model(engine: Engine) -> None:
    """The comparison with the model does not look at primary keys."""
    inspector = inspect(engine)
    for table in METADATA.tables.values():
        keys = [column.name for column in table.primary_key.columns]
        assert inspector.get_pk_constraint(table.name)["constrained_columns"] == keys
    assert inspector.get_pk_constraint("tariff_row")["name"] == "pk_tariff_row"
    assert {column["default"] for column in inspector.get_columns("tariff_row")} == {None}


def test_the_one_current_row_of_a_day_is_guarded_by_an_index(engine: Engine) -> None:
    found = {index["name"]: index for index in inspect(engine).get_indexes("book_row")}
    assert found["uq_book_row_current"]["unique"]


def test_ids_that_must_not_come_again_never_do(sqlite_engine: Engine) -> None:
    """The comparison with the model cannot see SQLite's AUTOINCREMENT, so it is looked up."""
    wanted = {
        table.name
        for table in METADATA.tables.values()
        if table.dialect_options["sqlite"]["autoincrement"]
    }
    with reading(sqlite_engine) as con:
        made = con.execute(text("SELECT name FROM sqlite_master WHERE sql LIKE '%AUTOINCREMENT%'"))
        assert set(made.scalars()) == wanted
    assert {"dirty_mark", "audit_entry", "dead_letter", "series"} <= wanted


def test_down_and_up_again(engine: Engine) -> None:
    with writing(engine) as con:
        downgrade(con)
    assert tables(engine) == set()
    with writing(engine) as con:
        upgrade(con)
    assert tables(engine) == set(METADATA.tables)


def test_tariffs_from_before_they_named_anything_are_kept(engine: Engine) -> None:
    plain = registry()
    sql_stores(engine).registry.apply(plain, actor="importer", now_us=1)
    before = sql_stores(engine).registry.load()
    with writing(engine) as con:
        downgrade(con, "r0001")
        assert "meter" not in {c["name"] for c in inspect(con).get_columns("tariff_row")}
        rows = con.execute(text("SELECT tariff, institution, item, place, price FROM tariff_row"))
        assert len(rows.all()) == len(plain.tariff)
    with writing(engine) as con:
        upgrade(con)
    after = sql_stores(engine).registry.load()
    assert after == before
    assert after.tariff == plain.tariff


LETTER = """INSERT INTO dead_letter (gateway, digest, message_index, route, reason, message, field,
value, fix, point, segment, message_offset, arrived_us, preview, state, seen) VALUES
('s/g', :digest, -1, :route, :reason, '', '', '', '', '', 1, 1, 1, :preview, 'open', 1)"""


def test_letters_from_before_routes_know_who_refused_them(engine: Engine) -> None:
    (ours,) = [s for s in SCRIPTS.walk_revisions() if s.revision == "r0012"]
    assert isinstance(ours.down_revision, str)
    letters = [
        ("greenoffice/v1/s/g/readings", "bad_json", "native"),
        ("greenoffice/v1/s/g/status", "bad_json", "status"),
        ("greenoffice/v1/s/h/readings", "foreign_topic", ""),
        ("vendor/readings", "unknown_topic", ""),
    ]
    with writing(engine) as con:
        downgrade(con, ours.down_revision)
        for place, (topic, reason, _) in enumerate(letters):
            row = {"digest": str(place), "route": topic, "reason": reason, "preview": b""}
            con.execute(text(LETTER), row)
        upgrade(con)
    stores = sql_stores(engine)
    found = [(one.route, one.reason, one.read_by) for one in stores.intake.dead_letters(None)]
    assert sorted(found) == sorted(letters)
    wanted = replace(office(), routes=(Route("inst/gw", "tele/#", "native"),))
    stores.registry.apply(wanted, **BY)
    with pytest.raises(ConfigurationError, match="cannot hold routes"), writing(engine) as con:
        downgrade(con, ours.down_revision)
    assert stores.registry.load().routes == wanted.routes


def test_a_database_of_the_first_schema_opens_with_its_tariffs(url: str) -> None:
    """Its rows are written in the words of that time, not in those of today's model."""
    engine = open_engine(url, schema=Schema.UNTOUCHED)
    with writing(engine) as con:
        upgrade(con, "r0001")
        con.execute(text("INSERT INTO node VALUES ('inst', 'institution', '', '', 'UTC', NULL, 9)"))
        insert = text(
            "INSERT INTO tariff_row (tariff, institution, item, valid_start, place, valid_end, "
            "months, days, start_min, end_min, period, price, currency, source, grade) VALUES "
            "('tou', :institution, '01000', :start, :place, NULL, '1,7', 'all', :first, :last, "
            "'peak', :price, 'CNY', 'list', 'V')"
        )
        for row in registry().tariff:
            con.execute(
                insert,
                {
                    "institution": row.institution,
                    "start": row.valid.first.isoformat(),
                    "place": row.start_min // 720,
                    "first": row.start_min,
                    "last": row.end_min,
                    "price": str(row.price),
                },
            )
        con.execute(text("UPDATE registry_state SET version = 4"))
    engine.dispose()
    opened = open_engine(url, schema=Schema.UPGRADED)
    found = sql_stores(opened).registry.load()
    assert found == replace(registry(), version=found.version)
    named = replace(registry().tariff[0], node="inst")
    sql_stores(opened).registry.apply(Registry(tariff=(named,)), actor="importer", now_us=1)
    assert named in sql_stores(opened).registry.load().tariff
    opened.dispose()


@pytest.mark.parametrize("column", ["node", "meter"])
def test_going_down_would_lose_what_a_tariff_names(engine: Engine, column: str) -> None:
    stores = sql_stores(engine)
    row = replace(registry().tariff[0], tariff="own", **{column: "inst"})
    wanted = replace(registry(), meters={"inst": Meter("inst", "inst", "01000")})
    stores.registry.apply(replace(wanted, tariff=(*wanted.tariff, row)), actor="a", now_us=1)

    def go_down() -> None:
        with writing(engine) as con:
            con.execute(text("DELETE FROM dirty_mark"))  # as the ledger would have
            downgrade(con, "r0001")

    with pytest.raises(ConfigurationError, match="name a node or a meter") as refused:
        go_down()
    assert (refused.value.field, refused.value.value) == ("tariff_row", "own")
    assert row in sql_stores(engine).registry.load().tariff


def test_what_was_registered_before_rows_were_kept_is_recorded_at_its_version(
    engine: Engine,
) -> None:
    stores = sql_stores(engine)
    secret = stores.registry.apply(office(), actor="a", now_us=1)["inst/gw"]
    with writing(engine) as con:
        con.execute(text("UPDATE registry_state SET version = 7"))
        con.execute(text("DELETE FROM dirty_mark"))  # as the ledger would have
        downgrade(con, "r0004")
        assert {fk["referred_table"] for fk in inspect(con).get_foreign_keys("point")} == {
            "gateway",
            "node",
        }
        upgrade(con)
    stores = sql_stores(engine)
    found = stores.registry.load()
    assert found == stores.registry.load(7)
    assert found == replace(merged(Registry(), office()), version=7)
    assert stores.credentials.verify("inst/gw", secret.encode(), 0)
    with pytest.raises(NotFound) as refused:
        stores.registry.load(6)
    assert refused.value.fix == "a version from 7 to 7"
    stores.registry.apply(Registry(nodes={"inst": replace(found.nodes["inst"], persons=10)}), **BY)
    assert stores.registry.load(7) == found
    assert stores.registry.load(8).nodes["inst"].persons == 10


def test_going_down_would_lose_what_the_registry_said_before(engine: Engine) -> None:
    stores = sql_stores(engine)
    stores.registry.apply(office(), **BY)
    stores.registry.apply(Registry(nodes={"inst": Node("inst", NodeType.INSTITUTION)}), **BY)
    before = stores.registry.load(1)

    def go_down() -> None:
        with writing(engine) as con:
            con.execute(text("DELETE FROM dirty_mark"))  # as the ledger would have
            downgrade(con, "r0004")

    with pytest.raises(ConfigurationError, match="earlier versions") as refused:
        go_down()
    assert (refused.value.field, refused.value.value) == ("registry versions", "1 to 2")
    assert sql_stores(engine).registry.load(1) == before


def test_only_one_row_of_a_fact_stands(engine: Engine) -> None:
    stores = sql_stores(engine)
    stores.registry.apply(office(), **BY)
    for table in VERSIONED:
        found = {index["name"]: index for index in inspect(engine).get_indexes(table.name)}
        index = found[f"uq_{table.name}_stands"]
        assert index["unique"]
        assert index["column_names"] == natural_key(table)
    insert = text(
        "INSERT INTO node (code, type, name_zh, name_en, recorded_version) "
        "VALUES ('inst', 'institution', '', '', 9)"
    )

    def twice() -> None:
        with writing(engine) as con:
            con.execute(insert)

    with pytest.raises((GreenOfficeError, IntegrityError)):
        twice()


def finding(**more: object) -> Finding:
    texts = ("institution", "node", "meter", "item", "pattern", "baseline_version", "cause")
    numbers = ("start_us", "end_us", "waste", "waste_low", "waste_high", "confidence")
    base = Finding(
        **dict.fromkeys(texts, "x"),
        **dict.fromkeys(numbers, 1),
        action="x",
        hours_us=(),
        expected=None,
        measured=None,
        cost=Decimal("2.60"),
        currency="CNY",
        kgco2=None,
    )
    return replace(base, **more)


def case(name: str, **more: object) -> Case:
    """One that came of a finding of the schema before cases: found on the first day of 1970."""
    return Case(finding(day=date(1970, 1, 1), **more), legacy_id=name)


def test_findings_from_before_currencies_had_a_sum_each_are_kept(engine: Engine) -> None:
    findings = sql_stores(engine).findings
    findings.record(
        Changes((case("none", item="01B00", cost=None, currency=""), case("one"))), now_us=1
    )
    made = findings.list(None)
    with writing(engine) as con:
        downgrade(con, "r0003")
        assert "costs" not in {c["name"] for c in inspect(con).get_columns("finding")}
    with writing(engine) as con:
        upgrade(con)
    assert findings.list(None) == made
    assert {c["default"] for c in inspect(engine).get_columns("finding")} == {None}


def test_figures_of_findings_from_before_had_their_unit_in_their_names(engine: Engine) -> None:
    """A finding about water that an earlier schema called `waste_kwh` has its unit beside it."""
    findings = sql_stores(engine).findings
    detail: dict[str, str | int | float] = {
        "hours": 3,
        "expected": 1.5,
        "measured": 3.25,
        "sigma": 0.1,
        "load": 2.0,
        "unit": "m3/h",
    }
    water = Case(finding(item="02000", waste=7.5, detail=detail, day=date(2026, 4, 1)))
    gap = Case(finding(item="01000", meter="y", detail={"hours": 9}, day=date(2026, 4, 1)))
    findings.record(Changes((water, gap)), now_us=1)
    made = findings.list(None)
    with writing(engine) as con:
        downgrade(con, "r0013")
        before = con.execute(
            text("SELECT waste_kwh, detail FROM finding WHERE waste_kwh > 7")
        ).one()
        old = json.loads(before.detail) if isinstance(before.detail, str) else before.detail
        upgrade(con)
    assert before.waste_kwh == 7.5
    assert old == {
        "hours": 3,
        "expected_kw": 1.5,
        "measured_kw": 3.25,
        "sigma_kw": 0.1,
        "load_kw": 2.0,
    }
    assert findings.list(None) == made


def test_going_down_would_lose_the_sums_of_currencies(engine: Engine) -> None:
    both = (("CNY", Decimal(1)), ("EUR", Decimal(2)))
    findings = sql_stores(engine).findings
    findings.record(
        Changes((case("one"), case("two", item="01B00", cost=None, costs=both))), now_us=1
    )

    def go_down() -> None:
        with writing(engine) as con:
            downgrade(con, "r0003")

    with pytest.raises(ConfigurationError, match="several currencies") as refused:
        go_down()
    assert (refused.value.field, refused.value.value) == ("finding", "two")
    assert findings.get("two").evidence.costs == both


def test_going_down_would_lose_versions_of_baselines(engine: Engine) -> None:
    baselines = sql_stores(engine).baselines
    day = date(2026, 10, 1)
    kept = BaselineVersion(
        *("o", "m", 1, 5, day, day, day, 14, 1, None, "s", "first", 2, 0, "i"), b"\0model"
    )
    baselines.keep([kept])

    def go_down() -> None:
        with writing(engine) as con:
            downgrade(con, "r0008")

    with pytest.raises(ConfigurationError, match="cannot keep versions of baselines") as refused:
        go_down()
    assert (refused.value.field, refused.value.value) == ("baseline", "1 versions")
    assert baselines.versions(["m"]) == [kept]


def test_going_down_would_lose_how_exact_a_register_is(engine: Engine) -> None:
    stores = sql_stores(engine)
    known = Installation("m", 1, accuracy_class="0.5S", calibrated_until=date(2027, 5, 31))
    stores.registry.apply(replace(office(), installations=(known,)), **BY)
    assert stores.registry.load().installations == (known,)

    def go_down() -> None:
        with writing(engine) as con:
            downgrade(con, "r0017")

    with pytest.raises(ConfigurationError, match="accuracy classes") as refused:
        go_down()
    assert (refused.value.field, refused.value.value) == ("installation", "1 rows")
    stores.registry.apply(office(), **BY)
    assert stores.registry.load().installations == (Installation("m", 1),)


BEFORE_CASES = (
    "INSERT INTO finding VALUES (:id, 'inst', 'site', 'm', '01B00', 'weekend_run', 10, 20,"
    " '[10]', 1, 3, 2.5, 2.0, 3.0, '2.60', 2.6, 'CNY', NULL, 0.9, 'b', 'c', 'a', '{}', '[]',"
    " :state, 'me', 'mended', 7, :found, '[[\"CNY\", \"2.60\"]]')"
)


def test_findings_from_before_cases_become_cases_with_one_finding_each(url: str) -> None:
    engine = open_engine(url, schema=Schema.UNTOUCHED)
    # Half past four in the afternoon UTC: the next day already where the institution lives.
    found_us = 16 * 3_600_000_000 + 30 * 60_000_000
    with writing(engine) as con:
        upgrade(con, "r0004")
        con.execute(
            text("INSERT INTO node VALUES ('inst', 'institution', '', '', :zone, NULL, 9)"),
            {"zone": "Asia/Shanghai"},
        )
        con.execute(text("INSERT INTO node VALUES ('site', 'site', '', '', NULL, NULL, NULL)"))
        con.execute(
            text("INSERT INTO space_edge VALUES ('inst', 'site', :start, NULL, '1')"),
            {"start": date.min.isoformat()},
        )
        for id, state, later in (("later", "open", 1), ("first", "resolved", 0)):
            con.execute(text(BEFORE_CASES), {"id": id, "state": state, "found": found_us + later})
    engine.dispose()
    opened = open_engine(url, schema=Schema.UPGRADED)
    findings = sql_stores(opened).findings
    first, later = findings.get("1"), findings.get("later")
    assert (first.legacy_id, first.state, later.number, later.state) == (
        "first",
        CaseState.FIXED,
        2,
        CaseState.OPEN,
    )
    assert (first.state_by, first.state_note, first.state_us) == ("me", "mended", 7)
    assert (first.opened_us, first.evidence.found_us) == (found_us, found_us)
    assert first.evidence.day == date(1970, 1, 2)
    assert first.evidence.costs == (("CNY", Decimal("2.60")),)
    assert findings.history(1) == [first.evidence]
    with writing(opened) as con:
        downgrade(con, "r0004")
        kept = con.execute(text("SELECT id, state, price, cost FROM finding ORDER BY id")).all()
    assert [tuple(row) for row in kept] == [
        ("first", "resolved", 2.6, "2.60"),
        ("later", "open", 2.6, "2.60"),
    ]
    opened.dispose()


def lived_before(url: str) -> Engine:
    """A database of r0040 with cases in each of its states."""
    engine = open_engine(url, schema=Schema.UPGRADED)
    states = ("open", "acknowledged", "resolved", "expected", "closed")
    told = [Case(finding(), opened_us=5, legacy_id=one) for one in states]
    sql_stores(engine).findings.record(Changes(tuple(told)), now_us=7)
    with writing(engine) as con:
        downgrade(con, "r0040")
        for number, state in enumerate(states, 1):
            if state != "open":
                con.execute(
                    text(
                        "UPDATE finding_case SET state = :state, state_by = 'me',"
                        " state_note = 'why', state_us = :at, closed = :closed"
                        " WHERE number = :number"
                    ),
                    {
                        **{"state": state, "number": number, "at": 100 - number},
                        "closed": "refuted" if state == "closed" else "",
                    },
                )
    return engine


def test_resolved_cases_are_fixed_and_the_last_state_is_their_first_event(url: str) -> None:
    engine = lived_before(url)
    with writing(engine) as con:
        upgrade(con)
    findings = sql_stores(engine).findings
    cases = {one.number: one for one in findings.list(None)}
    assert {number: str(one.state) for number, one in cases.items()} == {
        **{1: "open", 2: "acknowledged", 3: "fixed", 4: "expected", 5: "closed"},
    }
    fixed = cases[3]
    assert (fixed.fixed_us, fixed.state_by, fixed.state_note) == (97, "me", "why")
    assert (fixed.assignee, fixed.snoozed_us, fixed.relapses, fixed.saving) == ("", 0, 0, None)
    for number, one in cases.items():
        opened = replace(one, **AS_OPENED)
        assert reduce(applied, findings.events(number), opened) == one
    (event,) = findings.events(5)
    assert (event.actor, event.old, event.new, event.detail) == (
        *("me", "", "closed"),
        {"cause": "refuted"},
    )
    with writing(engine) as con:
        downgrade(con, "r0040")
        kept = con.execute(text("SELECT state FROM finding_case ORDER BY number")).scalars()
    assert list(kept) == ["open", "acknowledged", "resolved", "expected", "closed"]
    engine.dispose()


def test_earlier_cases_know_what_was_known_when_they_were_opened(engine: Engine) -> None:
    """By their first finding, whatever was told later; money, carbon, energy and a fault."""
    item = {"item": "01B00"}
    cases = [
        case("a", **item, waste=8.0, waste_low=6.0, cost=Decimal("9.5"), confidence=0.5),
        case("b", **item, waste=8.0, waste_low=9.0, cost=None, currency="", kgco2=Decimal("2.5")),
        case("c", **item, waste=8.0, waste_low=-1.0, cost=None, currency="", kgco2=None),
        case("d", **item, waste=0.0, waste_low=0.0, cost=None, currency="", kgco2=None),
        case("e", **item, waste=8.0, waste_low=6.0, found_us=40 * 86_400_000_000),
    ]
    findings = sql_stores(engine).findings
    findings.record(Changes(tuple(cases)), now_us=1)
    later = replace(cases[0].evidence, cost=Decimal(900), day=date(1999, 1, 2))
    findings.record(Changes(grown={1: later}), now_us=2)
    known = sorted(findings.openings(frozenset({"x"})), key=lambda one: one.number)
    assert [int(one.sure.by) for one in known] == [0, 1, 2, 3, 0]
    assert known[0].sure.a_year > 0
    down_to(engine, "r0041")
    with writing(engine) as con:
        upgrade(con)
    again = sorted(findings.openings(frozenset({"x"})), key=lambda one: one.number)
    for one, before in zip(again, known, strict=True):
        assert replace(one, sure=before.sure) == before
        assert one.sure.a_year == pytest.approx(before.sure.a_year)
        assert (one.sure.by, one.sure.unit) == (before.sure.by, before.sure.unit)


def test_going_down_would_lose_budgets_of_alerts(engine: Engine) -> None:
    wanted = registered("alert_budgets.csv")
    sql_stores(engine).registry.apply(wanted, actor="importer", now_us=1)
    with pytest.raises(ConfigurationError, match="cannot hold budgets of alerts"):
        down_to(engine, "r0041")
    assert ALERT_BUDGETS.of(sql_stores(engine).registry.load()) == ALERT_BUDGETS.of(wanted)


def test_going_down_would_lose_budgets_and_a_database_of_before_has_none(engine: Engine) -> None:
    down_to(engine, "r0050")
    with writing(engine) as con:
        upgrade(con)
    stores = sql_stores(engine)
    assert BUDGETS.of(stores.registry.load()) == ()
    wanted = registered("budgets.csv")
    stores.registry.apply(wanted, actor="importer", now_us=1)
    with pytest.raises(ConfigurationError, match="cannot hold budgets"):
        down_to(engine, "r0050")
    assert BUDGETS.of(sql_stores(engine).registry.load()) == BUDGETS.of(wanted)


def test_beside_findings_from_before_stands_nothing_and_what_does_cannot_go_back(
    engine: Engine,
) -> None:
    """A finding that was told before is the same after; one with another medium is kept whole."""
    findings = sql_stores(engine).findings
    findings.record(Changes((case("a", item="01B00"),)), now_us=1)
    (before,) = findings.list(None)
    down_to(engine, "r0043")
    with writing(engine) as con:
        upgrade(con)
    assert findings.list(None) == [before]
    assert before.evidence.beside == ()
    hour = EvidenceHour(10, 5, 3, (("CNY", Decimal("-0.7")),), Decimal("-1.20"))
    gas = BesideMeter("G1", "03000", (hour, EvidenceHour(20, None, 4)), 1.5, "2-abc")
    grown = replace(before.evidence, beside=(gas,), day=date(1999, 1, 3))
    findings.record(Changes(grown={before.number: grown}), now_us=2)
    assert findings.list(None)[0].evidence == grown
    with pytest.raises(ConfigurationError, match="what stands beside findings") as refused:
        down_to(engine, "r0043")
    assert (refused.value.field, refused.value.value) == ("finding", "1 rows")
    assert findings.list(None)[0].evidence == grown


AS_OPENED: dict[str, Any] = {
    **{"state": CaseState.OPEN, "state_by": "", "state_note": "", "state_us": 0, "closed": ""},
    "fixed_us": 0,
}


@pytest.mark.parametrize(
    "deed", [CaseDeed(CaseAct.COMMENT, "", "seen"), CaseDeed(CaseAct.STATE, "dismissed", "no")]
)
def test_going_down_would_lose_what_was_done_with_cases(url: str, deed: CaseDeed) -> None:
    engine = lived_before(url)
    with writing(engine) as con:
        upgrade(con)
    sql_stores(engine).findings.act("1", deed, by="x", now_us=200)

    def go_down() -> None:
        with writing(engine) as con:
            downgrade(con, "r0040")

    with pytest.raises(ConfigurationError, match="what was done with cases") as refused:
        go_down()
    assert (refused.value.field, refused.value.value) == ("case_event", "1 rows")
    assert len(sql_stores(engine).findings.events(1)) == 1
    engine.dispose()


@pytest.mark.parametrize(
    "change",
    [
        Changes((Case(finding()),)),
        Changes((case("a", hours=(EvidenceHour(1, 1, 2),)),)),
        Changes((case("a"),), grown={1: finding(day=date(1970, 1, 2))}),
        Changes((case("a"),), closed={1: "refuted"}),
    ],
)
def test_going_down_would_lose_what_cases_know(engine: Engine, change: Changes) -> None:
    findings = sql_stores(engine).findings
    findings.record(change, now_us=1)
    before = findings.list(None)

    def go_down() -> None:
        with writing(engine) as con:
            downgrade(con, "r0004")

    with pytest.raises(ConfigurationError, match="cannot hold cases") as refused:
        go_down()
    assert (refused.value.field, refused.value.value) == ("finding_case", "1")
    assert findings.list(None) == before


def test_going_down_would_forget_issues_of_reports(engine: Engine) -> None:
    reports = sql_stores(engine).reports
    issue = ReportIssue("inst", "2026-10", 1, b"{}", "hash", {}, made_us=1, made_by="x")
    reports.add(issue)
    reports.keep_file(issue, "en", "pdf", ReportFile.of(b"%PDF"))

    def go_down() -> None:
        with writing(engine) as con:
            downgrade(con, "r0004")

    with pytest.raises(ConfigurationError, match="cannot keep issues") as refused:
        go_down()
    told = (refused.value.field, refused.value.value)
    assert told == ("report_issue", "inst 2026-10 issue 1")
    assert reports.issue("inst", "2026-10") == issue
    assert reports.file(issue, "en", "pdf") == ReportFile.of(b"%PDF")


def test_issues_from_before_bases_are_on_the_usual_ones_and_keep_their_files(
    engine: Engine,
) -> None:
    reports = sql_stores(engine).reports
    issue = ReportIssue("inst", "2026-10", 1, b"{}", "hash", {}, made_us=1, made_by="x")
    reports.add(issue)
    reports.keep_file(issue, "en", "pdf", ReportFile.of(b"%PDF"))
    for step, to in ((downgrade, "r0033"), (upgrade, "head")):
        with writing(engine) as con:
            step(con, to)
    assert reports.issues("inst", "2026-10") == [issue]
    assert reports.file(issue, "en", "pdf") == ReportFile.of(b"%PDF")
    other = replace(issue, bases=Bases(Coal.EQUAL), content=b"other")
    assert reports.add(other) == other
    with pytest.raises(ConfigurationError, match="other bases") as refused, writing(engine) as con:
        downgrade(con, "r0033")
    told = (refused.value.field, refused.value.value)
    assert told == ("report_issue", "inst 2026-10 issue 1")
    assert reports.issues("inst", "2026-10") == [issue, other]


def test_a_migration_that_breaks_off_leaves_the_schema_as_it_was(engine: Engine) -> None:
    def go_down_and_fail() -> None:
        with writing(engine) as con:
            downgrade(con)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        go_down_and_fail()
    assert tables(engine) == set(METADATA.tables)


def test_a_newer_database_is_refused(engine: Engine) -> None:
    url = engine.url.render_as_string(hide_password=False)
    with writing(engine) as con:
        con.execute(text("UPDATE alembic_version SET version_num = 'r9999'"))
    with pytest.raises(ConfigurationError, match="newer version") as refused:
        open_engine(url)
    assert refused.value.value == "r9999"


def test_processes_that_start_at_once_share_one_migration(url: str) -> None:
    context = multiprocessing.get_context("spawn")
    starters = [context.Process(target=open_engine, args=(url,)) for _ in range(3)]
    for process in starters:
        process.start()
    for process in starters:
        process.join()
    assert [process.exitcode for process in starters] == [0, 0, 0]
    assert tables(open_engine(url, schema=Schema.UNTOUCHED)) == set(METADATA.tables)


def test_going_down_would_lose_by_which_rules_rows_were_booked(engine: Engine) -> None:
    sql_stores(engine).books.commit("i", [booked(1)], expected_revision=0, now_us=1)
    with writing(engine) as con:
        downgrade(con, "r0004")
        upgrade(con)
    books = sql_stores(engine).books
    books.commit("i", [booked(2)], expected_revision=1, now_us=1)
    books.tell("i", list(books.digest_rows("i")))

    def go_down() -> None:
        with writing(engine) as con:
            downgrade(con, "r0004")

    with pytest.raises(ConfigurationError, match="other rules than the first") as refused:
        go_down()
    assert (refused.value.field, refused.value.value) == ("book_row", "1 rows")
    assert [row.rules for row in sql_stores(engine).books.digest_rows()] == [2]


def test_what_was_booked_before_counts_as_told(engine: Engine) -> None:
    books = sql_stores(engine).books
    for revision, rules in enumerate((1, 2, 3)):
        books.commit("i", [booked(rules)], expected_revision=revision, now_us=1)
        books.tell("i", list(books.digest_rows("i")))
    running = replace(booked(1), day=date(2026, 3, 3), provisional=True)
    books.commit("i", [replace(running, rules=1)], expected_revision=3, now_us=1)
    before = books.restatements("i")
    with writing(engine) as con:
        downgrade(con, "r0008")
        for table, column in (("book_row", "told"), ("restatement", "given")):
            assert column not in {c["name"] for c in inspect(con).get_columns(table)}
        upgrade(con)
    assert books.restatements("i") == before
    rows = [row for _, row in books.changes("i", "meter", history=True)]
    assert [(row.told, row.revision) for row in rows] == [(True, 1), (True, 2), (True, 3)]
    (row,) = books.rows([running.key], running.day, running.day)
    assert not row.told


def test_a_serial_of_a_restatement_is_never_used_again(engine: Engine) -> None:
    """Also after the upgrade: who reads on from one must not miss the next."""
    with writing(engine) as con:
        downgrade(con, "r0008")
        upgrade(con)
    books = sql_stores(engine).books
    serials = []
    for revision, rules in enumerate((1, 2, 3, 4)):
        books.commit("i", [booked(rules)], expected_revision=revision, now_us=1)
        serials += [serial for serial, _ in books.restatements("i")]
    assert len(serials) == 3
    assert serials == sorted(set(serials))


def test_going_down_would_lose_what_was_not_told_yet(engine: Engine) -> None:
    books = sql_stores(engine).books
    for revision, rules in enumerate((1, 2)):
        books.commit("i", [booked(rules)], expected_revision=revision, now_us=1)

    def go_down() -> None:
        with writing(engine) as con:
            downgrade(con, "r0008")

    with pytest.raises(ConfigurationError, match="not told yet") as refused:
        go_down()
    assert refused.value.value == "1 rows, 1 restatements"
    assert len(books.restatements("i")) == 1


def test_going_down_would_lose_by_which_registry_rows_were_made(engine: Engine) -> None:
    def go_down() -> None:
        with writing(engine) as con:
            downgrade(con, "r0010")

    sql_stores(engine).books.commit("i", [booked(1)], expected_revision=0, now_us=1)
    go_down()
    with writing(engine) as con:
        upgrade(con)
    named = replace(booked(1), total=2, registry=7)
    sql_stores(engine).books.commit("i", [named], expected_revision=1, now_us=1)
    with pytest.raises(ConfigurationError, match="by which registry") as refused:
        go_down()
    assert (refused.value.field, refused.value.value) == ("book_row", "1 rows")
    assert [row.registry for row in sql_stores(engine).books.digest_rows()] == [7]


def booked(rules: int) -> BookRow:
    whole = quality.all_of(quality.MEASURED, 1)
    key = SeriesKey("i", "meter", "m", "01000")
    slots = np.array([rules], np.int64)
    row = BookRow.of(key, date(2026, 3, 2), 1440, slots, whole, whole, rules, whole[0])
    return replace(row, rules=rules)


@pytest.mark.parametrize("kind", [OFFICE_HOURS, LIMITS], ids=lambda kind: kind.name)
def test_going_down_would_lose_office_hours_and_limits(engine: Engine, kind: FactKind[Any]) -> None:
    wanted = registered(kind.table.name)
    sql_stores(engine).registry.apply(wanted, actor="importer", now_us=1)
    with pytest.raises(ConfigurationError, match="cannot hold office hours"):
        down_to(engine, "r0012")
    assert kind.of(sql_stores(engine).registry.load()) == kind.of(wanted)


def test_a_registry_from_before_office_hours_is_the_same_after_them(engine: Engine) -> None:
    before = sql_stores(engine).registry
    before.apply(registered(), actor="importer", now_us=1)
    kept = before.load()
    down_to(engine, "r0012")
    with writing(engine) as con:
        upgrade(con)
    stores = sql_stores(engine)
    assert stores.registry.load() == kept
    stores.registry.apply(registered("office_hours.csv"), actor="importer", now_us=2)
    assert stores.registry.load(1) == kept
    assert len(OFFICE_HOURS.of(stores.registry.load())) == 3


@pytest.mark.parametrize("kind", BILLED, ids=lambda kind: kind.name)
def test_going_down_would_lose_what_suppliers_bill(engine: Engine, kind: FactKind[Any]) -> None:
    wanted = registered(kind.table.name)
    sql_stores(engine).registry.apply(wanted, actor="importer", now_us=1)
    with pytest.raises(ConfigurationError, match="cannot hold what suppliers bill") as refused:
        down_to(engine, "r0022")
    assert refused.value.field == kind.name
    assert kind.of(sql_stores(engine).registry.load()) == kind.of(wanted)


def test_a_registry_from_before_accounts_is_the_same_after_them(engine: Engine) -> None:
    before = sql_stores(engine).registry
    before.apply(registered(), actor="importer", now_us=1)
    kept = before.load()
    down_to(engine, "r0022")
    with writing(engine) as con:
        upgrade(con)
    stores = sql_stores(engine)
    assert stores.registry.load() == kept
    wanted = registered(*(kind.table.name for kind in BILLED))
    stores.registry.apply(wanted, actor="importer", now_us=2)
    assert stores.registry.load(1) == kept
    found = stores.registry.load()
    assert [kind.of(found) for kind in BILLED] == [kind.of(wanted) for kind in BILLED]


def test_charges_from_before_say_nothing_of_how_days_count(engine: Engine) -> None:
    stores = sql_stores(engine)
    stores.registry.apply(registered("charges.csv"), actor="importer", now_us=1)
    kept = stores.registry.load()
    down_to(engine, "r0033")
    with writing(engine) as con:
        upgrade(con)
    stores = sql_stores(engine)
    assert stores.registry.load() == kept
    assert {one.per for one in CHARGE.of(kept)} == {""}
    standing = [one for one in CHARGE.of(kept) if one.basis in STANDING]
    said = tuple(replace(one, per="thirtieth") for one in standing)
    stores.registry.apply(Registry(more={"charge": said}), actor="importer", now_us=2)
    with pytest.raises(ConfigurationError, match="cannot hold how days of a charge count"):
        down_to(engine, "r0033")
    found = CHARGE.of(sql_stores(engine).registry.load())
    assert [one for one in found if one.basis in STANDING] == list(said)


def priced(row: BookRow, turns_at: int) -> BookRow:
    """The row with windows of a tariff whose price turns at a minute of the day."""
    whole = int(row.finest.slots.sum())
    windows = PriceWindows((0, turns_at), np.array([whole - 1, 1]), np.array([0, 0]))
    scope = TariffScope("", "", "01000")
    return replace(row, parts=(replace(row.finest, scope=scope, windows=windows),))


def test_rows_from_before_are_told_as_they_are_and_kept_from_then_on(engine: Engine) -> None:
    books = sql_stores(engine).books
    row = booked(9)
    books.commit("i", [priced(row, 480)], expected_revision=0, now_us=1)
    down_to(engine, "r0024")
    with writing(engine) as con:
        upgrade(con)
    books = sql_stores(engine).books
    assert books.rows_at([row.key], row.day, row.day, 1)[0].same_content(priced(row, 480))
    assert books.commit("i", [priced(row, 600)], expected_revision=1, now_us=1) == 2
    assert books.rows_at([row.key], row.day, row.day, 1)[0].same_content(priced(row, 480))
    assert books.rows_at([row.key], row.day, row.day, 2)[0].same_content(priced(row, 600))
    with pytest.raises(ConfigurationError, match="cannot hold price windows of before"):
        down_to(engine, "r0024")
    assert books.rows_at([row.key], row.day, row.day, 1)[0].same_content(priced(row, 480))


def test_going_down_would_lose_closed_periods(engine: Engine) -> None:
    days = (date(2026, 3, 1), date(2026, 3, 31))
    one = Closing("i", "2026-03", *days, 4, 1, 4, "f", "t", Signed(1, "somebody", "k"))
    kept = sql_stores(engine).closings.add(one)
    with pytest.raises(ConfigurationError, match="cannot hold closed periods"):
        down_to(engine, "r0024")
    assert sql_stores(engine).closings.closing(kept.number) == kept


def test_closings_from_before_pin_no_other_books(engine: Engine) -> None:
    days = (date(2026, 3, 1), date(2026, 3, 31))
    one = Closing("i", "2026-03", *days, 4, 1, 4, "f", "t", Signed(1, "somebody", "k"))
    kept = sql_stores(engine).closings.add(one)
    down_to(engine, "r0029")
    with writing(engine) as con:
        upgrade(con)
    assert sql_stores(engine).closings.closing(kept.number) == kept
    more = sql_stores(engine).closings.add(replace(one, period="2026-04", others={"school": 7}))
    assert more.others == {"school": 7}
    with pytest.raises(ConfigurationError, match="cannot hold what closings pin"):
        down_to(engine, "r0029")
    assert sql_stores(engine).closings.closing(more.number) == more


def test_going_down_would_lose_settlement_runs(engine: Engine) -> None:
    days = (date(2026, 3, 1), date(2026, 3, 31))
    one = SettlementRun("i", "2026-03", *days, 4, 1, 1, "somebody", ())
    sql_stores(engine).closings.add_run(one)
    with pytest.raises(ConfigurationError, match="cannot hold settlement runs"):
        down_to(engine, "r0024")
    assert sql_stores(engine).closings.runs("i") == [one]


def shared_house(share: str) -> Registry:
    nodes = {
        "o": Node("o", NodeType.INSTITUTION, zone="UTC"),
        "p": Node("p", NodeType.INSTITUTION, zone="UTC"),
        "b": Node("b", NodeType.BUILDING),
    }
    other = SpaceEdge("p", "b", "0.4") if share == "0.6" else SpaceEdge("p", "b")
    return Registry(nodes=nodes, space=(SpaceEdge("o", "b", share), other))


def test_shares_from_before_they_divided_are_the_whole(engine: Engine) -> None:
    """However they were written: each counted as the whole."""
    stores = sql_stores(engine)
    stores.registry.apply(shared_house("1"), actor="importer", now_us=1)
    kept = stores.registry.load()
    down_to(engine, "r0024")
    with writing(engine) as con:
        con.execute(text("UPDATE space_edge SET share = '1.0' WHERE parent = 'o'"))
        con.execute(text("UPDATE space_edge SET share = '0.6' WHERE parent = 'p'"))
        upgrade(con)
    found = sql_stores(engine).registry.load()
    assert found == kept
    assert not found.shared


def test_going_down_would_give_the_whole_to_each_who_has_a_share(engine: Engine) -> None:
    stores = sql_stores(engine)
    stores.registry.apply(shared_house("0.6"), actor="importer", now_us=1)
    with pytest.raises(ConfigurationError, match="cannot hold places of several"):
        down_to(engine, "r0024")
    assert sql_stores(engine).registry.load().shared == {"b"}


def with_formula() -> Registry:
    meters = {code: Meter(code, "b", "01000") for code in "tpv"}
    return replace(shared_house("1"), meters=meters, formulas=(MeterFormula("v", "t - p"),))


def test_a_registry_from_before_formulas_is_the_same_after_them(engine: Engine) -> None:
    before = sql_stores(engine).registry
    before.apply(replace(with_formula(), formulas=()), actor="importer", now_us=1)
    kept = before.load()
    down_to(engine, "r0029")
    with writing(engine) as con:
        upgrade(con)
    stores = sql_stores(engine)
    assert stores.registry.load() == kept
    stores.registry.apply(with_formula(), actor="importer", now_us=2)
    assert stores.registry.load(1) == kept
    assert stores.registry.load().formulas == with_formula().formulas


def test_going_down_would_lose_formulas(engine: Engine) -> None:
    stores = sql_stores(engine)
    stores.registry.apply(with_formula(), actor="importer", now_us=1)
    with pytest.raises(ConfigurationError, match="cannot hold formulas"):
        down_to(engine, "r0029")
    assert sql_stores(engine).registry.load().formulas == with_formula().formulas


def test_a_key_from_before_ends_never_and_one_that_ends_cannot_go_back(engine: Engine) -> None:
    access = sql_stores(engine).access
    before = access.create_key("board", "", "admin", actor="a", now_us=1)
    down_to(engine, "r0018")
    with writing(engine) as con:
        upgrade(con)
    access = sql_stores(engine).access
    kept = access.key(before)
    assert kept is not None
    assert (kept.name, kept.created_us) == ("board", 1)
    assert (kept.purpose, kept.expires_us, kept.used_us) == ("", 0, 0)
    ending = access.create_key("guest", "", "read", actor="a", now_us=2, expires_us=9)
    with pytest.raises(ConfigurationError, match="cannot hold keys that expire") as refused:
        down_to(engine, "r0018")
    assert (refused.value.field, refused.value.value) == ("api_key", "1 rows")
    access.revoke(ending.split("_")[1], actor="a", now_us=3)
    down_to(engine, "r0018")


def dated(start: str, end: str) -> Installation:
    """Between two times of one day; '' is without limit."""
    day, after = date(2026, 3, 3), date(2026, 3, 4)
    texts = [one and f"{day}T{one}:00+08:00" for one in (start, end)]
    valid = Validity(day if start else None, after if end else None)
    return Installation("m", 1, Decimal(40), valid=valid, starts=texts[0], ends=texts[1])


def test_installations_from_before_a_day_could_have_two_are_kept(engine: Engine) -> None:
    """Those that stand and those that are gone, by the day alone and to the instant."""
    stores = sql_stores(engine)
    stores.registry.apply(office(), **BY)
    stores.registry.apply(
        replace(office(), installations=(dated("", "10:07"), dated("10:07", ""))), **BY
    )
    stores.registry.apply(
        replace(office(), installations=(dated("", "10:08"), dated("10:08", ""))), **BY
    )
    kept = {version: stores.registry.load(version) for version in (1, 2, 3)}
    down_to(engine, "r0020")
    keys = inspect(engine).get_pk_constraint("installation")["constrained_columns"]
    assert keys == ["meter", "point", "valid_start", "recorded_version"]
    with writing(engine) as con:
        upgrade(con)
    stores = sql_stores(engine)
    assert {version: stores.registry.load(version) for version in kept} == kept
    assert stores.registry.load() == kept[3]
    twins = (dated("10:08", "15:22"), dated("15:22", ""))
    stores.registry.apply(replace(office(), installations=twins), **BY)
    assert stores.registry.load().installations[1:] == twins


def test_going_down_would_lose_a_row_of_a_day_that_has_two(engine: Engine) -> None:
    stores = sql_stores(engine)
    twins = (dated("10:08", "15:22"), dated("15:22", ""))
    stores.registry.apply(replace(office(), installations=twins), **BY)
    for installed, days in ((twins, "1 days"), (twins[:1], "1 days")):
        stores.registry.apply(replace(office(), installations=installed), **BY)
        with pytest.raises(ConfigurationError, match="more than once on one day") as refused:
            down_to(engine, "r0020")
        assert (refused.value.field, refused.value.value) == ("installation", days)
    assert sql_stores(engine).registry.load(1).installations == twins


def test_a_database_from_before_doubts_has_none_and_one_with_some_cannot_go_back(
    engine: Engine,
) -> None:
    store = sql_stores(engine).intake
    batch = IntakeBatch(
        1, 0, 0, 1 << 24 | 1, 7, counts=(GatewayCounts("s/g", messages=3),), at_us=1
    )
    store.commit(batch)
    down_to(engine, "r0021")
    with writing(engine) as con:
        upgrade(con)
    store = sql_stores(engine).intake
    assert (store.doubts(), store.checkpoint(1)) == ([], (1 << 24 | 1, 7))
    assert [one.counts.messages for one in store.gateways()] == [3]
    store.keep_doubt(WriteDoubt(5, 6, {1: (1 << 24 | 1, 7)}))
    with pytest.raises(ConfigurationError, match="cannot hold writes that are in doubt") as refused:
        down_to(engine, "r0021")
    assert (refused.value.field, refused.value.value) == ("doubt", "1 rows")
    assert store.doubts() == [WriteDoubt(5, 6, {1: (1 << 24 | 1, 7)})]
    store.end_doubt(5)
    down_to(engine, "r0021")


def test_a_database_from_before_judged_batches_has_none_and_one_with_some_cannot_go_back(
    engine: Engine,
) -> None:
    store = sql_stores(engine).intake
    store.commit(IntakeBatch(1, 0, 0, 1 << 24 | 1, 7, at_us=1))
    down_to(engine, "r0024")
    with writing(engine) as con:
        upgrade(con)
    store = sql_stores(engine).intake
    assert (store.judged(), store.checkpoint(1)) == ([], (1 << 24 | 1, 7))
    judged = JudgedBatch(1, 1 << 24 | 1, 7, 1 << 24 | 1, 9, b"0" * 16, b"\x02")
    store.judge(judged, [])
    with pytest.raises(ConfigurationError, match="cannot hold batches that are judged") as refused:
        down_to(engine, "r0024")
    assert (refused.value.field, refused.value.value) == ("judged_batch", "1 rows")
    assert store.judged() == [judged]
    store.commit(IntakeBatch(1, 1 << 24 | 1, 7, 1 << 24 | 1, 9, at_us=2))
    down_to(engine, "r0024")


def test_what_moved_before_days_had_institutions_is_booked_again(engine: Engine) -> None:
    """The books of before, all days under one institution, become those of a fresh booking."""
    start = day_bounds(date(2026, 3, 2), "UTC")[0]
    times = [start + n * HOUR_US for n in range(4 * 24 + 1)]
    readings, now_us = MemoryReadings(), start + 5 * 24 * HOUR_US
    rows = [(1, at, float(n), 0, at, n, 0, 0, 0) for n, at in enumerate(times)]
    readings.upsert(ReadingColumns.of(rows))
    body = Node("other", NodeType.INSTITUTION, zone="UTC")
    stays = replace(office(), nodes=office().nodes | {"other": body}, supply=())
    turn = date(2026, 3, 4)
    edges = (
        SpaceEdge("inst", "inst-house", valid=Validity(end=turn)),
        SpaceEdge("other", "inst-house", valid=Validity(turn)),
    )
    stores = sql_stores(engine)

    def book() -> None:
        books, marks = stores.books, stores.marks
        ledger = Ledger(readings, books, marks, stores.registry.load, lambda: now_us)
        while marks.waiting():
            ledger.step()

    stores.registry.apply(stays, **BY)
    stores.marks.mark([DirtyMark(1, times[0], times[-1])], writer_no=1, ready=True)
    book()
    stores.registry.apply(replace(stays, space=edges), **BY)
    told = [mark.id for mark in stores.marks.ready()]
    stores.books.commit("", [], expected_revision=0, cleared=told, now_us=1)
    before = book_hash(stores.books, institution="other")
    down_to(engine, "r0022")
    with writing(engine) as con:
        upgrade(con)
    stores = sql_stores(engine)
    assert stores.marks.waiting()
    book()
    days = {
        (row.key.institution, row.day.day)
        for row in stores.books.digest_rows()
        if row.key.kind == "node" and row.total
    }
    assert days == {("inst", 2), ("inst", 3), ("other", 4), ("other", 5)}
    assert book_hash(stores.books, institution="other") != before


@pytest.mark.parametrize("dated", [False, True])
def test_what_never_moved_is_left_as_it_is(engine: Engine, dated: bool) -> None:
    stores = sql_stores(engine)
    late = (SpaceEdge("inst", "inst-house", valid=Validity(date(2026, 3, 1))),)
    stores.registry.apply(replace(office(), space=late) if dated else office(), **BY)
    told = [mark.id for mark in stores.marks.ready()]
    stores.books.commit("", [], expected_revision=0, cleared=told, now_us=1)
    down_to(engine, "r0022")
    with writing(engine) as con:
        upgrade(con)
    assert bool(sql_stores(engine).marks.waiting()) is dated


def test_a_database_from_before_people_stated_anything_opens_and_one_with_some_cannot_go_back(
    engine: Engine,
) -> None:
    batch = IntakeBatch(1, 0, 0, 1 << 24 | 1, 7, at_us=1)
    sql_stores(engine).intake.commit(batch)
    down_to(engine, "r0024")
    with writing(engine) as con:
        upgrade(con)
    store = sql_stores(engine).intake
    assert (store.about("m"), store.checkpoint(1)) == ([], (1 << 24 | 1, 7))
    days = date(2026, 10, 1), date(2026, 11, 1)
    one = Statement("a", StatementKind.QUANTITY, "m", *days, {"value": "5"})
    place = 1 << 24 | 1, 7
    store.commit(IntakeBatch(1, *place, 1 << 24 | 1, 8, at_us=1, statements=(one,)))
    with pytest.raises(ConfigurationError, match="cannot hold what people stated") as refused:
        down_to(engine, "r0024")
    assert (refused.value.field, refused.value.value) == ("statement", "1 rows")
    assert store.statement("a") == one


def test_a_database_from_before_points_were_seen_has_none_and_a_dismissal_cannot_go_back(
    engine: Engine,
) -> None:
    store = sql_stores(engine).intake
    counts = (GatewayCounts("s/g", messages=3),)
    seen = Sighting("s/g", "E9", 1, 2, ((1, 2.5, "kWh"),))
    store.commit(IntakeBatch(1, 0, 0, 1 << 24 | 1, 7, counts=counts, sightings=(seen,)))
    down_to(engine, "r0047")
    with writing(engine) as con:
        upgrade(con)
    store = sql_stores(engine).intake
    assert (store.seen_points("s/g"), store.checkpoint(1)) == ([], (1 << 24 | 1, 7))
    assert [one.counts.messages for one in store.gateways()] == [3]
    store.commit(IntakeBatch(1, 1 << 24 | 1, 7, 1 << 24 | 1, 8, sightings=(seen,)))
    store.dismiss("s/g", ["E9"], by="me", now_us=5)
    with pytest.raises(ConfigurationError, match="cannot hold points that were") as refused:
        down_to(engine, "r0047")
    assert (refused.value.field, refused.value.value) == ("seen_point", "1 rows")
    assert [one.point for one in store.seen_points("s/g")] == ["E9"]
    store.dismiss("s/g", ["E9"], by="", now_us=0)
    down_to(engine, "r0047")


def test_clocks_of_before_are_known_as_far_as_they_were_and_decisions_cannot_go_back(
    engine: Engine,
) -> None:
    store = sql_stores(engine).intake
    delay = ClockDelay(1_960_000, -3_600_000_000, 5, 8, 9)
    came = (Arrived("s/g", 1, 1, delays=(delay,)), Arrived("s/h", 1, 1))
    store.commit(IntakeBatch(1, 0, 0, 1 << 24 | 1, 7, arrived=came))
    proposed = store.keep_clock_repair(ClockRepair("s/g", 3_600_000_000, 1))
    assert proposed is not None
    down_to(engine, "r0048")
    with writing(engine) as con:
        (told,) = con.execute(text("SELECT delays FROM delivery WHERE gateway = 's/g'")).one()
        delays = json.loads(told) if isinstance(told, str) else told
        assert delays == [[1_960_000, -3_600_000_000]]
        upgrade(con)
    store = sql_stores(engine).intake
    (known,) = store.delivery_states(None)["s/g"].delays
    assert (known.quarter, known.least_us, known.near) == (1_960_000, -3_600_000_000, 1)
    assert store.clock_repairs() == []
    store.set_clock_mode("s/g", "repair")
    with pytest.raises(ConfigurationError, match="cannot hold what was decided") as refused:
        down_to(engine, "r0048")
    assert (refused.value.field, refused.value.value) == ("clock_repair", "1 rows")
    assert store.clock_modes() == {"s/g": "repair"}


def test_a_database_from_before_gateways_were_remembered_has_nothing_of_them(
    engine: Engine,
) -> None:
    store = sql_stores(engine).intake
    said = (Remembered("s/g", "G/N", 1 << 24 | 1, 6, b"said"),)
    nodes = (NodeArrivals("s/g", "G/N", 1, ((5, NodeNews("G/N", "NBIRTH", seq=0)),)),)
    batch = IntakeBatch(1, 0, 0, 1 << 24 | 1, 7, counts=(GatewayCounts("s/g", messages=3),))
    store.commit(replace(batch, remembered=said, nodes=nodes))
    down_to(engine, "r0049")
    with writing(engine) as con:
        upgrade(con)
    store = sql_stores(engine).intake
    assert (store.remembered("s/g"), store.edge_nodes(None)) == ([], [])
    assert [one.counts.messages for one in store.gateways()] == [3]
    store.commit(IntakeBatch(1, 1 << 24 | 1, 7, 1 << 24 | 1, 8, remembered=said, nodes=nodes))
    assert store.remembered("s/g") == list(said)
    assert [one.online for one in store.edge_nodes(None)] == [True]


def down_to(engine: Engine, revision: str) -> None:
    with writing(engine) as con:
        downgrade(con, revision)


def test_files_are_named_after_their_revisions() -> None:
    """A process finds the revision that the program wants without the library that migrates."""
    found = {script.revision for script in SCRIPTS.walk_revisions()}
    assert (_known(), head()) == (found, SCRIPTS.get_current_head())


def test_days_of_books_from_before_stand_in_their_index(engine: Engine) -> None:
    books = sql_stores(engine).books
    for revision, rules in enumerate((1, 2)):
        books.commit("i", [booked(rules)], expected_revision=revision, now_us=1)
    running = replace(booked(3), day=date(2026, 3, 3), provisional=True, spill=(1, 2, 3))
    books.commit("i", [running], expected_revision=2, now_us=1)
    with writing(engine) as con:
        downgrade(con, "r0035")
        assert "ix_book_row_days" not in {i["name"] for i in inspect(con).get_indexes("book_row")}
    engine.dispose()  # with the numbers of series, which are others after a migration
    before = books.day_columns([running.key], date(2026, 3, 1), date(2026, 3, 31))
    with writing(engine) as con:
        upgrade(con)
    engine.dispose()
    found = books.day_columns([running.key], date(2026, 3, 1), date(2026, 3, 31))
    assert found.total.tolist() == before.total.tolist() == [2, 3]
    assert found.provisional.tolist() == before.provisional.tolist() == [False, True]
    assert found.spill == before.spill == {1: (1, 2, 3)}


def test_days_are_read_of_their_index_alone(sqlite_engine: Engine) -> None:
    """Else a year of days costs as much as its slots."""
    asked: list[tuple[Any, Any]] = []
    event.listen(sqlite_engine, "before_cursor_execute", lambda *told: asked.append(told[2:4]))
    books = sql_stores(sqlite_engine).books
    books.commit("i", [booked(1)], expected_revision=0, now_us=1)
    books.day_columns([booked(1).key], date(2026, 3, 1), date(2026, 3, 31))
    books.totals([booked(1).key], date(2026, 3, 1), date(2026, 3, 31))
    of_days = [one for one in asked if "BETWEEN" in one[0]]
    assert len(of_days) == 3
    with reading(sqlite_engine) as con:
        for shown, given in of_days:
            plan = con.exec_driver_sql(f"EXPLAIN QUERY PLAN {shown}", given).all()
            assert "USING COVERING INDEX ix_book_row_days" in plan[0].detail


def of_quality(day: int, place: int) -> BookRow:
    """A day by the quarter hour of the quality with a number."""
    row, whole = booked(day), quality.all_of(place, 96)
    slots = np.full(96, day, np.int64)
    return replace(
        BookRow.of(row.key, date(2026, 3, day), 15, slots, whole, whole[:24], 96 * day, whole[0]),
        rules=1,
    )


def a_day(energy: int) -> Part:
    hours = quality.all_of(quality.MEASURED, 24)
    return Part(1440, np.array([energy], np.int64), hours[:1], hours)


def test_rows_of_mixed_quality_from_before_stand_in_their_index(engine: Engine) -> None:
    rows = [of_quality(day, place) for day, place in ((2, 0), (3, 1), (4, 0))]
    rows[2] = replace(rows[2], parts=(replace(rows[2].finest, meters=2), a_day(7)))
    rows += [
        replace(rows[0], day=date(2026, 3, 5), parts=(replace(rows[0].finest, meters=2),)),
        replace(rows[0], day=date(2026, 3, 6), parts=(a_day(6),)),
    ]
    books, key = sql_stores(engine).books, rows[0].key
    books.commit("i", rows, expected_revision=0, now_us=1)
    before = book_hash(books)
    down_to(engine, "r0038")
    names = {index["name"] for index in inspect(engine).get_indexes("book_row")}
    assert "ix_book_row_days" in names
    assert "ix_book_row_mixed" not in names
    with writing(engine) as con:
        upgrade(con)
    assert book_hash(books) == before
    for step_min, days in ((15, [3, 4, 6]), (1440, [3, 4])):
        found = books.mixed_columns([key], date(2026, 3, 1), date(2026, 3, 31), step_min)
        assert [day_of_number(n).day for n in found.mixed.days.day.tolist()] == days
        assert [day_of_number(n).day for n in found.day.tolist()] == [2, 3, 4, 5, 6]
        assert [is_mixed(row, step_min) for row in rows] == [row.day.day in days for row in rows]


def test_quality_is_read_of_indexes_alone(sqlite_engine: Engine) -> None:
    """Else the quality of many meters costs as much as all their slots."""
    asked: list[tuple[Any, Any]] = []
    event.listen(sqlite_engine, "before_cursor_execute", lambda *told: asked.append(told[2:4]))
    books = sql_stores(sqlite_engine).books
    books.commit("i", [of_quality(2, quality.MEASURED)], expected_revision=0, now_us=1)
    books.mixed_columns([booked(1).key], date(2026, 3, 1), date(2026, 3, 31), 60)
    wanted = ("COVERING INDEX ix_book_row_days", "INDEX ix_book_row_mixed")
    with reading(sqlite_engine) as con:
        of_days = [one for one in asked if "BETWEEN" in one[0]]
        for (shown, given), index in zip(of_days, wanted, strict=True):
            plan = con.exec_driver_sql(f"EXPLAIN QUERY PLAN {shown}", given).all()
            assert f"USING {index} " in plan[0].detail
