"""Rows of formulas.csv: meters that are no register but a formula of other meters.

meter,formula,valid_from      tenants is what the total counts less the plant
tenants,total - plant,
"""

from __future__ import annotations

from collections.abc import Iterator

from metering import items
from metering.errors import InvalidInput
from metering.registry.model import Meter, MeterFormula, Registry
from metering.registry.rows import Row
from metering.registry.tables import Facts
from metering.resampling import holds
from metering.validity import epochs, turning_days


def take_formula(row: Row, facts: Facts) -> None:
    """Note the formula of a row."""
    one = MeterFormula(row.code("meter"), row.text("formula"), row.validity())
    try:
        _ = one.read
    except InvalidInput as error:
        row.wrong("formula", error.message, error.fix or "")
        return
    if one.meter:
        facts.formulas.append((row, one))


def check_formulas(facts: Facts, whole: Registry) -> None:
    """Note what does not fit at the row that brings it: that of the formula, else that of one of
    its meters, else that of a point."""
    rows = {row_of.meter: row for row, row_of in facts.formulas}
    meters = {meter.code: row for row, meter in facts.meters}
    for one in whole.formulas:
        own = next((row for row, told in facts.formulas if told == one), None)
        row = own or next((meters[c] for c in (one.meter, *one.read.members) if c in meters), None)
        if row is not None and one.meter in whole.meters:
            _check(row, one, whole, "formula" if own else "code")
    for row, code in _in_a_circle(facts, whole):
        row.wrong("formula", f"{code} comes round to itself", "break the circle")
    for row, installed in facts.installations:
        if whole.formulas_of(installed.meter) and installed.meter not in rows:
            row.wrong("meter", "the meter is a formula", "another meter for the register")


def _check(row: Row, one: MeterFormula, whole: Registry, column: str) -> None:
    unknown = [code for code in one.read.members if code not in whole.meters]
    for code in unknown:
        fix = "add it to meters.csv, or correct the formula"
        row.wrong(column, f"{code} is not registered", fix)
    if whole.installations_of(one.meter):
        fix = "a meter without a point, in meters.csv"
        row.wrong("meter" if column == "formula" else column, "the meter has a register", fix)
    if not unknown:
        _check_units(row, one, whole, column)
        _check_places(row, one, whole, column)


def _check_units(row: Row, one: MeterFormula, whole: Registry, column: str) -> None:
    meter = whole.meters[one.meter]
    try:
        one.read.check(lambda code: _category(whole.meters[code]), _category(meter))
    except InvalidInput as error:
        row.wrong(column, error.message, error.fix or "")
    for code in one.read.members:
        step = whole.meters[code].step_min
        if not holds(meter.step_min, step):
            fix = "a step_min that is made of whole steps of each"
            row.wrong(column, f"{code} is booked every {step} minutes", fix)


def _category(meter: Meter) -> str:
    return items.whole(meter.item)


def _check_places(row: Row, one: MeterFormula, whole: Registry, column: str) -> None:
    """All are booked together: in one institution on each day, and in one time zone."""
    nodes = [whole.meters[code].node for code in (one.meter, *one.read.members)]
    if any(node not in whole.nodes for node in nodes):
        return
    if len({whole.zone(node) for node in nodes}) > 1:
        row.wrong(column, "its meters are in different time zones", "meters of one time zone")
    for span in epochs(turning_days(edge.valid for edge in whole.space)):
        days = span.shared(one.valid)
        bodies = {whole.institution(node, days.some_day) for node in nodes} if days else set()
        if len(bodies) > 1:
            fix = "meters of one institution, with dates where one of them moves"
            row.wrong(column, "its meters are of different institutions", fix)
            return


def _in_a_circle(facts: Facts, whole: Registry) -> Iterator[tuple[Row, str]]:
    """Rows whose meter is made of itself; without dates, as feeders are."""
    made = {
        (member, one.meter)
        for one in whole.formulas
        for member in one.read.members
        if whole.formulas_of(member)
    }
    left, before = made, -1
    while len(left) != before:
        before = len(left)
        above, below = {upper for upper, _ in left}, {lower for _, lower in left}
        left = {edge for edge in left if edge[0] in below and edge[1] in above}
    for row, one in facts.formulas:
        if any(one.meter == lower for _, lower in left):
            yield row, one.meter
