"""A payload that has to be one JSON object."""

from __future__ import annotations

import json
from typing import Any

from collector.decode.message import MessageLimits, Refusal


class _NotFinite:
    """Stands for NaN and Infinity, which JSON does not have."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


def json_object(payload: bytes, limits: MessageLimits) -> dict[str, Any]:
    """The JSON object of a payload. Raises Refusal: bad_message, bad_utf8 or bad_json.

    NaN and Infinity come out as an object that is no number, so that only they are refused.
    """
    parsed = json_value(payload, limits)
    if not isinstance(parsed, dict):
        raise Refusal(
            "bad_message", "not a JSON object", "payload", parsed, 'send {"readings": [...]}'
        )
    return parsed


def json_value(payload: bytes, limits: MessageLimits) -> object:
    """What a payload of JSON holds, as `json_object` reads it, whatever it is."""
    if len(payload) > limits.payload_bytes:
        raise Refusal(
            "bad_message",
            f"longer than {limits.payload_bytes} bytes",
            "payload",
            len(payload),
            "send smaller batches",
        )
    try:
        parsed: object = json.loads(payload.decode("utf-8"), parse_constant=_NotFinite)
    except UnicodeDecodeError as error:
        bad = payload[error.start : error.start + 8]
        raise Refusal(
            "bad_utf8", f"not UTF-8 at byte {error.start}", "payload", bad, "send UTF-8"
        ) from None
    except (ValueError, RecursionError) as error:
        start = payload[:80].decode("utf-8", "replace")
        why = "a number has too many digits"  # the reader's own words are English alone
        if isinstance(error, RecursionError):
            why = "nested too deep"
        elif start.startswith("\ufeff"):
            why = "it begins with a byte-order mark"
        elif isinstance(error, json.JSONDecodeError):
            why = f"it ends or is wrong at line {error.lineno}, column {error.colno}"
        raise Refusal(
            "bad_json", f"not JSON: {why}", "payload", start, "send one JSON object"
        ) from None
    return parsed
