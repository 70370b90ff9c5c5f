"""What is meant where nothing is said."""

from __future__ import annotations

import inspect
from decimal import Decimal

import numpy as np

from ledger import Clock, Ledger, Service, Term
from ledger.aggregate import node_rows
from ledger.blocks import rows_of
from ledger.cleaning.decisions import Decision, EventFacts
from ledger.cleaning.rates import DayRises, RiseLimits, month_start
from ledger.cleaning.story import Link, RegisterReadings, StoryPrice, _Teller
from ledger.day_rows import WantedDays
from ledger.jobs import METERS_A_PIECE, Job, windows
from ledger.limits import RegisterLimits
from ledger.meter import OPEN_END
from ledger.passage import Passage, Turn, _cut
from ledger.periods import SETTLE_US
from ledger.recompute import Recomputed, WantedFigures
from ledger.worker import LedgerReport
from metering.localtime import MINUTE_US
from metering.reading import Kind
from metering.registry import Installation, Meter
from metering.shard import WHOLE


def defaults(one) -> dict[str, object]:
    """What a function takes for what is not given."""
    given = inspect.signature(one).parameters.values()
    return {each.name: each.default for each in given if each.default is not each.empty}


def test_what_a_register_is_where_nothing_is_said():
    service = Service(
        Meter("m", "o", "01000", max_per_hour=Decimal(1)),
        Installation("m", 1),
        Kind.REGISTER,
        "UTC",
        5,
        9,
        "kWh",
    )
    assert (service.guest, service.declared, service.opening, service.closing) == (
        *(False, (), None),
        None,
    )
    assert (service.reads_from_us, service.reads_until_us) == (-OPEN_END, OPEN_END)
    assert OPEN_END == 2**63 - 1
    limits = RegisterLimits(1)
    assert (limits.max_per_hour, limits.modulus, limits.signed) == (None, None, False)
    none = np.zeros(0, dtype=np.int64)
    readings = RegisterReadings(none, none, RiseLimits.fixed(limits))
    assert (readings.modulus, readings.declared, readings.signed) == (None, (), False)
    passage = Passage(Turn(1, 2, False), 1, 2)
    assert (passage.before, passage.after, passage.refused, passage.known) == (0, 0, "", True)


def test_what_a_decision_is_where_nothing_is_said():
    assert Link(1, 2, "spike") == Link(1, 2, "spike", False, 0)
    assert (StoryPrice().cost, StoryPrice().dropped, StoryPrice().earliness) == (0, 0, 0)
    assert Decision(1, 2, 3, "spike", False, 4).whole is None
    assert Decision(1, 2, 3, "spike", False, 4).facts == EventFacts(None, None, None, None)
    assert defaults(_Teller._detour) == {"turns": False}
    assert defaults(DayRises.of) == {"signed": False}
    assert defaults(DayRises._ranked) == {"often": 4}
    assert defaults(month_start) == {"months": 0}


def test_what_is_made_and_done_where_nothing_is_said():
    assert WantedDays._field_defaults == defaults(rows_of) == {"rules": 1, "registry": 0}
    assert defaults(node_rows) == {"rules": 1}
    assert defaults(_cut) == {"last": False}
    assert defaults(windows) == {"meters": METERS_A_PIECE}
    assert defaults(Ledger.step) == {"limit": 20_000, "late": True}
    assert defaults(Ledger.__init__) == {"settle_us": SETTLE_US, "shard": WHOLE}
    assert Clock(0).settle_us == SETTLE_US == 20 * MINUTE_US
    assert Term("meter", "m", "01000").sign == 1
    assert (Job("m", 1, 2).marks, Job("m", 1, 2).causes) == (frozenset(), frozenset())
    assert Recomputed() == Recomputed([], [], [], 0, [], [])
    assert LedgerReport() == LedgerReport(0, 0, 0, 0, 0, {}, 0)
    wanted = WantedFigures(None, None)
    assert (wanted.meter, wanted.node, wanted.item) == ("", "", "")
