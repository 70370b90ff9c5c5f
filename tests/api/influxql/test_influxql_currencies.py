"""Currencies are never added: refused by name, or each with its own sum."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

import figures
from figures import sum_of_cases
from metering.finding import Changes
from metering.nesting import Nesting
from metering.validity import Validity
from tests.api.conftest import findings
from tests.api.influxql.conftest import DAY, DAYS, ENERGY, LAST, TZ, WEEK, curve, half_past, price
from tests.ledger.conftest import meter


@pytest.fixture
def two_currencies(asked):
    """One of two meters is paid in euros, and everything is from the last day on."""
    prices = [
        *half_past(valid=Validity(end=LAST)),
        price("flat", 0, 1440, "0.2", currency="EUR", valid=Validity(LAST)),
        price("flat", 0, 1440, "0.25", currency="EUR", meter="e"),
    ]
    meters = [meter("a", "01A00"), meter("e", "01B00"), meter("w", "02000")]
    return asked(meters, prices, {1: curve(15, 1), 2: curve(15, 2), 3: curve(15, 3)})


def test_two_currencies_are_refused_by_name_with_a_fix(two_currencies):
    for query in (
        f"SELECT sum(cost) {ENERGY} {TZ}",
        f"SELECT sum(cost_high) {ENERGY} GROUP BY time(1d) {TZ}",
        f"SELECT mean(cost_measured) {ENERGY} {TZ}",
        f"SELECT max(cost) FROM meters WHERE meter = 'a' AND {WEEK} {TZ}",
        f"SELECT cost FROM meters WHERE meter = 'a' AND {WEEK} {TZ}",
        f"SELECT sum(cost) / sum(kwh) FROM meters WHERE meter =~ /^(a|e)$/ AND {WEEK} {TZ}",
    ):
        answer = two_currencies.post(query)
        assert answer.status_code == 400, query
        problem = answer.json()
        assert "CNY and EUR" in problem["error"]
        assert 'GROUP BY "currency"' in problem["fix"]
        assert "\"currency\" = 'CNY'" in problem["fix"]


def test_each_currency_has_its_own_sum(two_currencies):
    with two_currencies.view() as view:
        cost = figures.cost(view, view.key_of("o", "01000"), DAY, LAST)
    sums = {(m.currency,): [float(a) for a in (m.amount, m.low, m.high)] for m in cost.money}
    priced = {}
    for part in cost.periods:
        priced[part.currency,] = priced.get((part.currency,), 0) + part.quantity
    assert len(sums) == 2
    columns = "sum(cost), sum(cost_low), sum(cost_high), sum(priced), sum(kwh)"
    found = two_currencies.rows(f'SELECT {columns} {ENERGY} GROUP BY "currency" {TZ}')
    assert {tags: rows[0][1:4] for tags, rows in found.items()} == sums
    assert {tags: rows[0][4] for tags, rows in found.items()} == {
        tags: amount / 10**6 for tags, amount in priced.items()
    }
    assert len({rows[0][5] for rows in found.values()}) == 1, "energy has no currency"
    for currency in ("CNY", "EUR"):
        [[_, one]] = two_currencies.one(
            f"SELECT sum(cost) {ENERGY} AND \"currency\" = '{currency}' {TZ}"
        )
        assert one == sums[currency,][0]


def test_days_by_currency_are_those_of_each_day(two_currencies):
    found = two_currencies.rows(f'SELECT sum(cost) {ENERGY} GROUP BY time(1d), "currency" {TZ}')
    with two_currencies.view() as view:
        key = view.key_of("o", "01000")
        costs = figures.costs_of_each(view, figures.energy(view, key, DAY, LAST, "day"))
    for currency in ("CNY", "EUR"):
        sums = [{m.currency: float(m.amount) for m in one.money}.get(currency) for one in costs]
        assert [row[1] for row in found[currency,]] == sums
    assert [row[1] for row in found["CNY",]][-1] is None


def test_rows_as_they_are_bear_their_currency(two_currencies):
    rows = two_currencies.one(f"SELECT cost, currency, value {ENERGY} {TZ}")
    assert {row[2] for row in rows} == {"CNY", "EUR"}
    energies = [row for row in rows if row[3] is not None]
    assert len(energies) == 96 * DAYS
    assert len(rows) == 96 * DAYS + 96 * (DAYS - 1), "two currencies until the last day"


def test_what_has_no_currency_is_not_divided_by_it(two_currencies):
    query = f"SELECT sum(kwh), mean(known) {ENERGY} GROUP BY {{}} {TZ}"
    assert list(two_currencies.rows(query.format('"currency"')).values()) == list(
        two_currencies.rows(query.format('"node"')).values()
    )


def test_energy_without_a_price_hides_the_sum_in_every_currency(asked):
    prices = [
        price("day", 480, 1200, "0.9"),
        price("euro", 0, 1440, "0.2", currency="EUR", meter="e"),
    ]
    found = asked(
        [meter("a", "01A00"), meter("e", "01B00")], prices, {1: curve(15, 1), 2: curve(15, 2)}
    )
    rows = found.rows(f'SELECT sum(cost), sum(priced), sum(kwh) {ENERGY} GROUP BY "currency" {TZ}')
    assert {tags: rows[0][1] for tags, rows in rows.items()} == {("CNY",): None, ("EUR",): None}
    assert all(0 < rows[0][2] < rows[0][3] for rows in rows.values())
    hours = found.one(
        f"SELECT sum(cost) FROM meters WHERE meter = 'a' AND {WEEK} GROUP BY time(1h) {TZ}"
    )
    assert [row[1] is None for row in hours[:24]] == [not 8 <= n < 20 for n in range(24)]


def test_currencies_to_choose_from(two_currencies, shared_world):
    query = "SHOW TAG VALUES FROM {} WITH KEY = currency"
    assert two_currencies.one(query.format("energy")) == [["currency", "CNY"], ["currency", "EUR"]]
    headers = {"X-API-Key": shared_world.keys["bureau"]}
    answer = shared_world.client.get(
        "/influx/query", params={"q": query.format("findings")}, headers=headers
    )
    assert answer.json()["results"][0]["series"][0]["values"] == [["currency", "CNY"]]


def test_findings_in_several_currencies(world, posted):
    """A case with money in two, one with money in euros alone; carbon and waste have none."""
    first, second, third = (one.evidence for one in findings()[:3])
    split = replace(first, cost=None, costs=(("CNY", Decimal("3.1")), ("EUR", Decimal("0.7"))))
    euro = replace(second, cost=Decimal("2.2"), currency="EUR", waste=0.1)
    grown = {1: split, 2: euro, 3: replace(third, waste=0.2)}
    world.platform.findings.record(Changes(grown=grown), now_us=1)
    where = "FROM findings WHERE under = 'campus'"

    def rows(query):
        found = posted(world, query).json()["results"][0]["series"]
        return {tuple(one.get("tags", {}).values()): one["values"] for one in found}

    assert "CNY and EUR" in posted(world, f"SELECT sum(cost) {where}").json()["error"]
    found = rows(f"SELECT sum(cost), sum(waste), sum(count) {where} GROUP BY currency")
    cases = [world.platform.findings.get(id) for id in ("f-after", "f-weekend", "f-stuck")]
    sums = sum_of_cases(cases, Nesting(world.platform.registry()).outer)
    told = {(currency,): float(amount) for currency, amount in sums.money}
    assert {tags: row[1] for tags, (row,) in found.items()} == told
    assert told == {("CNY",): 3.1, ("EUR",): 2.9}
    assert {row[3] for (row,) in found.values()} == {3}
    assert {row[2] for (row,) in found.values()} == {sums.energy[0][1]}
    listed = rows(f"SELECT id, cost, currency, waste {where}")[()]
    assert sorted(row[1:4] for row in listed if row[1] != "3" and row[1]) == [
        ["1", 0.7, "EUR"],
        ["1", 3.1, "CNY"],
        ["2", 2.2, "EUR"],
    ]
    assert sum(row[4] is not None for row in listed) == 3
