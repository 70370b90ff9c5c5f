"""What a person does next about a gateway: the first thing that stands in the way."""

from __future__ import annotations

from dataclasses import replace

import pytest

from metering.gateway_life import ManagedGateway, next_step
from metering.intake import GatewayCounts, GatewayTrouble, HeldGateway
from metering.registry import Gateway

NOW_US = 10**15
WELL = ManagedGateway(
    Gateway("s", "g"),
    GatewayCounts("s/g", last_arrival_us=NOW_US - 1, connected=True, last_skew_us=0),
    points=3,
    open_gaps=0,
    clock_offset_us=None,
    revoked=False,
    held=None,
    trouble=None,
)
TROUBLE = GatewayTrouble(NOW_US, "bad_user_or_password", "", "a", 1)


@pytest.mark.parametrize(
    ("state", "letters", "step"),
    [
        (WELL, {}, "nothing"),
        (replace(WELL, revoked=True), {"bad_json": 1}, "add_again"),
        (replace(WELL, counts=GatewayCounts("s/g")), {}, "set_up"),
        (replace(WELL, counts=GatewayCounts("s/g"), trouble=TROUBLE), {}, "see_trouble"),
        (replace(WELL, trouble=TROUBLE), {}, "nothing"),
        (replace(WELL, counts=replace(WELL.counts, last_arrival_us=1)), {}, "look_at_device"),
        (replace(WELL, points=0), {"unknown_point": 1}, "register_points"),
        (WELL, {"bad_unit": 2}, "mend_letters"),
        (WELL, {"bad_unit": 2, "unknown_point": 1}, "register_points"),
        (replace(WELL, clock_offset_us=-90_000_000), {}, "set_clock"),
        (replace(WELL, counts=replace(WELL.counts, last_skew_us=-90_000_000)), {}, "nothing"),
        (replace(WELL, held=HeldGateway(1, "rate")), {}, "wait"),
    ],
)
def test_the_first_thing_that_stands_in_the_way_is_named(
    state: ManagedGateway, letters: dict[str, int], step: str
) -> None:
    assert next_step(state, letters, NOW_US) == step
