"""Use cases are asked without HTTP and without a key: a caller is an actor with a reach."""

from __future__ import annotations

from datetime import date

import pytest

from api.caller import Caller
from api.reach import Outside, Reach
from api.usecases.case_acts import set_state
from api.usecases.energy import Days, Step, energy_of, series_of
from api.usecases.feed import given_out
from api.usecases.findings import CasesWanted, find
from api.usecases.gateways import states_of_all
from api.usecases.lineage import AtStep, trace
from metering.access import ActorKind, Role, Scope, by_command
from metering.book import BOOK_START
from metering.errors import InvalidInput
from metering.finding import CaseState
from metering.localtime import HOUR_US, day_bounds

DAY = date(2026, 11, 23)


@pytest.fixture
def caller(world):
    """A nightly job that reaches the bureau; no key stands for it."""
    registry = world.platform.registry()
    reach = Reach(registry, Scope(registry.subtree("bureau")))
    job = by_command("nightly", ActorKind.SYSTEM)
    return Caller(world.platform, job, Role.OPERATE, "bureau", reach)


def test_a_case_is_set_in_the_name_of_who_acts(caller):
    case = find(caller, CasesWanted(pattern="weekend_run"))[0]
    with pytest.raises(InvalidInput, match="a reason is needed"):
        set_state(caller, case.id, CaseState.EXPECTED, " ")
    assert set_state(caller, case.id, CaseState.EXPECTED, "a course").state_by == "nightly"
    entry = caller.platform.access.entries(None, limit=1)[0]
    assert (entry.actor, entry.action, entry.reason) == ("nightly", "finding.expected", "a course")


def test_what_lies_outside_does_not_exist(caller):
    with pytest.raises(Outside):
        set_state(caller, "f-school", CaseState.FIXED, "")
    with pytest.raises(Outside):
        series_of(caller, "hall", None, None)
    assert {one.gateway.user for one in states_of_all(caller)} == {"campus/gw-1"}


def test_energy_lineage_and_feed_tell_the_same_day(caller):
    key = series_of(caller, "office-a", None, "01000")
    told = energy_of(caller, key, Step.DAY, Days(DAY, DAY))
    ((period, worth),) = told.own.values
    assert worth.cost.all_priced
    start_us = day_bounds(DAY, told.head.zone)[0]
    hours = [trace(caller, key, AtStep(start_us + n * HOUR_US, Step.HOUR)) for n in range(24)]
    assert sum(one.value.amount for one in hours) == period.amount
    page = given_out(caller, "bureau", BOOK_START, 1000, history=False)
    assert page.revision == told.head.revision
    rows = {(row.key, row.day): row.total for _, row in page.rows}
    assert rows[(key, DAY)] == period.amount
