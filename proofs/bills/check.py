"""`make bill-check`: bills worked out by hand against the platform."""

from __future__ import annotations

from proofs.bills.compare import differences
from proofs.bills.platform import told
from proofs.bills.written import written_bills
from proofs.steps import finish, say

LEAST_BILLS = 25


def run_bill_check() -> None:
    """Put every bill to the platform, and finish with a line of JSON."""
    bills = written_bills()
    equal = 0
    for written in bills:
        found = differences(written, told(written))
        equal += not found
        for one in found:
            say(f"{written.name}: {one}")
    say(f"{equal} of {len(bills)} bills are as they were worked out by hand")
    result = {"bills": len(bills), "equal": equal}
    finish(result, LEAST_BILLS <= len(bills) == equal)
