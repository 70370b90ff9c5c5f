"""/v1/bill: an account's month line by line, within the walls of a key."""

from __future__ import annotations

from decimal import Decimal

import pytest

from metering.registry import Registry
from metering.registry.facts.accounts import Account
from metering.registry.facts.charges import Basis, Charge

ACCOUNTS = (
    Account("3100-1", "office-a-total", "p", capacity_kva=Decimal(630)),
    Account("3100-9", "hall-total", "p", capacity_kva=Decimal(100)),
)
CHARGES = (Charge("p", "capacity", Basis.CAPACITY, Decimal(23), adjusted=True),)


@pytest.fixture
def billed(world):
    """The world with an account of the bureau and one of the school."""
    more = {"account": ACCOUNTS, "charge": CHARGES}
    store = world.platform.registry_store
    store.apply(Registry(more=more), actor="test", now_us=1)
    return world


def test_a_bill_adds_up_and_says_what_lacks(billed):
    (bill,) = billed.get("/v1/bill", account="3100-1", month="2026-11").json()["bills"]
    amounts = [Decimal(line["amount"]) for line in bill["lines"] if line["amount"] is not None]
    assert sum(amounts) == Decimal(bill["total"])
    capacity = next(line for line in bill["lines"] if line["name"] == "capacity")
    assert (capacity["quantity"], capacity["unit"], capacity["amount"]) == (
        "630.00",
        "kVA",
        "14490.00",
    )
    assert bill["complete"] is False
    assert "running" in bill["lacks"]


def test_a_node_has_the_bills_of_all_its_accounts_and_of_no_others(billed):
    told = billed.get("/v1/bill", node="bureau", month="2026-11").json()
    assert [one["account"] for one in told["bills"]] == ["3100-1", "6600-1"]
    assert told["left_out"] == 0
    (own,) = billed.get("/v1/bill", node="office-a", item="02000", month="2026-11").json()["bills"]
    assert (own["account"], own["item"]) == (None, "02000")


def test_an_account_of_others_does_not_exist(billed):
    refused = billed.get("/v1/bill", account="3100-9", month="2026-11")
    unknown = billed.get("/v1/bill", account="3100-8", month="2026-11")
    assert (refused.status_code, unknown.status_code) == (404, 404)
    assert refused.json()["fix"] == unknown.json()["fix"]
    assert "hall" not in refused.text


@pytest.mark.parametrize("query", [{"month": "2026-13"}, {"month": "2026"}, {}])
def test_what_is_asked_wrongly_is_named(billed, query):
    assert billed.get("/v1/bill", account="3100-1", **query).status_code in (400, 422)
    assert billed.get("/v1/bill", month="2026-11").status_code in (400, 422)
