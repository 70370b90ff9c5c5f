"""What stands beside a panel is asked of InfluxDB for the same numbers, and compared."""

from __future__ import annotations

import json
from datetime import date

import pytest

from dashboards import boards
from metering.localtime import day_bounds
from proofs.bench_boards import since_ms
from proofs.bench_campus import ZONE
from proofs.board_peers import PeerStatement, disagreement, peer_of
from proofs.board_rows import filled

SPAN = (
    day_bounds(date(2026, 3, 1), ZONE)[0] // 1000,
    day_bounds(date(2026, 3, 3), ZONE)[0] // 1000,
)
DAY_MS = 86_400_000
VALUES = {"node": "campus", "zone": ZONE, "measure": "kwh", "currency": "CNY"}


def told(*series):
    """The body of an answer."""
    found = [{"values": values, **({"tags": {"t": tag}} if tag else {})} for tag, values in series]
    return json.dumps({"results": [{"series": found}]}).encode()


def daily(value=float):
    return PeerStatement("", 86_400_000_000, value)


def test_equal_numbers_agree_and_others_are_named():
    ours = told(("", [[SPAN[0], 3.0], [SPAN[0] + DAY_MS, 5.0]]))
    assert disagreement(ours, ours, daily(), SPAN) == ""
    other = told(("", [[SPAN[0], 3.0], [SPAN[0] + DAY_MS, 5.01]]))
    assert "5.01" in disagreement(ours, other, daily(), SPAN)
    missing = told(("", [[SPAN[0], 3.0], [SPAN[0] + DAY_MS, None]]))
    assert "None" in disagreement(missing, ours, daily(), SPAN)
    assert disagreement(ours, told(), daily(), SPAN) == "nothing to compare"


def test_buckets_that_are_not_over_are_not_compared():
    ours = told(("", [[SPAN[0], 3.0], [SPAN[1], 1.0]]))
    other = told(("", [[SPAN[0], 3.0], [SPAN[1], 2.0]]))
    assert disagreement(ours, other, daily(), SPAN) == ""


def test_values_are_put_into_our_units_and_names():
    peer = PeerStatement("", 0, lambda value: value / 2, lambda name: f"meter {name}")
    ours, other = told(("meter a", [[7, 2.0]])), told(("a", [[9, 4.0]]))
    assert disagreement(ours, other, peer, SPAN) == ""


@pytest.mark.parametrize("board", boards(), ids=lambda board: board["uid"])
def test_every_panel_has_a_statement_or_a_reason(board):
    for panel in board["panels"]:
        for target in panel["targets"]:
            query = filled(target["query"], VALUES, "30d")
            found = peer_of(query, SPAN, 100, "en")
            if "hours" in query or 'FROM "findings"' in query or "cost" in query:
                assert isinstance(found, str), query
            elif 'sum("kwh")' in query:
                assert isinstance(found, PeerStatement), query


@pytest.mark.parametrize(
    ("begin", "since"),
    [
        ("now/d", date(2026, 3, 4)),
        ("now/M", date(2026, 3, 1)),
        ("now-30d/d", date(2026, 2, 2)),
    ],
)
def test_ranges_begin_at_local_midnights(begin, since):
    now_ms = day_bounds(date(2026, 3, 4), ZONE)[0] // 1000 + 5_000_000
    assert since_ms(begin, now_ms) == day_bounds(since, ZONE)[0] // 1000
    assert since_ms("7d", now_ms) == now_ms - 7 * DAY_MS
