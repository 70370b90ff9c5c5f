"""Ratios of a data centre are those of `figures`, one centre at a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

import figures
from metering.quantity import ABSENT, total
from metering.registry import Node, NodeType
from tests.api.influxql.conftest import DAY, DAYS, LAST, TZ, WEEK, curve, half_past
from tests.ledger.conftest import meter

CENTRE = ("utility", "it", "ups_in", "ups_out")


@pytest.fixture
def centre(asked):
    """Roles of a data centre; the IT meter is silent for seven hours of the second day."""
    meters = [
        meter(role, "01000" if role == "utility" else "01D10", "c", dc_role=role) for role in CENTRE
    ]
    readings = {n: curve(15, n) for n in range(1, 5)}
    return asked(
        meters,
        half_past(),
        readings,
        edges=[("o", "c")],
        nodes=[Node("c", NodeType.DATACENTRE)],
    )


def test_ratios_are_the_figures_and_not_stated_on_thin_evidence(centre):
    mute(centre, "it")
    query = (
        "SELECT mean(utility_per_it), mean(utility_per_it_cover), mean(ups_efficiency), "
        f"mean(ups_efficiency_cover) FROM datacentre WHERE node = 'c' AND {WEEK} "
    )
    with centre.view() as view:
        names = ("utility_per_it", "ups_efficiency")
        for group, spans in (
            (f"GROUP BY boundary, category {TZ}", [(DAY, LAST)]),
            (f"GROUP BY time(1d) {TZ}", [(DAY + timedelta(days=n),) * 2 for n in range(DAYS)]),
        ):
            found = centre.rows(query + group)
            rows = next(iter(found.values()))
            for row, (first, last) in zip(rows, spans, strict=True):
                ratios = [figures.ratio(view, "c", name, first, last) for name in names]
                told = []
                for one in ratios:
                    told += [None if one.value is None else float(one.value), one.cover / 10_000]
                assert row[1:] == told
            if "boundary" in group:
                assert list(found) == [("c", "3")]
    assert rows[1][1] is None
    assert rows[1][2] < 0.95
    assert rows[0][1] is not None


def mute(asked, role):
    """Take seven hours of a role's energy out of the second day of the books."""
    key = asked.books.key("meter", role, "01D10")
    day = DAY + timedelta(days=1)
    (row,) = asked.books.books.rows([key], day, day)
    part = row.finest
    slots, shares = part.slots.copy(), part.shares.copy()
    slots[20:48] = ABSENT
    shares[20:48] = (0, 0, 0, 10_000)
    changed = replace(
        row,
        parts=(replace(part, slots=slots, shares=shares, windows=None),),
        total=total(slots),
    )
    revision = asked.books.books.revision("o")
    asked.books.books.commit("o", [changed], expected_revision=revision, now_us=asked.books.now_us)


def test_a_ratio_of_two_centres_is_refused(asked):
    meters = [
        meter(f"{code}-{role}", "01D10", code, dc_role=role)
        for code in ("c", "d")
        for role in ("utility", "it")
    ]
    centres = [Node(code, NodeType.DATACENTRE) for code in ("c", "d")]
    found = asked(
        meters,
        half_past(),
        {n: curve(15, n) for n in range(1, 5)},
        edges=[("o", "c"), ("o", "d")],
        nodes=centres,
    )
    query = f"SELECT mean(utility_per_it), sum(it) FROM datacentre WHERE under = 'o' AND {WEEK}"
    answer = found.post(f"{query} {TZ}")
    assert answer.status_code == 400
    assert "one data centre" in answer.json()["error"]
    assert len(found.rows(f'{query} GROUP BY "node" {TZ}')) == 2
