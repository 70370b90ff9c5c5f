"""`make bill-check`: bills worked out by hand against the platform, and wrong ones against the
audit."""

from __future__ import annotations

from figures.bills import CHECK_NAMES
from proofs.bills.audited import Audited, put_to_audit
from proofs.bills.compare import differences
from proofs.bills.platform import told
from proofs.bills.written import written_bills
from proofs.steps import finish, say

LEAST_BILLS, LEAST_CHECKS = 25, 30


def run_bill_check(seed: int) -> None:
    """Put every bill to the platform and every mistake to the audit, and finish with a line of
    JSON."""
    bills, audited = written_bills(), Audited()
    equal = 0
    for written in bills:
        bill = told(written)
        found = differences(written, bill)
        equal += not found
        for one in found:
            say(f"{written.name}: {one}")
        if written.complete:
            put_to_audit(written, bill, seed, audited)
    for problem in audited.problems:
        say(problem)
    untried = sorted(set(CHECK_NAMES) - audited.checks)
    if untried:
        say(f"no mistake was caught by {', '.join(untried)}")
    say(f"{equal} of {len(bills)} bills are as they were worked out by hand")
    result = {
        "bills": len(bills),
        "equal": equal,
        "seeded": audited.seeded,
        "caught": audited.caught,
        "staked": audited.staked,
        "false_alarms": audited.false_alarms,
        "checks": len(audited.checks),
    }
    passed = (
        LEAST_BILLS <= len(bills) == equal
        and LEAST_CHECKS <= len(audited.checks) == len(CHECK_NAMES)
        and audited.seeded == audited.caught == audited.staked
        and not audited.false_alarms
    )
    finish(result, passed)
