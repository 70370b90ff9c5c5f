"""Bills worked out by hand come out of the platform; one that is otherwise is named."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from figures.bills import CHECK_NAMES
from proofs.bills import audited as audited_module
from proofs.bills.audited import Audited, put_to_audit
from proofs.bills.check import LEAST_BILLS, LEAST_CHECKS
from proofs.bills.compare import differences
from proofs.bills.platform import told
from proofs.bills.written import written_bills

BILLS = written_bills()


def test_there_are_enough_of_them_each_with_a_name_of_its_own():
    assert len({one.name for one in BILLS}) == len(BILLS) >= LEAST_BILLS


@pytest.mark.parametrize("written", BILLS, ids=lambda one: one.name)
def test_a_bill_is_as_it_was_worked_out(written):
    assert differences(written, told(written)) == []


def test_the_sum_of_the_lines_is_the_total():
    for one in BILLS:
        assert sum(line.amount or 0 for line in one.lines) == one.total, one.name


def test_a_cent_on_a_line_is_a_difference():
    written = next(one for one in BILLS if one.name == "everything")
    bill = told(written)
    first = bill.lines[0]
    wrong = replace(first, amount=first.amount + Decimal("0.01"))
    found = differences(written, replace(bill, lines=(wrong, *bill.lines[1:])))
    assert [one.split(":")[0] for one in found] == ["line by hand alone", "line of the bill alone"]
    assert len(differences(written, replace(bill, lines=bill.lines[1:]))) == 1
    assert len(differences(written, replace(bill, total=Decimal(1)))) == 2
    assert len(differences(written, replace(bill, factor=None))) == 5


def test_every_mistake_is_caught_under_its_name_and_right_bills_are_left_alone():
    audited = Audited()
    for written in BILLS:
        if written.complete:
            put_to_audit(written, told(written), 7, audited)
    assert audited.problems == []
    assert audited.seeded == audited.caught == audited.staked > 500
    assert audited.checks == set(CHECK_NAMES)
    assert len(CHECK_NAMES) >= LEAST_CHECKS


def test_another_amount_at_stake_is_noticed(monkeypatch):
    written = next(one for one in BILLS if one.name == "tax-on-top")
    made = audited_module.wrongs

    def dearer(*given):
        return [replace(one, stake=one.stake + Decimal("0.02")) for one in made(*given)]

    monkeypatch.setattr(audited_module, "wrongs", dearer)
    found = Audited()
    put_to_audit(written, told(written), 7, found)
    assert (found.staked, len(found.problems)) == (0, found.seeded)
    assert found.caught == found.seeded > 20
