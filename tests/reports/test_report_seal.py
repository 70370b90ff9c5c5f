"""The seal: what is written reads back, and a decimal is written as people write it."""

from __future__ import annotations

import json
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from reports.seal import canonical


@given(st.decimals(allow_nan=False, allow_infinity=False, places=12))
def test_a_decimal_has_no_exponent_and_loses_no_digit(value):
    told = json.loads(canonical({"value": (value, Decimal("0E-8"))}))["value"]
    assert not any("E" in one for one in told)
    assert Decimal(told[0]) == value
    assert told[1] == "0.00000000"
