"""Sparkplug B payloads: numbers of every data type, and any bytes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.decode import DECODERS, Decoded, Incoming, MessageLimits
from tests.sparkplug_payloads import part, real, whole

READ = DECODERS["sparkplug"].reader({})
NOW_US = 1_790_000_000_000_000


def decoded(payload: bytes, kind: str = "DBIRTH") -> Decoded:
    return READ(Incoming(f"spBv1.0/G/{kind}/N/D", payload, NOW_US, "s/g"), MessageLimits())


def metric(*parts: bytes) -> bytes:
    return part(2, part(1, b"M") + b"".join(parts))


@pytest.mark.parametrize(
    ("datatype", "bits", "signed", "field"),
    [
        (1, 8, True, 10),
        (2, 16, True, 10),
        (3, 32, True, 10),
        (4, 64, True, 11),
        (5, 8, False, 10),
        (6, 16, False, 10),
        (7, 32, False, 10),
        (8, 64, False, 11),
    ],
)
@given(data=st.data())
def test_whole_numbers_of_every_type(
    datatype: int, bits: int, signed: bool, field: int, data: st.DataObject
) -> None:
    """Negative ones come in as many bits as their type, or as their field."""
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1)) if signed else (0, 2**bits)
    number = data.draw(st.integers(low, high - 1))
    for width in {bits, 32 if field == 10 else 64}:
        sent = number & (2**width - 1)
        found = decoded(metric(whole(4, datatype), whole(field, sent)))
        assert found.values == [float(number)]


@given(value=st.floats(allow_nan=False, allow_infinity=False))
def test_real_numbers(value: float) -> None:
    assert decoded(metric(real(13, value))).values == [value]


@given(payload=st.binary(max_size=80))
def test_any_bytes_are_read_or_refused(payload: bytes) -> None:
    for kind in ("NBIRTH", "DDATA", "NDEATH"):
        found = decoded(payload, kind)
        assert len(found.values) == len(found.points)
        assert decoded(metric(payload), kind).problems is not None


@pytest.mark.parametrize("cut", [lambda one: one[:-1], lambda one: one + b"\x0b"])
def test_a_broken_payload_is_refused(cut: Callable[[bytes], bytes]) -> None:
    found = decoded(cut(metric(real(13, 1.0))))
    assert [one.reason for one in found.problems] == ["bad_frame"]


def test_more_metrics_than_a_message_may_have_are_refused() -> None:
    found = decoded(metric(real(13, 1.0)) * 10_001)
    assert (found.points, [one.reason for one in found.problems]) == ([], ["bad_message"])
