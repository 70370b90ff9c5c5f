"""The records of a pack, whichever way they are written [RFC 8428, sections 5 and 6]."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import cbor2

from collector.decode.message import Incoming, MessageLimits, Refusal
from collector.decode.values import json_of

LABELS = {
    **{-1: "bver", -2: "bn", -3: "bt", -4: "bu", -5: "bv", -6: "bs"},
    **{0: "n", 1: "u", 2: "v", 3: "vs", 4: "vb", 5: "s", 6: "t", 7: "ut", 8: "vd"},
}
"""Names of the numbers that stand for them in CBOR [RFC 8428, table 4]."""

Record = dict[str, Any]


def records_of(incoming: Incoming, limits: MessageLimits) -> list[Record]:
    """The records of a payload, with the names of JSON. Raises Refusal: bad_message, bad_json,
    bad_utf8, bad_cbor."""
    payload = incoming.payload
    told = json_of(payload, limits) if is_text(payload) else _of_cbor(payload, limits)
    if not isinstance(told, list) or not all(isinstance(one, dict) for one in told):
        raise Refusal(
            "bad_message", "not a list of records", "payload", told, '[{"n": ..., "v": ...}]'
        )
    return [{LABELS.get(key, str(key)): _plain(one[key]) for key in one} for one in told]


def is_text(payload: bytes) -> bool:
    """Whether a payload is JSON: a list in CBOR begins with another byte."""
    return payload.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"[", b"{", b"")


def _of_cbor(payload: bytes, limits: MessageLimits) -> object:
    if len(payload) > limits.payload_bytes:
        fix = "send smaller batches"
        problem = f"longer than {limits.payload_bytes} bytes"
        raise Refusal("bad_message", problem, "payload", len(payload), fix)
    try:
        return cbor2.loads(payload)
    except (cbor2.CBORError, ValueError, TypeError, RecursionError, ArithmeticError) as error:
        raise Refusal(
            "bad_cbor", f"not CBOR: {type(error).__name__}", "payload", payload[:40],
            "send a pack of SenML in JSON or CBOR",
        ) from None  # fmt: skip


def _plain(value: object) -> object:
    """Numbers of CBOR that JSON has not, as floating-point numbers; infinite where too large."""
    if not isinstance(value, Decimal | Fraction):
        return value
    try:
        return float(value)
    except (OverflowError, ValueError):
        return float("inf")
