"""What is wrong with a value that a request brings, in sentences of ours.

The framework tells it in English and in words of its own; these stand in the catalogue of texts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_SENTENCES: Final = {
    "missing": "it is missing",
    "string_pattern_mismatch": "not written as it has to be",
    "int_parsing": "not a whole number",
    "int_parsing_size": "not a whole number",
    "int_from_float": "not a whole number",
    "float_parsing": "not a number",
    "decimal_parsing": "not a number",
    "bool_parsing": "neither true nor false",
    "enum": "not one of its values",
    "literal_error": "not one of its values",
}
"""By the framework's name of the error."""


def sentence_of(wrong: Mapping[str, Any]) -> str:
    """The sentence of an error as the framework lists it; its own words where we have none."""
    bound = wrong.get("ctx", {})
    match wrong.get("type"):
        case "string_too_long":
            return too_many_characters(bound["max_length"])
        case "string_too_short":
            return f"fewer than {bound['min_length']} characters"
        case "greater_than_equal":
            return f"less than {bound['ge']}"
        case "less_than_equal":
            return f"more than {bound['le']}"
        case "too_long":
            return f"more than {bound['max_length']} of them"
        case kind:
            return _SENTENCES.get(str(kind), str(wrong.get("msg", "invalid")))


def too_many_characters(most: int) -> str:
    """The sentence of a text that is too long."""
    return f"more than {most} characters"
