"""Laws of what a BookStore says of days that are not settled."""

from __future__ import annotations

from datetime import timedelta

from storage import Stores
from tests.contract.test_contract_books import AWAY, DAY, KEY, OTHER, booked, commit


def test_all_days_that_are_not_settled_are_told_however_old(stores: Stores) -> None:
    old, new = DAY - timedelta(days=4000), DAY + timedelta(days=9)
    assert stores.books.unsettled("office") == []
    commit(
        stores,
        booked(OTHER, DAY, provisional=True),
        booked(day=new, provisional=True),
        booked(day=old, provisional=True),
        booked(day=DAY),
    )
    stores.books.commit("hospital", [booked(AWAY, provisional=True)], expected_revision=0, now_us=1)
    assert stores.books.unsettled("office") == [(KEY, old), (KEY, new), (OTHER, DAY)]
    assert stores.books.unsettled("hospital") == [(AWAY, DAY)]
    assert stores.books.unsettled("nobody") == []


def test_a_day_that_is_settled_is_told_no_more(stores: Stores) -> None:
    commit(stores, booked(provisional=True), booked(OTHER, provisional=True))
    commit(stores, booked(energy=6))
    assert stores.books.unsettled("office") == [(OTHER, DAY)]
    commit(stores, booked(energy=7))
    assert stores.books.unsettled("office") == [(OTHER, DAY)]
