"""What is said once a broker's folder is written."""

from __future__ import annotations

from greenoffice.broker_config import BrokerPlan, WrittenBroker
from greenoffice.broker_promises import best_persistence, cannot_promise
from greenoffice.saying import language, say

_SHOWN = 20
"""Gateways that are named; the others are counted."""


def tell_written(plan: BrokerPlan, written: WrittenBroker) -> None:
    """Print where the broker's files are, what it cannot promise, and whom it does not let in."""
    say(f"written for Mosquitto {plan.version}: {written.folder}")
    if plan.kept != best_persistence(plan.version):
        say("without its persist-sqlite it is no safer than an older one: name it, --sqlite-plugin")
    say("what it cannot promise:")
    for sentence in cannot_promise(plan.version, plan.kept, language()):
        print(f"- {sentence}", flush=True)
    for gateway, password in sorted(written.passwords.items()):
        say(f"{gateway}: new password {password}")
    lacking = written.without_password
    if lacking:
        say(f"{len(lacking)} gateways have no password there yet: {', '.join(lacking[:_SHOWN])}")
        say("give them those they have: greenoffice broker user; or new ones: --new-passwords")
