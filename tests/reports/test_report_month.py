"""The model: exact sums, honest comparisons, and what it refuses."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from figures import Figures, costs_of_each, energy, worth
from metering.errors import InvalidInput, NotFound
from metering.finding import Case, CaseState, Changes
from metering.localtime import parse_instant
from reports import ReportSource, from_json, month_report, to_json
from storage import open_engine, sql_stores


def line(report, node, item):
    return next(one for one in report.lines if (one.node, one.item) == (node, item))


def test_a_month_is_exactly_the_sum_of_its_days_and_a_whole_of_its_buildings(october):
    for one in october.lines:
        assert one.amount == sum(day for day in one.daily if day is not None)
        assert len(one.daily) == 31
        assert sum(one.shares) == 10_000
    for item in ("01000", "01B00"):
        parts = [one for one in october.lines if one.node in ("office-a", "office-b")]
        assert line(october, "bureau", item).amount == sum(
            one.amount for one in parts if one.item == item
        )


def test_figures_are_those_of_the_books(bureau, october):
    for one in october.lines:
        energy = bureau.energy(one.node, one.item, october.first, october.last, "month")
        assert one.amount == energy.values()[0]


def test_money_by_tariff_period_adds_up_to_the_cost_of_the_category(bureau, october):
    for item in ("01000", "02000"):
        own = line(october, "bureau", item)
        parts = [one for one in october.periods if one.item == item]
        assert sum(one.cost for one in parts) == own.cost
        assert sum(one.amount for one in parts) == own.amount
    with bureau.figures.view() as view:
        key = view.key_of("bureau", "01000")
        hours = costs_of_each(view, energy(view, key, october.first, october.last, "hour"))
        month = costs_of_each(view, energy(view, key, october.first, october.last, "month"))
        own = worth(view, key, october.first, october.last)
    assert line(october, "bureau", "01000").cost == sum(one.sole.amount for one in hours)
    assert [own.cost] == month


def test_carbon_and_coal_are_energy_times_the_named_factor_and_water_is_neither(october):
    own = line(october, "bureau", "01000")
    assert own.kgco2 == Decimal(own.amount) * Decimal("0.5306") / 10**6
    assert line(october, "bureau", "02000").kgco2 is None
    total = october.total("bureau")
    assert (total.kgco2, total.kgce) == (own.kgco2, own.kgce)
    assert [(row.quantity, row.grade) for row in october.factors] == [
        ("kgce", "S"),
        ("kgco2", "V"),
    ]


def test_indicators_divide_by_registered_area_and_persons(october):
    values = {(one.node, one.quantity, one.per): one.value for one in october.indicators}
    own = Decimal(line(october, "office-a", "01000").amount) / 10**6
    assert values["office-a", "01000", "m2"] == (own / 12000).quantize(Decimal("0.000001"))
    water = Decimal(line(october, "bureau", "02000").amount) / 10**6
    assert values["bureau", "02000", "person"] == (water / 1020).quantize(Decimal("0.000001"))


def test_an_unknown_area_gives_no_indicator_not_zero(bureau):
    node = replace(bureau.registry.nodes["office-b"], area_m2=None)
    nodes = {**bureau.registry.nodes, "office-b": node}
    source = replace(bureau.source(), registry=replace(bureau.registry, nodes=nodes))
    report = month_report(source, "bureau", "2026-10")
    values = {(one.node, one.quantity, one.per): one.value for one in report.indicators}
    assert values["office-b", "kgce", "m2"] is None
    assert values["bureau", "kgce", "m2"] is None
    assert values["bureau", "kgce", "person"] is not None
    assert report.place("bureau").area_m2 is None


def test_comparisons_with_whole_months(october):
    own = line(october, "bureau", "01000")
    assert own.last_month.amount is not None
    expected = Decimal(own.amount - own.last_year.amount) / own.last_year.amount
    assert own.last_year.change == expected.quantize(Decimal("0.000001"))


def test_a_month_that_was_never_booked_compares_to_nothing_not_to_zero(bureau):
    report = bureau.report("2025-10")
    own = line(report, "bureau", "01000")
    assert own.amount is not None
    for past in (own.last_month, own.last_year):
        assert (past.amount, past.change, past.why) == (None, None, "absent")


def test_a_month_apportioned_over_its_edges_is_not_compared_with(helpers):
    """September lies in one long gap: its energy is booked, but nobody measured it."""
    world = helpers.Bureau(months=(date(2025, 10, 1), date(2026, 10, 1)))
    past = line(world.report(), "bureau", "01000").last_month
    assert (past.amount, past.change, past.why) == (None, None, "incomplete")


def test_the_running_month_is_refused_or_marked(helpers):
    now = parse_instant("2026-10-17T12:00:00+08:00")
    world = helpers.Bureau(now_us=now)
    with pytest.raises(InvalidInput) as refused:
        world.report()
    assert (refused.value.field, refused.value.value) == ("month", "2026-10")
    assert "--provisional" in refused.value.fix
    report = world.report(provisional=True)
    assert report.open_reasons == ("running",)
    assert report.as_of_us == now
    assert line(report, "bureau", "01000").last_year.change is None


def test_a_month_of_which_too_little_is_known_is_refused_by_item(helpers):
    hole = ("2026-10-20T00:00:00+08:00", "2026-11-02T00:00:00+08:00")
    world = helpers.Bureau(holes={"a-water": hole})
    with pytest.raises(InvalidInput, match="02000 is known for less than 90 %"):
        world.report()
    report = world.report(provisional=True)
    assert report.open_reasons == ("incomplete 02000",)
    assert line(report, "bureau", "02000").daily[25] is None


def test_a_silent_meter_is_named(helpers):
    hole = ("2026-08-01T00:00:00+08:00", "2026-11-02T00:00:00+08:00")
    report = helpers.Bureau(holes={"b-power": hole}).report()
    own = line(report, "bureau", "01C00")
    assert own.silent == ("b-power",)
    assert own.amount is None
    assert "b-power" in {meter.code for meter in report.meters}


@pytest.mark.parametrize(
    "month", ["2026-13", "2026-1", "October", "", "2026-10-01", "202610", "0001-01", "9999-12"]
)
def test_what_is_no_month_is_refused(bureau, month):
    with pytest.raises(InvalidInput) as refused:
        bureau.report(month)
    assert (refused.value.field, refused.value.value) == ("month", month)


def test_a_month_without_books_and_a_foreign_code_are_refused(bureau):
    source = bureau.source()
    with pytest.raises(InvalidInput, match="nothing is booked"):
        bureau.report("2024-03")
    with pytest.raises(InvalidInput, match="not ended"):
        bureau.report("2027-03")
    with pytest.raises(InvalidInput, match="nothing is booked"):
        bureau.report("2027-03", provisional=True)
    with pytest.raises(NotFound) as unknown:
        month_report(source, "nobody", "2026-10")
    assert (unknown.value.field, unknown.value.value) == ("institution", "nobody")
    with pytest.raises(InvalidInput) as building:
        month_report(source, "office-a", "2026-10")
    assert building.value.fix == "bureau"
    with pytest.raises(InvalidInput, match="nothing is booked"):
        month_report(source, "other", "2026-10")


def test_a_complete_report_stays_the_same_while_time_and_other_months_go_on(helpers, own):
    before = own.report()
    own.now_us += 40 * 24 * helpers.HOUR_US
    times = [parse_instant("2026-11-20T00:00:00+08:00") + n * helpers.HOUR_US for n in range(30)]
    own.push(2, times, [9e6 + n for n in range(30)])
    own.book()
    assert own.books.revision("bureau") > before.revision
    assert to_json(own.report()) == to_json(before)


def test_a_corrected_reading_restates_the_report_under_another_hash(own):
    before = own.report()
    at = parse_instant("2026-10-16T00:00:00+08:00")
    value = float(own.readings.scan([1], at, at + 1).value[0])
    own.push(1, [at], [value - 10])
    own.book()
    after = own.report()
    assert after.revision > before.revision
    assert after.content_hash != before.content_hash
    moved = {
        one.day: one.new_amount - one.old_amount
        for one in after.restatements
        if (one.node, one.item) == ("office-a", "01000")
    }
    assert moved == {date(2026, 10, 15): -10_000_000, date(2026, 10, 16): 10_000_000}
    assert line(after, "bureau", "01000").amount == line(before, "bureau", "01000").amount


def test_a_copy_of_the_bureau_is_what_the_ledger_books(bureau, own, october):
    """No test that changes one has to book it anew."""
    assert bureau.books.restatements("bureau") == []
    pairs = zip(own.rows(), bureau.rows(), strict=True)
    assert all(one.same_content(two) and one.revision == two.revision for one, two in pairs)
    assert own.books.revision("bureau") == bureau.books.revision("bureau")
    assert to_json(own.report()) == to_json(october)


def test_sql_books_give_the_same_report_as_those_in_memory(bureau, october, tmp_path):
    stores = sql_stores(open_engine(f"sqlite:///{tmp_path / 'books.db'}"))
    rows = bureau.books.rows(bureau.books.series("bureau"), date(2025, 1, 1), date(2026, 12, 31))
    stores.books.commit("bureau", rows, expected_revision=0, now_us=bureau.now_us)
    changes = Changes(tuple(bureau.findings.list(None)))
    stores.findings.record(changes, now_us=bureau.now_us)
    figures = Figures(stores.books, lambda: bureau.registry, lambda: bureau.now_us)
    source = ReportSource(figures, bureau.registry, stores.findings)
    report = month_report(source, "bureau", "2026-10")
    assert report.revision == 1
    for name in ("lines", "periods", "totals", "indicators", "cases", "factors", "prices"):
        assert getattr(report, name) == getattr(october, name), name


def test_figures_are_of_one_state_though_the_books_move_on_while_they_are_read(helpers, own):
    """A correction is committed between two reads: the report holds all of it or none."""
    before = own.report()

    class Moving:
        """Books that get a correction just after they were first read."""

        def __getattr__(self, name):
            return getattr(own.books, name)

        @contextmanager
        def at_rest(self):
            with own.books.at_rest() as books:
                yield Correcting(books)

    class Correcting:
        moved = False

        def __init__(self, books):
            self.books = books

        def __getattr__(self, name):
            return getattr(self.books, name)

        def rows(self, *asked):
            found = self.books.rows(*asked)
            if not self.moved:
                self.moved = True
                at = before.end_us - 5 * 24 * helpers.HOUR_US
                own.push(1, [at], [float(own.readings.scan([1], at, at + 1).value[0]) - 10])
                own.push(2, [at], [1.0])
                own.book()
            return found

    figures = Figures(Moving(), lambda: own.registry, lambda: own.now_us)
    report = month_report(replace(own.source(), figures=figures), "bureau", "2026-10")
    after = own.report()
    assert report == before
    assert (after.revision > before.revision, after.restatements != before.restatements) == (
        True,
        True,
    )
    assert after.events != before.events


def test_findings_of_the_month_carry_their_price_and_state(own):
    case = own.report().cases[0]
    assert (case.id, case.waste, case.cost) == ("1", Decimal("412.346"), Decimal("259.7"))
    own.findings.set_state("1", CaseState.FIXED, by="me", note="mended", now_us=own.now_us)
    assert own.report().cases[0].state == "fixed"
    assert own.report("2026-09").cases == ()


def test_what_nested_meters_show_stands_once_in_the_reports_money(own):
    """The total of the building ran on with the plant: its hours hold the plant's."""
    plant = own.findings.get("1").evidence
    total = replace(plant, meter="a-total", item="01000", waste=500.0, cost=Decimal(300))
    own.findings.record(Changes((Case(total),)), now_us=own.now_us)
    outer, inner = own.report().cases
    assert (outer.id, outer.waste, outer.cost) == ("2", Decimal(500), Decimal(300))
    assert (inner.id, inner.waste, inner.cost) == ("2/1", Decimal("412.346"), None)


def test_a_case_stands_in_the_months_that_hold_its_evidence(helpers, own):
    plant = own.findings.get("1").evidence
    hours = (plant.hours_us[0] - 60 * 24 * helpers.HOUR_US, plant.hours_us[-1])
    paused = replace(plant, start_us=hours[0], hours_us=hours)
    own.findings.record(Changes(grown={1: paused}), now_us=own.now_us)
    assert [one.id for one in own.report().cases] == ["1"]
    assert own.report("2026-09").cases == ()


def test_a_seal_holds_only_what_was_sealed(october):
    data = to_json(october)
    assert from_json(data) == october
    forged = data.replace(b'"area_m2":"12000"', b'"area_m2":"13000"')
    assert forged != data
    with pytest.raises(InvalidInput, match="seal is broken"):
        from_json(forged)
    with pytest.raises(InvalidInput, match="not a report"):
        from_json(b"{}")
    other = to_json(replace(october, format="else/1"))
    with pytest.raises(InvalidInput, match="another format"):
        from_json(other)


def test_the_model_against_the_registers_that_were_pushed(bureau, october):
    """Last less first of every register, by hand."""
    points = {meter: point for point, meter in enumerate(bureau.registry.meters, start=1)}
    end = october.end_us
    for node, item, meter in (
        ("office-a", "01000", "a-total"),
        ("office-a", "01B00", "a-ac"),
        ("office-a", "02000", "a-water"),
        ("office-b", "01000", "b-total"),
        ("bureau", "01C00", "b-power"),
    ):
        values = bureau.readings.scan([points[meter]], october.start_us, end + 1).value
        passed = Decimal(repr(float(values[-1]))) - Decimal(repr(float(values[0])))
        assert line(october, node, item).amount == passed.quantize(Decimal("0.001")) * 10**6
    assert october.open_reasons == ()
    assert october.as_of_us is None
    assert [(place.code, place.depth) for place in october.places] == [
        ("bureau", 0),
        ("campus", 1),
        ("office-a", 2),
        ("office-b", 2),
    ]
