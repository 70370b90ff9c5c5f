"""The published JSON schema of the native payload, made from the code that reads it."""

from __future__ import annotations

from inspect import cleandoc
from typing import Any

import msgspec

from collector.decode.native.payload import Message


def readings_schema() -> dict[str, Any]:
    """What stands in docs/schema/readings.schema.json."""
    schema = msgspec.json.schema(Message)
    for described in schema["$defs"].values():
        if "description" in described:
            described["description"] = cleandoc(described["description"])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Readings of a gateway, published to greenoffice/v1/SITE/GATEWAY/readings",
        **schema,
    }


def schema_text() -> str:
    """The schema as the file's text."""
    return msgspec.json.format(msgspec.json.encode(readings_schema()), indent=2).decode() + "\n"
