"""What people state: which one stands, what was taken back, and what a file is."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metering.errors import InvalidInput
from metering.statement import (
    MOST_EVIDENCE_BYTES,
    EvidenceFile,
    Statement,
    StatementKind,
    StatementState,
    check_sha256,
    day_of,
    standing_of,
)

DAY = date(2026, 10, 1)


def quantity(id: str, at: int, first: int = 0, days: int = 31) -> Statement:
    start = DAY + timedelta(days=first)
    return Statement(
        id, StatementKind.QUANTITY, "m", start, start + timedelta(days=days), arrived_us=at
    )


def taken(of: str, at: int) -> Statement:
    kind = StatementKind.WITHDRAWAL
    return replace(quantity(f"-{of}", at), kind=kind, of=of)


def test_a_later_one_about_the_same_days_corrects_and_another_does_not():
    found = standing_of([quantity("b", 2), quantity("a", 1), quantity("c", 3, first=31)])
    assert found == {
        "a": StatementState.CORRECTED,
        "b": StatementState.STANDS,
        "c": StatementState.STANDS,
    }


def test_a_bill_is_known_by_its_number_whatever_its_days():
    def bill(id: str, at: int, number: str, days: int) -> Statement:
        said = {"number": number}
        return replace(quantity(id, at, days=days), kind=StatementKind.BILL, said=said)

    found = standing_of([bill("a", 1, "7", 31), bill("b", 2, "7", 30), bill("c", 3, "8", 31)])
    assert found == {
        "a": StatementState.CORRECTED,
        "b": StatementState.STANDS,
        "c": StatementState.STANDS,
    }


def test_what_was_taken_back_does_not_come_back_and_may_be_said_anew():
    told = [quantity("a", 1), quantity("b", 2), taken("b", 3)]
    assert standing_of(told) == {"a": StatementState.CORRECTED, "b": StatementState.WITHDRAWN}
    again = standing_of([*told, quantity("c", 4)])
    assert (again["b"], again["c"]) == (StatementState.WITHDRAWN, StatementState.STANDS)


@given(
    st.permutations(
        [quantity("a", 1), quantity("b", 2), taken("b", 3), quantity("c", 4), taken("x", 5)]
    )
)
def test_the_order_in_which_they_are_read_does_not_matter(told):
    assert standing_of(told)["c"] is StatementState.STANDS
    assert list(standing_of(told).values()).count(StatementState.STANDS) == 1


@pytest.mark.parametrize(
    ("start", "media"),
    [
        (b"%PDF-1.7", "application/pdf"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
    ],
)
def test_a_file_is_what_its_first_bytes_say(start, media):
    assert (EvidenceFile.of(start + b"x").media, EvidenceFile.of(start).size) == (media, len(start))


@pytest.mark.parametrize(
    "content", [b"", b"<html>", b"MZ", b"%PDF-1.7" + b"x" * MOST_EVIDENCE_BYTES]
)
def test_another_kind_and_a_large_one_are_refused(content):
    with pytest.raises(InvalidInput) as refused:
        EvidenceFile.of(content)
    assert refused.value.field == "evidence"


@pytest.mark.parametrize("text", ["", "a" * 63, "A" * 64, "../" + "a" * 61, "g" * 64])
def test_no_other_name_leads_to_a_file(text):
    with pytest.raises(InvalidInput):
        check_sha256(text)


@pytest.mark.parametrize("text", ["2026-13-01", "20261001", "2026-W40-4", ""])
def test_only_a_date_is_a_day(text):
    with pytest.raises(InvalidInput) as refused:
        day_of(text, "first")
    assert refused.value.field == "first"
